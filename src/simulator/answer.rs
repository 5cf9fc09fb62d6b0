//! How a call is answered when something goes wrong.

use std::time::Duration;

use serde_json::json;

/// Every error DingTalk documents: how its code begins, its HTTP status, its message.
const ERRORS: [(&str, u16, &str); 39] = [
    ("InvalidAuthentication", 400, "the access token is invalid or has expired"),
    ("invalidClientIdOrSecret", 400, "invalid client id or secret"),
    ("Missingbody", 400, "the request body is mandatory"),
    ("Forbidden.AccessDenied.AccessTokenPermissionDenied", 403, "the app lacks a permission this API requires"),
    ("Forbidden.AccessDenied.IpNotInWhiteList", 403, "the caller's address is not in the whitelist"),
    ("Forbidden.AccessDenied.Qps", 403, "calls per second exceeded"),
    ("Forbidden.AccessDenied.Qpm", 403, "calls per minute exceeded"),
    ("Forbidden.AccessDenied.ApiCountLimitForOrg", 403, "the organization's calls of this month are used up"),
    ("system.busy", 429, "the system is busy"),
    ("systemBusy", 429, "the system is busy"),
    ("qps.exceed", 400, "calls per second exceeded"),
    ("system.error", 500, "system.error"),
    ("systemError", 500, "systemError"),
    ("innerSystemError", 500, "the system is busy, please try again later"),
    ("orgAccessForbidden", 400, "orgAccessForbidden"),
    ("unknownUserError", 400, "unknownUserError"),
    ("creatorUidError", 400, "creatorUidError"),
    ("userNotInOrg", 400, "userNotInOrg"),
    ("permissionError", 404, "permissionError:group permission"),
    ("noPermission", 403, "NO PERMISSION"),
    ("waterLimitError", 404, "waterLimitError:too many"),
    ("resourceClose", 400, "The meeting has ended"),
    ("cloudRecordNotFound", 400, "cloudRecordNotFound"),
    ("roomNotFound", 404, "ROOM NOT FOUND"),
    ("invalidRoomCode", 400, "INVALID ROOM CODE"),
    ("missingRoomCode", 400, "MISSING ROOM CODE"),
    ("invalidScheduleConferenceId", 400, "invalidScheduleConferenceId"),
    ("scheduleConferenceIdError", 400, "scheduleConferenceIdError"),
    ("resourceCancel", 400, "the booking was cancelled"),
    ("paramsTitleError", 400, "error:title"),
    ("paramsError", 400, "error:params"),
    ("paramError", 400, "PARAM ERROR"),
    ("param.error", 400, "param.error"),
    ("missingRoomId", 400, "MISSING ROOM ID"),
    ("roomClosed", 400, "the meeting has ended"),
    ("recordStart", 404, "the recording could not be started"),
    ("recordStop", 400, "the recording could not be stopped"),
    ("authFailed", 401, "the client id or secret is wrong"),
    ("InvalidAction.NotFound", 404, "the specified API is not found"),
];

/// How a call is answered when something goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An error of DingTalk's, in its envelope. [`Answer::error`] knows the right status.
    Error {
        /// The HTTP status.
        status: u16,
        /// The code, bare.
        code: String,
        /// What it says to people.
        message: String,
        /// The scopes the app lacks, which stand in `accessdenieddetail`; none: no such key.
        required_scopes: Vec<String>,
    },
    /// Any status and body.
    Raw {
        /// The HTTP status.
        status: u16,
        /// The body, sent as HTML or JSON by its looks.
        body: String,
    },
    /// A portal's page with status 200.
    Html,
    /// The first half of the right body, as if it were whole.
    Truncated,
    /// The first half of the right body, then the connection breaks.
    Cut,
    /// The connection is closed without an answer.
    Reset,
    /// The right answer, but only after so much real time.
    Hang(Duration),
    /// A body that never ends.
    Endless,
    /// Another answer, with `Retry-After` in seconds.
    RetryAfter(u32, Box<Answer>),
}

impl Answer {
    /// The error `code` with its own HTTP status; 400 for a code that no page has.
    #[must_use]
    pub fn error(code: &str) -> Self {
        let known = ERRORS.iter().find(|(prefix, ..)| code.starts_with(prefix));
        let (_, status, message) = known.copied().unwrap_or((code, 400, code));
        Self::Error { status, code: code.to_owned(), message: message.to_owned(), required_scopes: Vec::new() }
    }

    /// The app lacks `scopes`.
    #[must_use]
    pub fn scope_missing(scopes: &[&str]) -> Self {
        let mut answer = Self::error("Forbidden.AccessDenied.AccessTokenPermissionDenied");
        if let Self::Error { required_scopes, .. } = &mut answer {
            required_scopes.extend(scopes.iter().map(|scope| (*scope).to_owned()));
        }
        answer
    }

    /// The caller's address is banned from all APIs for `minutes`.
    #[must_use]
    pub fn banned(minutes: u32) -> Self {
        Self::Raw { status: 403, body: ban(minutes) }
    }

    /// The same ban inside a page of HTML, which comes as if all were well.
    #[must_use]
    pub fn banned_in_html(minutes: u32) -> Self {
        let body = format!("<!DOCTYPE html>\n<html><body><script>var x5 = {};</script></body></html>", ban(minutes));
        Self::Raw { status: 200, body }
    }

    /// The month's calls are spent.
    #[must_use]
    pub fn quota_spent() -> Self {
        Self::error("Forbidden.AccessDenied.ApiCountLimitForOrg")
    }

    /// More than the calls a second that an app has at an API.
    #[must_use]
    pub fn too_fast() -> Self {
        Self::error("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi")
    }

    /// The same answer with a `Retry-After` header.
    #[must_use]
    pub fn with_retry_after(self, seconds: u32) -> Self {
        Self::RetryAfter(seconds, Box::new(self))
    }

    /// The error's code, where it is an error of DingTalk's.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Error { code, .. } => Some(code),
            Self::RetryAfter(_, answer) => answer.code(),
            _ => None,
        }
    }

    /// Whether a call that gets this answer is metered: all but those refused for their rate and those that never got
    /// as far as DingTalk.
    #[must_use]
    pub fn is_metered(&self) -> bool {
        match self {
            Self::Error { code, .. } => !["Forbidden.AccessDenied.Qps", "Forbidden.AccessDenied.Qpm", "qps.exceed"]
                .iter()
                .any(|prefix| code.starts_with(prefix)),
            Self::Html | Self::Reset | Self::Endless => false,
            Self::Raw { .. } | Self::Truncated | Self::Cut | Self::Hang(_) => true,
            Self::RetryAfter(_, answer) => answer.is_metered(),
        }
    }

    /// Whether the call is carried out, whatever becomes of its answer.
    pub(super) fn is_carried_out(&self) -> bool {
        match self {
            Self::Truncated | Self::Cut | Self::Hang(_) => true,
            Self::Error { .. } | Self::Raw { .. } | Self::Html | Self::Reset | Self::Endless => false,
            Self::RetryAfter(_, answer) => answer.is_carried_out(),
        }
    }
}

fn ban(minutes: u32) -> String {
    json!({"status": 1111, "wait": minutes, "source": "x5", "punish": "deny", "uuid": "0a1b2c3d4e5f"}).to_string()
}
