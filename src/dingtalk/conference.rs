//! `GET /v1.0/conference/videoConferences/{conferenceId}`: conference info, the only proof of an end.

use super::client::{Call, Client};
use super::decode;
use super::error::Error;
use super::wire::Object;
use crate::domain::conference::ConferenceInfo;
use crate::domain::endpoint::Endpoint;

impl Client {
    /// What conference info says of a conference.
    pub async fn conference(&self, conference_id: &str) -> Result<ConferenceInfo, Error> {
        let path = vec!["v1.0", "conference", "videoConferences", conference_id];
        self.call(Call::get(Endpoint::Conference, path, Vec::new()), decode).await
    }
}

pub fn decode(status: u16, body: &str) -> Result<ConferenceInfo, Error> {
    let answer = decode::answer(Endpoint::Conference, status, body)?;
    Ok(info(&answer.required(answer.fields.object("confInfo"), "confInfo")?))
}

/// What an object says of a conference, be it conference info or an entry of a list, which says less.
pub(super) fn info(conference: &Object<'_>) -> ConferenceInfo {
    ConferenceInfo {
        status: conference.number("status").into(),
        title: conference.text("title"),
        room_code: conference.text("roomCode"),
        schedule_conference_id: conference.text("scheduleConferenceId"),
        biz_type: conference.text("bizType"),
        creator_union_id: conference.text("creatorId"),
        creator_nick: conference.text("creatorNick"),
        started_at: conference.instant("startTime"),
        ended_at: conference.instant("endTime"),
        duration_ms: conference.number("confDuration"),
        record_status: conference.number("cloudRecordStatus"),
        record_owner_union_id: conference.text("cloudRecordOwnerUnionId"),
    }
}
