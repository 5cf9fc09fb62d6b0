//! What DingTalk means by an error: `code` decides, by its beginning; the HTTP status does not.
//!
//! Rests on the error tables of the five pages and on the global error codes.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::endpoint::Endpoint;

/// What an error says about what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The token is bad or expired.
    TokenInvalid,
    /// The app's key or secret is wrong.
    CredentialsWrong,
    /// The app lacks a scope for this endpoint.
    ScopeMissing,
    /// This machine's address is not on the app's list.
    AddressRefused,
    /// Too fast.
    Throttled,
    /// The organisation's calls of this month are spent.
    QuotaSpent,
    /// This machine's address is banned for some minutes, on all endpoints.
    Banned,
    /// The organisation is restricted.
    OrganizationForbidden,
    /// Theirs; try later.
    Unavailable,
    /// This unionId is not known.
    UserUnknown,
    /// This unionId, or this app, may not see it.
    PermissionDenied,
    /// The meeting has ended.
    MeetingEnded,
    /// No recording: not yet, or never.
    NothingRecorded,
    /// No such meeting.
    ConferenceUnknown,
    /// The request is wrong.
    RequestWrong,
    /// The recording could not be started or stopped.
    RecordRefused,
    /// An error in DingTalk's envelope that no page explains.
    Unrecognized,
    /// Not DingTalk's answer: a proxy, a portal, a cut connection.
    Foreign,
    /// No answer in time.
    TimedOut,
    /// The call never reached anybody.
    Unreached,
    /// The call was not sent: whoever answers for the calls said no.
    Held,
}

/// The table: how a code begins, and what it means. Longer beginnings stand before shorter ones that they share.
const CODES: &[(&str, Class)] = &[
    ("InvalidAuthentication", Class::TokenInvalid),
    ("invalidClientIdOrSecret", Class::CredentialsWrong),
    ("Forbidden.AccessDenied.AccessTokenPermissionDenied", Class::ScopeMissing),
    ("Forbidden.AccessDenied.IpNotInWhiteList", Class::AddressRefused),
    ("Forbidden.AccessDenied.Qps", Class::Throttled),
    ("Forbidden.AccessDenied.Qpm", Class::Throttled),
    ("Forbidden.AccessDenied.ApiCountLimitForOrg", Class::QuotaSpent),
    ("system.busy", Class::Throttled),
    ("systemBusy", Class::Throttled),
    ("qps.exceed", Class::Throttled),
    ("waterLimitError", Class::Throttled),
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
    ("recordStartError", Class::RecordRefused),
    ("recordStopPermissionError", Class::RecordRefused),
    ("recordStopError", Class::RecordRefused),
];

/// The code of the ban that carries no code: its `status`.
pub(super) const BAN_STATUS: i64 = 1111;

/// `Qpm` limits last up to a minute, `Qps` limits a second.
const QPM_WAIT: Duration = Duration::from_mins(1);
const QPS_WAIT: Duration = Duration::from_secs(1);

/// The class of an envelope with this code, and the code without what it drags behind it.
pub(super) fn classify(code: &str, status: u16) -> (Class, Cow<'static, str>) {
    if let Some((beginning, class)) = CODES.iter().find(|(beginning, _)| code.starts_with(beginning)) {
        return (*class, Cow::Borrowed(*beginning));
    }
    let class = match status {
        401 => Class::TokenInvalid,
        429 => Class::Throttled,
        500.. => Class::Unavailable,
        _ => Class::Unrecognized,
    };
    (class, Cow::Owned(code.to_owned()))
}

/// Why a call brought no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What was called.
    pub endpoint: Endpoint,
    /// What it says about what to do next.
    pub class: Class,
    /// DingTalk's code, or ours: `timeout`, `unreached`, `foreign`, or the code of a hold.
    pub code: Cow<'static, str>,
    /// Its words.
    pub message: String,
    /// How long to wait, where the answer said so.
    pub retry_after: Option<Duration>,
    /// DingTalk's own number for the call: what its support asks for.
    pub request_id: Option<String>,
}

impl Error {
    pub(super) fn new(
        endpoint: Endpoint,
        class: Class,
        code: impl Into<Cow<'static, str>>,
        message: impl fmt::Display,
    ) -> Self {
        Self { endpoint, class, code: code.into(), message: message.to_string(), retry_after: None, request_id: None }
    }

    pub(super) fn foreign(endpoint: Endpoint, what: impl fmt::Display) -> Self {
        Self::new(endpoint, Class::Foreign, "foreign", what)
    }

    /// The same error, met while a token was fetched: there it can say nothing about a conference, only about the app.
    pub(super) fn of_token(mut self) -> Self {
        match self.class {
            Class::Throttled
            | Class::Banned
            | Class::AddressRefused
            | Class::ScopeMissing
            | Class::QuotaSpent
            | Class::OrganizationForbidden
            | Class::Unavailable
            | Class::Foreign
            | Class::TimedOut
            | Class::Unreached
            | Class::Held => {}
            _ => self.class = Class::CredentialsWrong,
        }
        self
    }

    /// How long this error lasts, where it says so itself.
    #[must_use]
    pub fn lasts(&self) -> Option<Duration> {
        // To be asked to wait for no time at all is to be told nothing.
        self.retry_after.filter(|asked| !asked.is_zero()).or_else(|| match self.class {
            Class::Throttled if self.code.contains("Qpm") => Some(QPM_WAIT),
            Class::Throttled => Some(QPS_WAIT),
            _ => None,
        })
    }

    /// What the operator can do about it; empty where waiting is all.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match (self.class, self.endpoint) {
            (Class::TokenInvalid | Class::CredentialsWrong, _) => {
                "check dingtalk.app_key, dingtalk.app_secret and dingtalk.base_url (api.dingtalk.io outside mainland China, api.dingtalk.com inside)"
            }
            (Class::ScopeMissing, _) => "grant the app this scope on DingTalk's open platform",
            (Class::AddressRefused, _) => "add this machine's public address to the app's list of server addresses",
            (Class::Throttled, _) => {
                "if it stays: lower dingtalk.requests_per_second, for other programs of this app call DingTalk too"
            }
            (Class::Banned, _) => "find what else calls DingTalk from this address",
            (Class::QuotaSpent, _) => {
                "the organisation's calls of this month are spent: wait for the next month, or buy more"
            }
            (Class::OrganizationForbidden, _) => "DingTalk restricts this organisation: ask its administrator",
            (Class::UserUnknown | Class::PermissionDenied | Class::RequestWrong, Endpoint::UserConferences) => {
                "check the unionIds of discover.users"
            }
            // These are asked as nobody.
            (
                Class::UserUnknown | Class::PermissionDenied,
                Endpoint::Query | Endpoint::Conference | Endpoint::OrgConferences,
            ) => "look at the app's scopes, and at which organisation holds the meeting",
            (Class::UserUnknown | Class::PermissionDenied, _) => {
                "ask as somebody else: --union-id or dingtalk.fallback_union_id"
            }
            (Class::ConferenceUnknown, _) | (Class::RequestWrong, Endpoint::Query | Endpoint::Conference) => {
                "check the conferenceId"
            }
            (Class::RequestWrong, Endpoint::Videos | Endpoint::RecordStart | Endpoint::RecordStop) => {
                "check the conferenceId and the unionId"
            }
            (Class::RecordRefused, _) | (Class::MeetingEnded, Endpoint::RecordStart | Endpoint::RecordStop) => {
                "only the host may, only while the meeting goes on, and only what is not so already"
            }
            (Class::Unrecognized, _) => "if it stays: give DingTalk's support the requestid",
            // What was sent may have been done, whoever lost the answer.
            (Class::Foreign | Class::TimedOut, Endpoint::RecordStart | Endpoint::RecordStop) => {
                "it may have been done all the same: look in the meeting; then check dingtalk.base_url, this machine's network and any proxy"
            }
            (Class::Foreign, _) => "something other than DingTalk answered: check dingtalk.base_url and any proxy",
            (Class::Unreached | Class::TimedOut, _) => "check dingtalk.base_url and this machine's network",
            _ => "",
        }
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
        if !self.message.is_empty() && self.message != self.code {
            write!(f, ": {}", self.message)?;
        }
        if let Some(request_id) = &self.request_id {
            write!(f, " (requestid {request_id})")?;
        }
        match self.remedy() {
            "" => Ok(()),
            remedy => write!(f, "; {remedy}"),
        }
    }
}

impl std::error::Error for Error {}
