//! What the APIs answer that tell of meetings which are over: by room code, by booking, and all of an organisation's.

use serde_json::{Value, json};

use crate::domain::clock::Timestamp;

use super::ask::Ask;
use super::behaviour::{Behaviour, Histories};
use super::meeting::{Meeting, Phase};
use super::organisation::Organisation;
use super::wire;

/// The length of a page if nobody asks for another.
const PAGE: usize = 20;

/// The meetings of a room code, the last ones first, as far back as it reaches.
pub(super) fn room_code_infos(
    ask: &Ask,
    organisation: &Organisation,
    behaviour: &Behaviour,
    now: Timestamp,
) -> Result<Value, &'static str> {
    let code = ask.path.as_deref().filter(|code| !code.trim().is_empty()).ok_or("missingRoomCode")?;
    let mut meetings = last_first(organisation, now, |meeting| meeting.room_code == code);
    if meetings.is_empty() {
        return Err("invalidRoomCode");
    }
    meetings.truncate(behaviour.room_code_depth);
    page(ask, "conferenceList", meetings.into_iter().map(|meeting| wire::past(meeting, now)).collect())
}

/// The last meeting of a booking.
pub(super) fn scheduled_conferences(
    ask: &Ask,
    organisation: &Organisation,
    now: Timestamp,
) -> Result<Value, &'static str> {
    let mut meetings = booked(ask, organisation, now)?;
    meetings.truncate(1);
    page(ask, "conferenceList", meetings.into_iter().map(|meeting| wire::past(meeting, now)).collect())
}

/// What is planned for a booking. Whoever asks must say as whom.
pub(super) fn schedule_infos(ask: &Ask, organisation: &Organisation, now: Timestamp) -> Result<Value, &'static str> {
    ask.query.get("requestUnionId").filter(|union_id| !union_id.is_empty()).ok_or("paramsError")?;
    let meetings = booked(ask, organisation, now)?;
    let last = meetings.first().ok_or("invalidScheduleConferenceId")?;
    Ok(json!({
        "scheduleConferenceId": last.schedule_conference_id,
        "title": last.title,
        "roomCode": last.room_code,
        "startTime": last.starts_at.as_millis(),
        "endTime": last.ends_at.as_millis(),
        "phones": [],
        "url": format!("https://meeting.example/{}", last.room_code),
    }))
}

/// The organisation's meetings that ended within a time, where the app may ask for them.
pub(super) fn histories(
    ask: &Ask,
    organisation: &Organisation,
    behaviour: &Behaviour,
    now: Timestamp,
) -> Result<Value, &'static str> {
    if behaviour.histories == Histories::Closed {
        return Err("Forbidden.AccessDenied.AccessTokenPermissionDenied");
    }
    let instant = |key| {
        let millis = ask.query.get(key).and_then(|text| text.parse().ok());
        millis.map(Timestamp::from_millis).ok_or("paramError")
    };
    let (from, to) = (instant("startTime")?, instant("endTime")?);
    let is_over =
        |meeting: &Meeting| meeting.phase(now) == Phase::Ended && (from..=to).contains(&meeting.session(now).ends_at);
    let meetings = last_first(organisation, now, is_over);
    page(ask, "list", meetings.into_iter().map(|meeting| wire::history(meeting, now)).collect())
}

fn booked<'a>(ask: &Ask, organisation: &'a Organisation, now: Timestamp) -> Result<Vec<&'a Meeting>, &'static str> {
    let id = ask.path.as_deref();
    let meetings = last_first(organisation, now, |meeting| meeting.schedule_conference_id.as_deref() == id);
    if meetings.is_empty() { Err("invalidScheduleConferenceId") } else { Ok(meetings) }
}

/// The meetings of this organisation that are known at `now` and are like this, those that began last first.
fn last_first(organisation: &Organisation, now: Timestamp, is_meant: impl Fn(&Meeting) -> bool) -> Vec<&Meeting> {
    let is_known = |meeting: &&Meeting| meeting.registered_at <= now && !meeting.is_foreign && is_meant(meeting);
    let mut meetings: Vec<&Meeting> = organisation.meetings().filter(is_known).collect();
    meetings.sort_by_key(|meeting| std::cmp::Reverse(meeting.session(now).starts_at));
    meetings
}

/// One page of a list. Its token is how many entries stood before.
fn page(ask: &Ask, key: &str, list: Vec<Value>) -> Result<Value, &'static str> {
    let number =
        |key, otherwise| ask.query.get(key).map_or(Ok(otherwise), |text| text.parse().map_err(|_| "paramError"));
    let (length, before) = (number("maxResults", PAGE)?, number("nextToken", 0)?);
    if length == 0 {
        return Err("paramError");
    }
    let total = list.len();
    let page: Vec<Value> = list.into_iter().skip(before).take(length).collect();
    let listed = before + page.len();
    let mut body = json!({ key: page, "totalCount": total, "hasMore": listed < total });
    if listed < total {
        body["nextToken"] = json!(listed.to_string());
    }
    Ok(body)
}
