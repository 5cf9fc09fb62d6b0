//! `GET /v1.0/conference/videoConferences/{conferenceId}`: conference info, the only word that confirms an end.

use serde::Deserialize;

use super::client::{Call, Client};
use super::endpoint::Endpoint;
use super::error::Error;
use super::wire;
use crate::domain::clock::Timestamp;
use crate::domain::conference::ConferenceInfo;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    conf_info: Info,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    #[serde(default, deserialize_with = "wire::number")]
    status: Option<i64>,
    #[serde(default, deserialize_with = "wire::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    room_code: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    schedule_conference_id: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    biz_type: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    creator_id: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    creator_nick: Option<String>,
    #[serde(default, deserialize_with = "wire::instant")]
    start_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::instant")]
    end_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::number")]
    conf_duration: Option<i64>,
    #[serde(default, deserialize_with = "wire::number")]
    cloud_record_status: Option<i64>,
    #[serde(default, deserialize_with = "wire::text")]
    cloud_record_owner_union_id: Option<String>,
}

impl Client {
    /// What conference info says of a conference.
    pub async fn conference(&self, conference_id: &str) -> Result<ConferenceInfo, Error> {
        let path = vec!["v1.0", "conference", "videoConferences", conference_id];
        let answer: Answer = self.call(Call::get(Endpoint::Conference, path, Vec::new())).await?;
        Ok(answer.into())
    }
}

impl From<Answer> for ConferenceInfo {
    fn from(Answer { conf_info: info }: Answer) -> Self {
        Self {
            status: info.status.into(),
            title: info.title,
            room_code: info.room_code,
            schedule_conference_id: info.schedule_conference_id,
            biz_type: info.biz_type,
            creator_union_id: info.creator_id,
            creator_nick: info.creator_nick,
            started_at: info.start_time,
            ended_at: info.end_time,
            duration_ms: info.conf_duration,
            record_status: info.cloud_record_status,
            record_owner_union_id: info.cloud_record_owner_union_id,
        }
    }
}
