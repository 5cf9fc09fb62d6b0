//! The JSON bodies, key for key as the pages have them.

use serde_json::{Map, Value, json};

use crate::domain::clock::{Timestamp, millis};

use super::behaviour::{Behaviour, EmptyField, Envelope, ErrorCodes, PlannedStart, PlayedSize, RecordStatus};
use super::meeting::{Meeting, Phase, Recording, User};
use super::random::Random;

/// One of `infos` in a batch query.
pub(super) fn info(meeting: &Meeting, now: Timestamp) -> Value {
    let in_progress = meeting.phase(now) == Phase::InProgress;
    json!({
        "conferenceId": meeting.conference_id,
        "title": meeting.title,
        "startTime": meeting.session(now).starts_at.as_millis(),
        "status": meeting.phase(now).status(),
        "mediaStatus": 0,
        "userList": meeting.users.iter().map(|user| attendance(user, in_progress)).collect::<Vec<_>>(),
    })
}

/// The body of conference info.
pub(super) fn conference_info(meeting: &Meeting, behaviour: &Behaviour, now: Timestamp) -> Value {
    let phase = meeting.phase(now);
    let session = meeting.session(now);
    let in_progress = phase == Phase::InProgress;
    let people = meeting.users.len();
    let mut info = object(json!({
        "activeNum": if in_progress { people } else { 0 },
        "attendNum": if phase == Phase::NotStarted { 0 } else { people },
        "invitedNum": people,
        "conferenceId": meeting.conference_id,
        "creatorId": meeting.creator_union_id,
        "creatorNick": meeting.creator_nick,
        "externalLinkUrl": format!("https://meeting.example/{}", meeting.room_code),
        "status": phase.status(),
        "title": meeting.title,
        "roomCode": meeting.room_code,
        "bizType": meeting.biz_type,
        "extensionAppSettings": [],
    }));
    let mut put = |key: &str, value: Value| {
        info.insert(key.to_owned(), value);
    };
    if phase != Phase::NotStarted || behaviour.planned_start == PlannedStart::Given {
        put("startTime", json!(session.starts_at.as_millis()));
    }
    if phase == Phase::Ended {
        put("endTime", json!(session.ends_at.as_millis()));
        put("confDuration", json!(millis(session.ends_at.since(session.starts_at))));
    }
    if let Some(schedule) = &meeting.schedule_conference_id {
        put("scheduleConferenceId", json!(schedule));
    }
    match behaviour.record_status {
        RecordStatus::Absent => {}
        RecordStatus::AlwaysNone => put("cloudRecordStatus", json!(0)),
        RecordStatus::Truthful => {
            let status = meeting.cloud_record_status(now);
            put("cloudRecordStatus", json!(status));
            if let Some(owner) = meeting.record_owner_union_id.as_ref().filter(|_| status != 0) {
                put("cloudRecordOwnerUnionId", json!(owner));
            }
        }
    }
    json!({ "confInfo": info })
}

/// One of a `videoList`.
pub(super) fn video(recording: &Recording) -> Value {
    json!({
        "recordId": recording.record_id,
        "unionId": recording.union_id,
        "startTime": recording.starts_at.as_millis(),
        "recordType": recording.record_type,
        "duration": recording.duration_ms,
        "fileSize": recording.file_size,
        "endTime": recording.ends_at.as_millis(),
        "mediaId": recording.media_id,
        "regionId": recording.region_id,
    })
}

/// Where a video can be watched: addresses that are good for a while, and so other ones at another time.
pub(super) fn play_infos(recording: &Recording, behaviour: &Behaviour, now: Timestamp) -> Value {
    let address =
        |ending| format!("https://video.example/{}.{ending}?auth_key={}", recording.media_id, now.as_millis());
    let size = match behaviour.played_size {
        PlayedSize::FileSize => "fileSize",
        PlayedSize::Size => "size",
    };
    json!({
        "playUrl": address("m3u8"),
        "mp4FileUrl": address("mp4"),
        "duration": recording.duration_ms,
        "status": 1,
        size: recording.file_size,
    })
}

/// One of the organisation's `onGoingConfList`. It has no `endTime`: none of them has ended.
pub(super) fn ongoing(meeting: &Meeting, now: Timestamp) -> Value {
    json!({
        "conferenceId": meeting.conference_id,
        "title": meeting.title,
        "roomCode": meeting.room_code,
        "status": meeting.phase(now).status(),
        "startTime": meeting.session(now).starts_at.as_millis(),
        "creatorId": meeting.creator_union_id,
        "creatorNick": meeting.creator_nick,
        "bizType": meeting.biz_type,
    })
}

/// One of a `conferenceList`: a meeting of a room code or a booking, over or not.
pub(super) fn past(meeting: &Meeting, now: Timestamp) -> Value {
    let (phase, session) = (meeting.phase(now), meeting.session(now));
    let mut entry = json!({
        "conferenceId": meeting.conference_id,
        "title": meeting.title,
        "roomCode": meeting.room_code,
        "status": phase.status(),
        "startTime": session.starts_at.as_millis(),
    });
    if phase == Phase::Ended {
        entry["endTime"] = json!(session.ends_at.as_millis());
        entry["confDuration"] = json!(millis(session.ends_at.since(session.starts_at)));
    }
    entry
}

/// One of the `list` of meetings that are over.
pub(super) fn history(meeting: &Meeting, now: Timestamp) -> Value {
    let session = meeting.session(now);
    json!({
        "conferenceId": meeting.conference_id,
        "title": meeting.title,
        "creatorId": meeting.creator_union_id,
        "creatorNick": meeting.creator_nick,
        "deptName": "Colleagues",
        "startTime": session.starts_at.as_millis(),
        "endTime": session.ends_at.as_millis(),
        "timeLength": millis(session.ends_at.since(session.starts_at)) / 1_000,
        "userCount": meeting.users.len(),
    })
}

/// What a user's `memberModelMap` says of one meeting.
pub(super) fn member(meeting: &Meeting, union_id: &str, now: Timestamp) -> Value {
    let user = meeting.users.iter().find(|user| user.union_id == union_id);
    json!({
        "unionId": union_id,
        "conferenceId": meeting.conference_id,
        "userNick": user.map_or(meeting.creator_nick.as_str(), |user| user.nick.as_str()),
        "joinTime": meeting.session(now).starts_at.as_millis(),
        "duration": millis(now.since(meeting.session(now).starts_at)),
        "attendStatus": 3,
        "host": meeting.creator_union_id == union_id,
        "coHost": false,
        "outerOrgMember": meeting.is_foreign,
        "pstnJoin": false,
        "deviceType": "PC",
    })
}

/// An error in its envelope.
pub(super) fn error(behaviour: &Behaviour, code: &str, message: &str, scopes: &[String], request_id: u64) -> Value {
    let [code_key, message_key, request_key, detail_key] = match behaviour.envelope {
        Envelope::LowerCase => ["code", "message", "requestid", "accessdenieddetail"],
        Envelope::Capitalised => ["Code", "Message", "RequestId", "AccessDeniedDetail"],
    };
    let suffix = match behaviour.error_codes {
        ErrorCodes::Bare => "",
        ErrorCodes::Suffixed => "%!(EXTRA string=50513)",
    };
    let mut body = Map::new();
    body.insert(code_key.to_owned(), json!(format!("{code}{suffix}")));
    body.insert(request_key.to_owned(), json!(format!("{request_id:08X}-0000-7000-8000-000000000000")));
    body.insert(message_key.to_owned(), json!(message));
    if !scopes.is_empty() {
        body.insert(detail_key.to_owned(), json!({ "requiredScopes": scopes }));
    }
    Value::Object(body)
}

/// Gives each video of `body` a field that no page names, and whose value is another in each answer.
pub(super) fn mark_videos(body: &mut Value, request: u64) {
    for video in body.get_mut("videoList").and_then(Value::as_array_mut).into_iter().flatten() {
        video["traceId"] = json!(format!("trace-{request}"));
    }
}

/// Writes each list of `body` that has nothing in it as `empty_field` says.
pub(super) fn write_empty_lists(body: &mut Value, empty_field: EmptyField) {
    let Value::Object(body) = body else { return };
    for key in ["videoList", "infos", "onGoingConfList", "onGoingConfIdList", "conferenceList", "list"] {
        if body.get(key).and_then(Value::as_array).is_none_or(|list| !list.is_empty()) {
            continue;
        }
        match empty_field {
            EmptyField::List => {}
            EmptyField::Absent => drop(body.remove(key)),
            EmptyField::Null => drop(body.insert(key.to_owned(), Value::Null)),
        }
    }
}

/// `value` as JSON text, the keys of each object in a random order.
pub(super) fn shuffled(value: &Value, random: &mut Random) -> String {
    match value {
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(|value| shuffled(value, random)).collect();
            format!("[{}]", values.join(","))
        }
        Value::Object(fields) => {
            let mut fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("{}:{}", json!(key), shuffled(value, random))).collect();
            random.shuffle(&mut fields);
            format!("{{{}}}", fields.join(","))
        }
        plain => plain.to_string(),
    }
}

/// Writes every number of `body` as a string.
pub(super) fn numbers_as_strings(body: &mut Value) {
    match body {
        Value::Number(number) => *body = Value::String(number.to_string()),
        Value::Array(values) => values.iter_mut().for_each(numbers_as_strings),
        Value::Object(values) => values.values_mut().for_each(numbers_as_strings),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn attendance(user: &User, in_progress: bool) -> Value {
    json!({
        "userId": user.user_id,
        "nick": user.nick,
        "attendStatus": if in_progress { 3 } else { 6 },
        "cameraStatus": 1,
        "micStatus": 2,
        "rejectDescription": "",
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
