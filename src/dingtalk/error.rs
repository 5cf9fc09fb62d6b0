//! What DingTalk means by an error: `code` decides, by its beginning; the HTTP status does not.
//!
//! Rests on the error tables of the five pages and on the global error codes.

use std::fmt;
use std::time::Duration;

use crate::domain::endpoint::Endpoint;
use crate::domain::failure::{self, About, Class, Code, OwnCode};

/// The table: how a code begins, and what it means. Longer beginnings stand before shorter ones that they share.
const CODES: &[(&str, Class)] = &[
    ("InvalidAuthentication", Class::TokenInvalid),
    ("invalidClientIdOrSecret", Class::CredentialsWrong),
    ("authFailed", Class::CredentialsWrong),
    ("Forbidden.AccessDenied.AccessTokenPermissionDenied", Class::ScopeMissing),
    ("Forbidden.AccessDenied.IpNotInWhiteList", Class::AddressRefused),
    ("Forbidden.AccessDenied.Qps", Class::ThrottledQps),
    ("Forbidden.AccessDenied.Qpm", Class::ThrottledQpm),
    ("Forbidden.AccessDenied.ApiCountLimitForOrg", Class::QuotaSpent),
    ("system.busy", Class::Busy),
    ("systemBusy", Class::Busy),
    ("qps.exceed", Class::Busy),
    ("waterLimitError", Class::Busy),
    ("systemError", Class::Unavailable),
    ("innerSystemError", Class::Unavailable),
    ("orgAccessForbidden", Class::OrganizationForbidden),
    ("unknownUserError", Class::UserUnknown),
    ("permissionError", Class::PermissionDenied),
    ("noPermission", Class::PermissionDenied),
    ("resourceClose", Class::MeetingEnded),
    ("roomClosed", Class::MeetingEnded),
    ("cloudRecordNotFound", Class::NothingRecorded),
    ("roomNotFound", Class::ConferenceUnknown),
    ("paramsError", Class::RequestWrong),
    ("paramsTitleError", Class::RequestWrong),
    ("paramError", Class::RequestWrong),
    ("missingRoomId", Class::RequestWrong),
    ("recordStartPermissionError", Class::RecordRefused),
    ("recordStartError", Class::RecordNotStarted),
    ("recordStopPermissionError", Class::RecordRefused),
    ("recordStopError", Class::RecordRefused),
];

/// The code of the ban that carries no code: its `status`.
pub(super) const BAN_STATUS: i64 = 1111;

/// Every code that a page has, as it begins, and what it means.
pub fn codes() -> impl Iterator<Item = (&'static str, Class)> {
    CODES.iter().copied().chain([("1111", Class::Banned)])
}

/// The class of an envelope with this code, and the code without what it drags behind it.
pub(super) fn classify(code: &str, status: u16) -> (Class, Code) {
    if let Some((beginning, class)) = CODES.iter().find(|(beginning, _)| code.starts_with(beginning)) {
        return (*class, Code::Documented(beginning));
    }
    (of_status(status), Code::Undocumented(code.to_owned()))
}

/// The class of an HTTP status with a code that no page has.
fn of_status(status: u16) -> Class {
    match status {
        401 => Class::TokenInvalid,
        429 => Class::Busy,
        500.. => Class::Unavailable,
        _ => Class::Unrecognized,
    }
}

/// Why a call brought no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub endpoint: Endpoint,
    /// What follows stands in [`Class::entails`].
    pub class: Class,
    pub code: Code,
    /// Its words.
    pub message: String,
    /// How long to wait, where the answer said so.
    pub retry_after: Option<Duration>,
    /// DingTalk's own number for the call: what its support asks for.
    pub request_id: Option<String>,
}

impl Error {
    pub(super) fn new(endpoint: Endpoint, class: Class, code: Code, message: impl fmt::Display) -> Self {
        Self { endpoint, class, code, message: message.to_string(), retry_after: None, request_id: None }
    }

    /// An error to which this program gives the code.
    pub(super) fn own(endpoint: Endpoint, class: Class, code: OwnCode, message: impl fmt::Display) -> Self {
        Self::new(endpoint, class, Code::Own(code), message)
    }

    pub(super) fn foreign(endpoint: Endpoint, what: impl fmt::Display) -> Self {
        Self::own(endpoint, Class::Foreign, OwnCode::Foreign, what)
    }

    /// An HTTP status without a code.
    pub(super) fn without_code(endpoint: Endpoint, status: u16) -> Self {
        let class = match of_status(status) {
            Class::Unrecognized => Class::Foreign,
            class => class,
        };
        Self::own(endpoint, class, OwnCode::Http(status), format!("HTTP {status} without a code"))
    }

    /// The same error, met while a token was fetched: there it can say nothing about a conference, only about the app.
    pub(super) fn of_token(mut self) -> Self {
        let is_answer = self.class.entails().about == About::Conference;
        if is_answer || matches!(self.class, Class::TokenInvalid | Class::TokenRefused | Class::Unrecognized) {
            self.class = Class::CredentialsWrong;
        }
        self
    }

    /// Whom it speaks about. Whoever got no token has asked nothing about a conference.
    pub fn about(&self) -> About {
        if self.endpoint == Endpoint::AccessToken { About::Everybody } else { self.class.entails().about }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.class {
            Class::Held => "was not sent",
            Class::Unreached | Class::TimedOut => "got no answer",
            Class::Foreign => "got an answer that is not DingTalk's",
            _ => "was refused",
        };
        write!(f, "{} {verb}: {}", self.endpoint, self.code)?;
        if !self.message.is_empty() && self.message != self.code.to_string() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(request_id) = &self.request_id {
            write!(f, " (requestid {request_id})")?;
        }
        match failure::remedy(self.class, self.endpoint) {
            "" => Ok(()),
            remedy => write!(f, "; {remedy}"),
        }
    }
}

impl std::error::Error for Error {}
