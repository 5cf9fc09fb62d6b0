//! What each conference API answers, from the truth and the behaviour alone.
//!
//! A call that comes here has passed the gateway: its token is good and its quota lasts.

use serde_json::{Map, Value, json};

use crate::domain::clock::Timestamp;

use super::ask::Ask;
use super::behaviour::{
    AcceptedUnionIds, Behaviour, EarlierVideos, EmptyList, Host, ListingOrder, OutsideBatch, SecondStart,
};
use super::endpoint::Endpoint;
use super::meeting::{Meeting, Phase, Recording};
use super::organisation::Organisation;
use super::random::Random;
use super::{past, wire};

const WINDOW_POSITIONS: [&str; 3] = ["relative_right", "float_right", "float_bottom"];
const MODES: [&str; 3] = ["grid", "speech", "full_screen"];

/// The body of the answer, or the code of the error.
pub(super) fn answer(
    ask: &Ask,
    organisation: &mut Organisation,
    behaviour: &Behaviour,
    now: Timestamp,
) -> Result<Value, &'static str> {
    match ask.endpoint {
        Endpoint::Query => query(ask, organisation, behaviour, now),
        Endpoint::ConferenceInfo => conference_info(ask, organisation, behaviour, now),
        Endpoint::GetVideos => get_videos(ask, organisation, behaviour, now),
        Endpoint::GetPlayInfos => get_play_infos(ask, organisation, behaviour, now),
        Endpoint::StartRecord => start_record(ask, organisation, behaviour, now),
        Endpoint::StopRecord => stop_record(ask, organisation, behaviour, now),
        Endpoint::OrgConferences => org_conferences(ask, organisation, behaviour, now),
        Endpoint::UsersLists => users_lists(ask, organisation, now),
        Endpoint::RoomCodeInfos => past::room_code_infos(ask, organisation, behaviour, now),
        Endpoint::ScheduledConferences => past::scheduled_conferences(ask, organisation, now),
        Endpoint::ScheduleInfos => past::schedule_infos(ask, organisation, now),
        Endpoint::Histories => past::histories(ask, organisation, behaviour, now),
        Endpoint::AccessToken | Endpoint::CorpToken | Endpoint::OpenConnection => Err("systemError"),
    }
}

fn query(ask: &Ask, organisation: &Organisation, behaviour: &Behaviour, now: Timestamp) -> Result<Value, &'static str> {
    let ids = ask.conference_id_list().filter(|ids| !ids.is_empty()).ok_or("paramsError")?;
    if behaviour.most_ids.is_some_and(|most| ids.len() > most) {
        return Err("paramsError");
    }
    let mut infos = Vec::new();
    for id in &ids {
        let meeting = organisation.known(id, now);
        if meeting.is_some_and(|meeting| meeting.is_foreign) {
            return Err("orgAccessForbidden");
        }
        let phase = meeting.map(|meeting| meeting.phase(now));
        match (behaviour.outside_batch, phase, meeting) {
            (_, Some(Phase::InProgress), Some(meeting)) | (OutsideBatch::StatusEnded, _, Some(meeting)) => {
                infos.push(wire::info(meeting, now));
            }
            (OutsideBatch::ResourceClose, Some(Phase::Ended) | None, _) => return Err("resourceClose"),
            (OutsideBatch::ParamsError, Some(Phase::Ended) | None, _) => return Err("paramsError"),
            _ => {}
        }
    }
    Ok(json!({ "infos": infos }))
}

fn conference_info(
    ask: &Ask,
    organisation: &Organisation,
    behaviour: &Behaviour,
    now: Timestamp,
) -> Result<Value, &'static str> {
    let id = ask.path.as_deref().filter(|id| !id.trim().is_empty()).ok_or("missingRoomId")?;
    let meeting = organisation.known(id, now).ok_or("roomNotFound")?;
    Ok(wire::conference_info(meeting, behaviour, now))
}

fn get_videos(
    ask: &Ask,
    organisation: &Organisation,
    behaviour: &Behaviour,
    now: Timestamp,
) -> Result<Value, &'static str> {
    let meeting = visible(ask, organisation, behaviour, now)?;
    let videos: Vec<Value> = listed(meeting, behaviour, now).map(wire::video).collect();
    if videos.is_empty() && behaviour.empty_list == EmptyList::CloudRecordNotFound {
        return Err("cloudRecordNotFound");
    }
    Ok(json!({ "videoList": videos }))
}

/// All three parameters are required. Whoever may see the list may watch what is on it.
fn get_play_infos(
    ask: &Ask,
    organisation: &Organisation,
    behaviour: &Behaviour,
    now: Timestamp,
) -> Result<Value, &'static str> {
    let given = |key| ask.query.get(key).filter(|value| !value.is_empty()).ok_or("paramsError");
    let (media_id, region_id) = (given("mediaId")?, given("regionId")?);
    let meeting = visible(ask, organisation, behaviour, now)?;
    let recording = listed(meeting, behaviour, now).find(|recording| recording.media_id == *media_id);
    let recording = recording.ok_or("cloudRecordNotFound")?;
    if recording.region_id != *region_id {
        return Err("paramsError");
    }
    Ok(wire::play_infos(recording, behaviour, now))
}

fn start_record(
    ask: &Ask,
    organisation: &mut Organisation,
    behaviour: &Behaviour,
    now: Timestamp,
) -> Result<Value, &'static str> {
    let union_id = ask.union_id().ok_or("paramsError")?;
    if !ask.is_one_of("smallWindowPosition", &WINDOW_POSITIONS) || !ask.is_one_of("mode", &MODES) {
        return Err("paramsError");
    }
    let meeting = known(ask, organisation, now)?;
    if meeting.phase(now) == Phase::Ended {
        return Err("roomClosed");
    }
    if !is_host(meeting, union_id, behaviour) {
        return Err("recordStartPermissionError");
    }
    let is_up = meeting.session(now).starts_at + behaviour.media_up_after <= now;
    let is_second = behaviour.second_start == SecondStart::Accepted && meeting.cloud_record_status(now) == 1;
    let id = meeting.conference_id.clone();
    if is_up && (is_second || organisation.start_recording(&id, union_id, now)) {
        Ok(json!({ "code": "200" }))
    } else {
        Err("recordStartError")
    }
}

fn stop_record(
    ask: &Ask,
    organisation: &mut Organisation,
    behaviour: &Behaviour,
    now: Timestamp,
) -> Result<Value, &'static str> {
    let union_id = ask.union_id().ok_or("paramsError")?;
    let meeting = known(ask, organisation, now)?;
    if meeting.phase(now) == Phase::Ended {
        return Err("roomClosed");
    }
    if !is_host(meeting, union_id, behaviour) {
        return Err("recordStopPermissionError");
    }
    let id = meeting.conference_id.clone();
    if organisation.stop_recording(&id, now) { Ok(json!({ "code": "200" })) } else { Err("recordStopError") }
}

fn org_conferences(
    ask: &Ask,
    organisation: &Organisation,
    behaviour: &Behaviour,
    now: Timestamp,
) -> Result<Value, &'static str> {
    let wanted = match ask.query.get("maxResults") {
        None => behaviour.page_size,
        Some(text) => text.parse().ok().filter(|wanted| *wanted > 0).ok_or("paramError")?,
    };
    if behaviour.most_results.is_some_and(|most| wanted > most) {
        return Err("paramError");
    }
    let mut ongoing = organisation.in_progress(now);
    ongoing.retain(|meeting| !meeting.is_foreign);
    let total = ongoing.len();
    let token = ask.query.get("nextToken").map(String::as_str).filter(|token| !token.is_empty());
    if behaviour.listing_order == ListingOrder::Shifting {
        return shifting_page(ongoing, token, wanted.min(behaviour.page_size.max(1)), now);
    }
    let rest: Vec<&Meeting> = match token {
        None => ongoing,
        Some(token) => {
            let (start, id) = cursor(token).ok_or("paramError")?;
            ongoing
                .into_iter()
                .filter(|meeting| (meeting.session(now).starts_at, meeting.conference_id.as_str()) > (start, id))
                .collect()
        }
    };
    let page = &rest[..rest.len().min(wanted).min(behaviour.page_size.max(1))];
    let mut body = Map::new();
    body.insert("onGoingConfList".to_owned(), page.iter().map(|meeting| wire::ongoing(meeting, now)).collect());
    body.insert("hasMore".to_owned(), json!(page.len() < rest.len()));
    body.insert("totalCount".to_owned(), json!(total));
    if let Some(last) = page.last().filter(|_| page.len() < rest.len()) {
        let token = format!("{}-{}", last.session(now).starts_at.as_millis(), last.conference_id);
        body.insert("nextToken".to_owned(), json!(token));
    }
    Ok(Value::Object(body))
}

/// One page of a listing whose order changes from page to page. Its token is a number: how many were listed before.
fn shifting_page(
    mut ongoing: Vec<&Meeting>,
    token: Option<&str>,
    length: usize,
    now: Timestamp,
) -> Result<Value, &'static str> {
    let before = token.map_or(Ok(0), str::parse::<usize>).map_err(|_| "paramError")?;
    let total = ongoing.len();
    let stream = u64::try_from(before).unwrap_or(u64::MAX);
    Random::new(now.as_millis().cast_unsigned(), stream).shuffle(&mut ongoing);
    let page: Vec<Value> =
        ongoing.iter().skip(before).take(length).map(|meeting| wire::ongoing(meeting, now)).collect();
    let listed = before + page.len();
    let mut body = json!({ "onGoingConfList": page, "hasMore": listed < total, "totalCount": total });
    if listed < total {
        body["nextToken"] = json!(listed.to_string());
    }
    Ok(body)
}

fn users_lists(ask: &Ask, organisation: &Organisation, now: Timestamp) -> Result<Value, &'static str> {
    let union_id = ask.union_id().ok_or("paramError")?;
    let mut meetings = organisation.in_progress(now);
    meetings.retain(|meeting| meeting.is_attended_by(union_id));
    let ids: Vec<&str> = meetings.iter().map(|meeting| meeting.conference_id.as_str()).collect();
    let members: Map<String, Value> =
        meetings.iter().map(|meeting| (meeting.conference_id.clone(), wire::member(meeting, union_id, now))).collect();
    Ok(json!({ "onGoingConfIdList": ids, "memberModelMap": members }))
}

/// The meeting of a call about its recording, for which no page has a code that says it is unknown.
fn known<'a>(ask: &Ask, organisation: &'a Organisation, now: Timestamp) -> Result<&'a Meeting, &'static str> {
    ask.path.as_deref().and_then(|id| organisation.known(id, now)).ok_or("paramsError")
}

/// The meeting of a call about its videos, for whoever may see them.
fn visible<'a>(
    ask: &Ask,
    organisation: &'a Organisation,
    behaviour: &Behaviour,
    now: Timestamp,
) -> Result<&'a Meeting, &'static str> {
    let union_id = ask.union_id().ok_or("paramsError")?;
    let meeting = known(ask, organisation, now)?;
    if meeting.is_foreign {
        return Err("orgAccessForbidden");
    }
    if may_see(meeting, union_id, behaviour) { Ok(meeting) } else { Err("permissionError") }
}

/// The videos that DingTalk shows of a meeting.
fn listed<'a>(meeting: &'a Meeting, behaviour: &Behaviour, now: Timestamp) -> impl Iterator<Item = &'a Recording> {
    let is_hidden = behaviour.earlier_videos == EarlierVideos::Hidden && meeting.phase(now) == Phase::InProgress;
    meeting.listed_recordings(now).filter(move |_| !is_hidden)
}

fn is_host(meeting: &Meeting, union_id: &str, behaviour: &Behaviour) -> bool {
    behaviour.host == Host::Creator && meeting.creator_union_id == union_id
}

fn may_see(meeting: &Meeting, union_id: &str, behaviour: &Behaviour) -> bool {
    let is = |id: &str| id == union_id;
    if meeting.refused_union_ids.iter().any(|id| is(id)) {
        return false;
    }
    match behaviour.accepted_union_ids {
        AcceptedUnionIds::Anybody => true,
        AcceptedUnionIds::OwnerAndCreator => {
            is(&meeting.creator_union_id) || meeting.record_owner_union_id.as_deref().is_some_and(is)
        }
    }
}

/// Where the last page ended. It names a meeting rather than a number, because the list moves while it is read.
fn cursor(token: &str) -> Option<(Timestamp, &str)> {
    let (start, id) = token.split_once('-')?;
    Some((Timestamp::from_millis(start.parse().ok()?), id))
}
