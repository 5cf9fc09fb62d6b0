//! What an error entails: one table, read by the pauses, the stages, `status`, `doctor`, `conferences explain` and the
//! documentation.
//!
//! Rests on the error tables of the five pages and on DingTalk's global error codes.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::endpoint::Endpoint;

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The token is bad or expired.
    TokenInvalid,
    /// A token fresh from DingTalk is refused.
    TokenRefused,
    CredentialsWrong,
    ScopeMissing,
    AddressRefused,
    /// Too many calls in this second.
    ThrottledQps,
    /// Too many calls in this minute.
    ThrottledQpm,
    Busy,
    QuotaSpent,
    /// This machine's address is banned for some minutes, on all endpoints.
    Banned,
    /// The organisation is restricted, or the conference is another organisation's.
    OrganizationForbidden,
    Unavailable,
    UserUnknown,
    /// This unionId, or this app, may not see it.
    PermissionDenied,
    MeetingEnded,
    /// No recording: not yet, or never.
    NothingRecorded,
    ConferenceUnknown,
    RequestWrong,
    RecordRefused,
    /// The meeting's media is not up yet, say.
    RecordNotStarted,
    /// An error in DingTalk's envelope that no page explains.
    Unrecognized,
    /// Not DingTalk's answer: a proxy, a portal, a cut connection.
    Foreign,
    TimedOut,
    /// The call never reached anybody.
    Unreached,
    /// The call was not sent: a pause stands, or it could not be counted.
    Held,
}

/// Whom an error speaks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Every conference: nothing may be concluded about the one that was asked about.
    Everybody,
    /// One conference, one unionId, one batch or everybody: only what others are answered tells.
    Unknown,
    /// The conference, or the unionId that asked: it is an answer.
    Conference,
}

/// Whom an error makes the daemon leave alone. Each pause doubles the one before, from `first` to `longest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pauses {
    Nobody,
    /// This endpoint, at once; every endpoint, if the token was refused like this.
    Endpoint,
    /// This endpoint, at once, if its calls name no conference.
    List,
    /// Every endpoint, at once.
    Everything,
    /// This endpoint, if it comes [`REPEATED`] times in a row.
    IfRepeated,
    /// The endpoint, or every endpoint, if all recent calls failed: see [`super::outage`].
    IfAllFail,
}

/// See [`Pauses::IfRepeated`]: what may happen by chance does not happen so often.
pub const REPEATED: u32 = 3;

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consequences {
    pub about: About,
    pub pauses: Pauses,
    /// The first pause. An error that says how long it lasts (`Retry-After`, a ban) is believed, up to a day.
    pub first: Duration,
    pub longest: Duration,
    /// Whether DingTalk counts the call against the month's calls.
    pub is_metered: bool,
    /// What a person can do; empty where waiting is all. Some endpoints have a better answer: see [`remedy`].
    pub remedy: &'static str,
}

const NEVER: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const FIVE_MINUTES: Duration = Duration::from_mins(5);
const QUARTER: Duration = Duration::from_mins(15);
const THREE_HOURS: Duration = Duration::from_hours(3);
const DAY: Duration = Duration::from_hours(24);

const CHECK_APP: &str = "check dingtalk.app_key, dingtalk.app_secret and dingtalk.base_url (api.dingtalk.io outside mainland China, api.dingtalk.com inside)";
const SLOW_DOWN: &str =
    "if it stays: lower dingtalk.requests_per_second, for other programs of this app call DingTalk too";
const CHECK_NETWORK: &str = "check dingtalk.base_url and this machine's network";
const ASK_AS_ANOTHER: &str = "ask as somebody else: --union-id or dingtalk.fallback_union_id";
const MEDIA_NOT_UP: &str = "when a meeting begins, its media is not up for some seconds: try again; one that is recorded already needs nothing";
const ONLY_THE_HOST: &str = "only the host may, only while the meeting goes on, and only what is not so already";

impl Class {
    #[rustfmt::skip]
    pub const fn entails(self) -> Consequences {
        use About::{Conference, Everybody, Unknown};
        use Pauses::{Endpoint, Everything, IfAllFail, IfRepeated, List, Nobody};
        let (about, pauses, first, longest, is_metered, remedy) = match self {
            // class                                          about       pauses           first         longest      metered remedy
            Self::TokenInvalid =>                            (Everybody,  Nobody,          NEVER,        NEVER,       true,  CHECK_APP),
            Self::TokenRefused =>                            (Everybody,  IfRepeated,      FIVE_MINUTES, THREE_HOURS, true,  CHECK_APP),
            Self::CredentialsWrong =>                        (Everybody,  Endpoint,        FIVE_MINUTES, THREE_HOURS, true,  CHECK_APP),
            Self::ScopeMissing =>                            (Everybody,  Endpoint,        FIVE_MINUTES, THREE_HOURS, true,  "grant the app this scope on DingTalk's open platform"),
            Self::AddressRefused =>                          (Everybody,  Everything,      FIVE_MINUTES, THREE_HOURS, true,  "add this machine's public address to the app's list of server addresses"),
            Self::ThrottledQps =>                            (Everybody,  Endpoint,        SECOND,       QUARTER,     false, SLOW_DOWN),
            Self::ThrottledQpm =>                            (Everybody,  Endpoint,        MINUTE,       QUARTER,     false, SLOW_DOWN),
            Self::Busy =>                                    (Everybody,  Endpoint,        SECOND,       QUARTER,     true,  SLOW_DOWN),
            Self::QuotaSpent =>                              (Everybody,  Everything,      DAY,          DAY,         true,  "the organisation's calls of this month are spent: wait for the next month, or buy more"),
            Self::Banned =>                                  (Everybody,  Everything,      FIVE_MINUTES, DAY,         true,  "find what else calls DingTalk from this address"),
            Self::OrganizationForbidden =>                   (Unknown,    List,            FIVE_MINUTES, THREE_HOURS, true,  "DingTalk restricts this organisation, or the meeting is another organisation's: ask its administrator"),
            Self::Unavailable =>                             (Unknown,    IfAllFail,       MINUTE,       QUARTER,     true,  ""),
            Self::UserUnknown | Self::PermissionDenied =>    (Conference, Nobody,          NEVER,        NEVER,       true,  ASK_AS_ANOTHER),
            Self::MeetingEnded | Self::NothingRecorded =>    (Conference, Nobody,          NEVER,        NEVER,       true,  ""),
            Self::ConferenceUnknown =>                       (Conference, Nobody,          NEVER,        NEVER,       true,  "check the conferenceId"),
            Self::RequestWrong =>                            (Conference, Nobody,          NEVER,        NEVER,       true,  "check the conferenceId and the unionId"),
            Self::RecordRefused =>                           (Conference, Nobody,          NEVER,        NEVER,       true,  ONLY_THE_HOST),
            Self::RecordNotStarted =>                        (Conference, Nobody,          NEVER,        NEVER,       true,  MEDIA_NOT_UP),
            Self::Unrecognized =>                            (Unknown,    IfAllFail,       MINUTE,       QUARTER,     true,  "if it stays: give DingTalk's support the requestid"),
            Self::Foreign =>                                 (Unknown,    IfAllFail,       MINUTE,       QUARTER,     true,  "something other than DingTalk answered: check dingtalk.base_url and any proxy"),
            Self::TimedOut =>                                (Unknown,    IfAllFail,       MINUTE,       QUARTER,     true,  CHECK_NETWORK),
            Self::Unreached =>                               (Unknown,    IfAllFail,       MINUTE,       QUARTER,     false, CHECK_NETWORK),
            Self::Held =>                                    (Everybody,  Nobody,          NEVER,        NEVER,       false, ""),
        };
        Consequences { about, pauses, first, longest, is_metered, remedy }
    }
}

/// What a person can do about an error of `class` at `endpoint`; empty where waiting is all.
pub fn remedy(class: Class, endpoint: Endpoint) -> &'static str {
    match (class, endpoint) {
        (Class::UserUnknown | Class::PermissionDenied | Class::RequestWrong, Endpoint::UserConferences) => {
            "check the unionIds of discover.users"
        }
        // These are asked as nobody.
        (
            Class::UserUnknown | Class::PermissionDenied,
            Endpoint::Query | Endpoint::Conference | Endpoint::OrgConferences,
        ) => "look at the app's scopes, and at which organisation holds the meeting",
        (Class::RequestWrong, Endpoint::Query | Endpoint::Conference) => "check the conferenceId",
        (Class::RequestWrong, Endpoint::OrgConferences | Endpoint::AccessToken) => "",
        (Class::MeetingEnded, Endpoint::RecordStart | Endpoint::RecordStop) => ONLY_THE_HOST,
        // What was sent may have been done, whoever lost the answer.
        (Class::Foreign | Class::TimedOut, Endpoint::RecordStart | Endpoint::RecordStop) => {
            "it may have been done all the same: look in the meeting; then check dingtalk.base_url, this machine's network and any proxy"
        }
        _ => class.entails().remedy,
    }
}

/// How long the pause lasts that an error of `class` at `endpoint` begins, if it begins one: the `nth` in a row, counted from
/// 1. `asked` is how long the answer itself asks for.
pub fn pause(class: Class, endpoint: Endpoint, nth: u32, asked: Option<Duration>) -> Duration {
    let Consequences { mut first, mut longest, pauses, .. } = class.entails();
    // Fetching a token is free.
    if endpoint == Endpoint::AccessToken && pauses == Pauses::Endpoint {
        (first, longest) = (first.min(MINUTE), longest.min(FIVE_MINUTES));
    }
    let doubled = first.saturating_mul(2_u32.saturating_pow(nth.saturating_sub(1))).min(longest);
    // Whoever stands between may ask for years, or for nothing at all.
    let asked = asked.unwrap_or_default().min(DAY);
    // How long a ban lasts, it says itself.
    if class == Class::Banned && !asked.is_zero() { asked } else { doubled.max(asked) }
}

/// What a pause holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    Everything,
    Endpoint(Endpoint),
}

impl Scope {
    /// Its name in the catalog.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everything => "*",
            Self::Endpoint(endpoint) => endpoint.as_str(),
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        if name == "*" { Some(Self::Everything) } else { Endpoint::named(name).map(Self::Endpoint) }
    }

    /// Whether it holds calls of `endpoint`.
    pub fn holds(self, endpoint: Endpoint) -> bool {
        self == Self::Everything || self == Self::Endpoint(endpoint)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("all calls"),
            Self::Endpoint(endpoint) => endpoint.fmt(f),
        }
    }
}

/// A code of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// DingTalk's, as its pages have it; without what it drags behind it.
    Documented(&'static str),
    /// DingTalk's, and no page has it.
    Undocumented(String),
    Own(OwnCode),
}

/// The codes that this program gives where DingTalk gives none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnCode {
    /// No answer within `dingtalk.request_timeout`.
    Timeout,
    Unreached,
    Foreign,
    Http(u16),
    /// An id that no address can carry.
    Address,
    /// This daemon's own share of the month's calls is spent.
    ShareSpent,
    /// The call could not be counted, for the catalog could not be written.
    Uncounted,
    Paused,
    NoUnionId,
    MediaIdMissing,
    /// Conference info gave a status that no page explains.
    StatusUnknown,
}

impl fmt::Display for OwnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "timeout",
            Self::Unreached => "unreached",
            Self::Foreign => "foreign",
            Self::Http(status) => return write!(f, "http_{status}"),
            Self::Address => "address",
            Self::ShareSpent => "shareSpent",
            Self::Uncounted => "catalog",
            Self::Paused => "paused",
            Self::NoUnionId => "noUnionId",
            Self::MediaIdMissing => "mediaIdMissing",
            Self::StatusUnknown => "statusUnknown",
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Documented(code) => f.pad(code),
            Self::Undocumented(code) => f.pad(code),
            Self::Own(code) => code.fmt(f),
        }
    }
}

/// How a call is entered in the ledger. Unknown codes are counted together: whoever answers must not be able to fill the
/// ledger with ever new ones.
pub fn ledger_outcome(class: Class, code: &Code) -> &'static str {
    match (class, code) {
        (Class::Unreached, _) => "unreached",
        (Class::ThrottledQps | Class::ThrottledQpm, _) => "throttled",
        (Class::Foreign, _) => "foreign",
        (Class::TimedOut, _) => "timeout",
        (_, Code::Documented(code)) => code,
        _ => "unrecognized",
    }
}

/// What stands beside a conference that could not be dealt with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct LastError {
    /// DingTalk's, or ours.
    pub code: String,
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [Class; 25] = [
        Class::TokenInvalid,
        Class::TokenRefused,
        Class::CredentialsWrong,
        Class::ScopeMissing,
        Class::AddressRefused,
        Class::ThrottledQps,
        Class::ThrottledQpm,
        Class::Busy,
        Class::QuotaSpent,
        Class::Banned,
        Class::OrganizationForbidden,
        Class::Unavailable,
        Class::UserUnknown,
        Class::PermissionDenied,
        Class::MeetingEnded,
        Class::NothingRecorded,
        Class::ConferenceUnknown,
        Class::RequestWrong,
        Class::RecordRefused,
        Class::RecordNotStarted,
        Class::Unrecognized,
        Class::Foreign,
        Class::TimedOut,
        Class::Unreached,
        Class::Held,
    ];

    #[test]
    fn what_speaks_about_everybody_is_never_concluded_about_a_conference_and_what_is_an_answer_pauses_nobody() {
        for class in CLASSES {
            let row = class.entails();
            assert_eq!(row.about == About::Conference, row.pauses == Pauses::Nobody && row.about != About::Everybody);
            assert!(row.first <= row.longest, "{class:?}");
            assert_eq!(row.pauses == Pauses::Nobody, row.longest.is_zero(), "{class:?}");
        }
    }

    #[test]
    fn scopes_are_read_back_from_their_names() {
        for scope in [Scope::Everything, Scope::Endpoint(Endpoint::Query), Scope::Endpoint(Endpoint::UserConferences)] {
            assert_eq!(Scope::named(scope.as_str()), Some(scope));
        }
        assert_eq!(Scope::named("unknown"), None);
    }
}
