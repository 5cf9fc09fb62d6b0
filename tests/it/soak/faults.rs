//! The faults a seed draws from: every error class of the contract on every API it can come from, and everything that
//! can go wrong with a connection.

use std::time::Duration;

use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting, Random};

/// The metered APIs that the stages call.
const METERED: &[Endpoint] =
    &[Endpoint::Query, Endpoint::ConferenceInfo, Endpoint::GetVideos, Endpoint::OrgConferences, Endpoint::UsersLists];
/// The APIs that know `orgAccessForbidden` and its like.
const KNOWING: &[Endpoint] = &[Endpoint::Query, Endpoint::GetVideos];
const VIDEOS: &[Endpoint] = &[Endpoint::GetVideos];
const INFO: &[Endpoint] = &[Endpoint::ConferenceInfo];
const TOKEN: &[Endpoint] = &[Endpoint::AccessToken];
const ANY: &[Endpoint] = &[
    Endpoint::AccessToken,
    Endpoint::Query,
    Endpoint::ConferenceInfo,
    Endpoint::GetVideos,
    Endpoint::OrgConferences,
    Endpoint::UsersLists,
];

/// How long a fault is in force.
#[derive(Clone, Copy)]
enum Reach {
    /// Some calls.
    Calls(u64),
    /// A stretch of time of at most so many hours, at one API or at all of them.
    Hours(u64),
    /// Some calls about one meeting: an answer, though a wrong one.
    Meeting,
}

/// What goes wrong, at which APIs it can, for how long it does.
fn classes() -> Vec<(Answer, &'static [Endpoint], Reach)> {
    use Reach::{Calls, Hours, Meeting};
    let raw = |status, body: &str| Answer::Raw { status, body: body.to_owned() };
    let error = Answer::error;
    vec![
        (error("InvalidAuthentication"), METERED, Calls(3)),
        (error("invalidClientIdOrSecret"), TOKEN, Hours(12)),
        (Answer::scope_missing(&["VideoConference.Conference.Read"]), METERED, Hours(24)),
        (error("Forbidden.AccessDenied.IpNotInWhiteList"), METERED, Hours(24)),
        (error("Forbidden.AccessDenied.QpsLimitForApi"), METERED, Calls(12)),
        (error("Forbidden.AccessDenied.QpmLimitForApi"), METERED, Calls(12)),
        (Answer::quota_spent(), METERED, Hours(48)),
        (error("system.busy"), ANY, Calls(12)),
        (error("systemBusy"), ANY, Calls(12)),
        (error("qps.exceed"), ANY, Calls(12)),
        (Answer::banned(5), ANY, Calls(2)),
        (Answer::banned_in_html(5), ANY, Calls(2)),
        (error("systemError"), ANY, Hours(48)),
        (error("innerSystemError"), ANY, Hours(48)),
        (raw(503, r#"{"code":"ServiceUnavailable","message":"try later"}"#), ANY, Hours(48)),
        (raw(502, "<html>Bad Gateway</html>"), ANY, Hours(48)),
        (raw(404, "<html>Not Found</html>"), ANY, Hours(6)),
        (raw(200, r#"{"error":"login_required"}"#), ANY, Hours(6)),
        (raw(200, "null"), ANY, Hours(6)),
        (raw(400, r#"{"code":"somethingNew","message":"that no page explains"}"#), METERED, Calls(12)),
        (error("systemError").with_retry_after(1_800), ANY, Calls(3)),
        (error("waterLimitError"), KNOWING, Calls(12)),
        (error("orgAccessForbidden"), KNOWING, Hours(24)),
        (Answer::Html, ANY, Hours(48)),
        (Answer::Truncated, ANY, Calls(12)),
        (Answer::Cut, ANY, Calls(12)),
        (Answer::Reset, ANY, Hours(48)),
        (Answer::Hang(Duration::from_mins(1)), METERED, Calls(1)),
        (Answer::Endless, METERED, Calls(1)),
        (error("resourceClose"), KNOWING, Calls(4)),
        (error("paramsError"), &[Endpoint::Query, Endpoint::OrgConferences], Calls(6)),
        (error("unknownUserError"), &[Endpoint::Query, Endpoint::UsersLists], Calls(3)),
        (error("permissionError"), &[Endpoint::Query], Calls(3)),
        (error("unknownUserError"), VIDEOS, Meeting),
        (error("permissionError"), VIDEOS, Meeting),
        (error("paramsError"), VIDEOS, Meeting),
        (error("cloudRecordNotFound"), VIDEOS, Meeting),
        (error("noPermission"), INFO, Meeting),
        (error("roomNotFound"), INFO, Meeting),
        (error("missingRoomId"), INFO, Meeting),
    ]
}

/// Draws one fault, to begin between `from` and `until`.
pub(crate) fn draw(random: &mut Random, meetings: &[Meeting], from: Timestamp, until: Timestamp) -> Fault {
    let classes = classes();
    let (answer, endpoints, reach) = random.pick(&classes);
    let begins = from + random.time(Duration::ZERO, until.since(from));
    let everywhere = endpoints.len() > 2 && random.chance(60);
    let fault = Fault::new(answer.clone()).from(begins);
    let fault = if everywhere { fault } else { fault.on(*random.pick(endpoints)) };
    let calls = |random: &mut Random, most| u32::try_from(random.between(1, most)).unwrap();
    match *reach {
        Reach::Calls(most) => fault.times(calls(random, most)),
        Reach::Hours(most) => {
            let lasts = random.time(Duration::from_mins(10), Duration::from_hours(most));
            fault.until(begins + lasts)
        }
        Reach::Meeting => {
            // Soon enough after its end that a right answer follows while its recordings are awaited.
            let meeting = random.pick(meetings);
            let fault = fault.from(meeting.registered_at).until(meeting.ends_at + Duration::from_hours(20));
            fault.conference(&meeting.conference_id).times(calls(random, 3))
        }
    }
}

/// Faults by which about one call in three or fewer fails, whatever it is.
pub(crate) fn at_a_rate(random: &mut Random, until: Timestamp) -> Vec<Fault> {
    let raw = |status, body: &str| Answer::Raw { status, body: body.to_owned() };
    let answers = [
        Answer::error("systemError"),
        Answer::too_fast(),
        Answer::Reset,
        raw(200, "garbage"),
        Answer::error("InvalidAuthentication"),
        raw(502, "<html>Bad Gateway</html>"),
        Answer::Cut,
    ];
    let percent = u8::try_from(random.between(1, 5)).unwrap();
    answers.into_iter().map(|answer| Fault::new(answer).percent(percent).until(until)).collect()
}

/// The fault's class in a word or two, for the report.
pub(crate) fn name(answer: &Answer) -> String {
    match answer {
        Answer::Error { code, .. } => code.clone(),
        Answer::Raw { status, body } if body.contains("1111") => format!("ban ({status})"),
        Answer::Raw { status, body } => format!("{status} {body}").chars().take(32).collect(),
        Answer::RetryAfter(_, answer) => format!("{} with Retry-After", name(answer)),
        Answer::Html => "portal".to_owned(),
        Answer::Hang(_) => "time-out".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}
