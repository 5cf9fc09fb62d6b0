//! `POST /v1.0/conference/videoConferences/query`: which of these conferences are in progress.
//!
//! "Currently, only meetings in progress can be queried." An id that is missing from the answer is suspected of having
//! ended, no more; and one that has ended may spoil the whole batch.

use serde::Deserialize;
use serde_json::json;

use super::client::{Call, Client};
use super::endpoint::Endpoint;
use super::error::Error;
use super::wire;
use crate::domain::clock::Timestamp;
use crate::domain::conference::Sighting;

#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(deserialize_with = "wire::entries")]
    infos: Vec<Info>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    #[serde(default, deserialize_with = "wire::text")]
    conference_id: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "wire::instant")]
    start_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::number")]
    status: Option<i64>,
}

impl Client {
    /// What the batch query shows of these conferences.
    pub async fn query(&self, conference_ids: &[&str]) -> Result<Vec<Sighting>, Error> {
        let path = vec!["v1.0", "conference", "videoConferences", "query"];
        let body = json!({ "conferenceIdList": conference_ids });
        let answer: Answer = self.call(Call::post(Endpoint::Query, path, body)).await?;
        Ok(answer.into())
    }
}

impl From<Answer> for Vec<Sighting> {
    fn from(answer: Answer) -> Self {
        let sighting = |info: Info| {
            Some(Sighting {
                conference_id: info.conference_id?,
                status: info.status.into(),
                title: info.title,
                room_code: None,
                biz_type: None,
                creator_union_id: None,
                creator_nick: None,
                started_at: info.start_time,
            })
        };
        answer.infos.into_iter().filter_map(sighting).collect()
    }
}
