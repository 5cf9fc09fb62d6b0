//! Every error that can come, and where; and what the table (`domain::failure`) makes of one.

use std::time::Duration;

use recording_archiver::domain::endpoint::Endpoint as Ours;
use recording_archiver::domain::failure::{self, Class, Code, OwnCode, Pauses, Scope, ledger_outcome};
use recording_archiver::simulator::{Answer, Endpoint};

use Endpoint::{
    AccessToken, ConferenceInfo, GetPlayInfos, GetVideos, OrgConferences, Query, StartRecord, StopRecord, UsersLists,
};

use crate::world::minutes;

const TOKEN: &[Endpoint] = &[AccessToken];
const RECORD: &[Endpoint] = &[StartRecord, StopRecord];
const APIS: &[Endpoint] =
    &[Query, ConferenceInfo, GetVideos, GetPlayInfos, OrgConferences, UsersLists, StartRecord, StopRecord];
const ANY: &[Endpoint] =
    &[AccessToken, Query, ConferenceInfo, GetVideos, GetPlayInfos, OrgConferences, UsersLists, StartRecord, StopRecord];

/// What goes wrong.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) answer: Answer,
    pub(super) code: Code,
    pub(super) class: Class,
    /// How long the answer asks to be left alone.
    asked: Option<Duration>,
    /// Where it can come.
    pub(super) on: &'static [Endpoint],
}

/// Every code that a page has, and everything else that can come instead of an answer.
pub(super) fn failures() -> Vec<Failure> {
    let documented: [(&'static str, Class, &'static [Endpoint]); 34] = [
        ("InvalidAuthentication", Class::TokenInvalid, APIS),
        ("invalidClientIdOrSecret", Class::CredentialsWrong, TOKEN),
        ("Forbidden.AccessDenied.AccessTokenPermissionDenied", Class::ScopeMissing, ANY),
        ("Forbidden.AccessDenied.IpNotInWhiteList", Class::AddressRefused, ANY),
        ("Forbidden.AccessDenied.Qps", Class::ThrottledQps, ANY),
        ("Forbidden.AccessDenied.Qpm", Class::ThrottledQpm, ANY),
        ("Forbidden.AccessDenied.ApiCountLimitForOrg", Class::QuotaSpent, ANY),
        ("system.busy", Class::Busy, ANY),
        ("systemBusy", Class::Busy, APIS),
        ("qps.exceed", Class::Busy, APIS),
        ("waterLimitError", Class::Busy, &[Query, GetVideos, GetPlayInfos]),
        ("systemError", Class::Unavailable, ANY),
        ("innerSystemError", Class::Unavailable, ANY),
        ("orgAccessForbidden", Class::OrganizationForbidden, &[Query, GetVideos, GetPlayInfos, StartRecord]),
        (
            "unknownUserError",
            Class::UserUnknown,
            &[Query, ConferenceInfo, GetVideos, GetPlayInfos, UsersLists, StartRecord],
        ),
        ("permissionError", Class::PermissionDenied, &[Query, ConferenceInfo, GetVideos, GetPlayInfos, StartRecord]),
        ("noPermission", Class::PermissionDenied, &[Query, ConferenceInfo, GetVideos, OrgConferences]),
        ("resourceClose", Class::MeetingEnded, &[Query, ConferenceInfo, GetVideos]),
        ("cloudRecordNotFound", Class::NothingRecorded, &[ConferenceInfo, GetVideos, GetPlayInfos]),
        (
            "roomNotFound",
            Class::ConferenceUnknown,
            &[Query, ConferenceInfo, GetVideos, GetPlayInfos, StartRecord, StopRecord],
        ),
        ("paramsError", Class::RequestWrong, APIS),
        ("paramsTitleError", Class::RequestWrong, &[Query]),
        ("paramError", Class::RequestWrong, &[OrgConferences, StartRecord]),
        ("missingRoomId", Class::RequestWrong, &[ConferenceInfo, StartRecord]),
        ("roomClosed", Class::MeetingEnded, RECORD),
        ("recordStartError", Class::RecordNotStarted, &[StartRecord]),
        ("recordStartPermissionError", Class::RecordRefused, &[StartRecord]),
        ("recordStopError", Class::RecordRefused, &[StopRecord]),
        ("recordStopPermissionError", Class::RecordRefused, &[StopRecord]),
        // Where a token is fetched, nothing can be said about a conference: it is the app that is refused.
        ("paramsError", Class::CredentialsWrong, TOKEN),
        ("noPermission", Class::CredentialsWrong, TOKEN),
        ("unknownUserError", Class::CredentialsWrong, TOKEN),
        ("roomNotFound", Class::CredentialsWrong, TOKEN),
        ("InvalidAuthentication", Class::CredentialsWrong, TOKEN),
    ];
    let of = |answer, code, class, on| Failure { answer, code, class, asked: None, on };
    let documented = documented.map(|(code, class, on)| of(Answer::error(code), Code::Documented(code), class, on));
    let raw = |status, body: &str| Answer::Raw { status, body: body.to_owned() };
    let new = |status| match Answer::error("somethingNew") {
        Answer::Error { code, message, required_scopes, .. } => {
            Answer::Error { status, code, message, required_scopes }
        }
        other => other,
    };
    let undocumented = || Code::Undocumented("somethingNew".to_owned());
    let (own, ban) = (Code::Own, Code::Documented("1111"));
    let foreign = |answer| of(answer, own(OwnCode::Foreign), Class::Foreign, ANY);
    let others = [
        of(new(400), undocumented(), Class::Unrecognized, APIS),
        of(new(400), undocumented(), Class::CredentialsWrong, TOKEN),
        of(new(500), undocumented(), Class::Unavailable, ANY),
        of(raw(503, "{}"), own(OwnCode::Http(503)), Class::Unavailable, ANY),
        of(raw(404, "{}"), own(OwnCode::Http(404)), Class::Foreign, ANY),
        of(Answer::Hang(minutes(1)), own(OwnCode::Timeout), Class::TimedOut, ANY),
        foreign(raw(200, "null")),
        foreign(raw(200, r#"{"error":"login_required"}"#)),
        foreign(raw(502, "<html><body>Bad gateway</body></html>")),
        foreign(Answer::Html),
        foreign(Answer::Truncated),
        foreign(Answer::Cut),
        foreign(Answer::Reset),
        foreign(Answer::Endless),
        Failure { asked: Some(minutes(7)), ..of(Answer::banned(7), ban.clone(), Class::Banned, ANY) },
        Failure { asked: Some(minutes(7)), ..of(Answer::banned_in_html(7), ban, Class::Banned, ANY) },
        Failure {
            asked: Some(minutes(10)),
            ..of(Answer::error("systemBusy").with_retry_after(600), Code::Documented("systemBusy"), Class::Busy, ANY)
        },
    ];
    documented.into_iter().chain(others).collect()
}

pub(crate) fn ours(endpoint: Endpoint) -> Ours {
    match endpoint {
        Endpoint::AccessToken | Endpoint::CorpToken => Ours::AccessToken,
        Endpoint::Query => Ours::Query,
        Endpoint::ConferenceInfo => Ours::Conference,
        Endpoint::GetVideos => Ours::Videos,
        Endpoint::GetPlayInfos => Ours::PlayInfos,
        Endpoint::StartRecord => Ours::RecordStart,
        Endpoint::StopRecord => Ours::RecordStop,
        Endpoint::OrgConferences => Ours::OrgConferences,
        Endpoint::UsersLists => Ours::UserConferences,
        Endpoint::RoomCodeInfos => Ours::RoomConferences,
        Endpoint::ScheduledConferences => Ours::BookedConferences,
        Endpoint::ScheduleInfos => Ours::Booking,
        Endpoint::Histories => Ours::Histories,
        Endpoint::OpenConnection => Ours::StreamOpen,
    }
}

impl Failure {
    /// The pause that the table gives to one such error at `on`.
    pub(super) fn pause(&self, on: Endpoint) -> Option<(Scope, Duration)> {
        let scope = match self.class.entails().pauses {
            Pauses::Nobody | Pauses::IfRepeated | Pauses::IfAllFail => return None,
            Pauses::List if ours(on).is_about_conferences() => return None,
            Pauses::Endpoint | Pauses::List if on != AccessToken => Scope::Endpoint(ours(on)),
            Pauses::Endpoint | Pauses::List | Pauses::Everything => Scope::Everything,
        };
        Some((scope, failure::pause(self.class, ours(on), 1, self.asked)))
    }

    /// The rows of the ledger that are not `ok`. Tokens are free.
    pub(super) fn ledger(&self, on: Endpoint) -> Vec<String> {
        let outcome = ledger_outcome(self.class, &self.code);
        (on != AccessToken).then(|| format!("{outcome} 1")).into_iter().collect()
    }

    /// Whether it says that there is no such conference, or that nobody may see it.
    pub(super) fn is_refusal(&self, on: Endpoint) -> bool {
        let refusals = [Class::ConferenceUnknown, Class::PermissionDenied, Class::RequestWrong];
        on == ConferenceInfo && refusals.contains(&self.class)
    }
}
