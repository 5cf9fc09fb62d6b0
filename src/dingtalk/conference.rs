//! `GET /v1.0/conference/videoConferences/{conferenceId}`: conference info, the only proof of an end.

use super::client::{Call, Client};
use super::decode;
use super::error::Error;
use crate::domain::conference::ConferenceInfo;
use crate::domain::endpoint::Endpoint;

impl Client {
    /// What conference info says of a conference.
    pub async fn conference(&self, conference_id: &str) -> Result<ConferenceInfo, Error> {
        let path = vec!["v1.0", "conference", "videoConferences", conference_id];
        self.call(Call::get(Endpoint::Conference, path, Vec::new()), decode).await
    }
}

/// Decodes an answer.
pub fn decode(status: u16, body: &str) -> Result<ConferenceInfo, Error> {
    let answer = decode::answer(Endpoint::Conference, status, body)?;
    let info = answer.required(answer.fields.object("confInfo"), "confInfo")?;
    Ok(ConferenceInfo {
        status: info.number("status").into(),
        title: info.text("title"),
        room_code: info.text("roomCode"),
        schedule_conference_id: info.text("scheduleConferenceId"),
        biz_type: info.text("bizType"),
        creator_union_id: info.text("creatorId"),
        creator_nick: info.text("creatorNick"),
        started_at: info.instant("startTime"),
        ended_at: info.instant("endTime"),
        duration_ms: info.number("confDuration"),
        record_status: info.number("cloudRecordStatus"),
        record_owner_union_id: info.text("cloudRecordOwnerUnionId"),
    })
}
