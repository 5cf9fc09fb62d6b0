//! `GET /v1.0/conference/orgConferences?maxResults=&nextToken=`: the organisation's meetings in progress, a page at a
//! time.

use serde::Deserialize;

use super::client::{Call, Client};
use super::endpoint::Endpoint;
use super::error::Error;
use super::wire;
use crate::domain::clock::Timestamp;
use crate::domain::conference::Sighting;

/// One page of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The meetings on it.
    pub sightings: Vec<Sighting>,
    /// What asks for the next page; `None` on the last.
    pub next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    #[serde(deserialize_with = "wire::entries")]
    on_going_conf_list: Vec<Ongoing>,
    #[serde(default, deserialize_with = "wire::flag")]
    has_more: Option<bool>,
    #[serde(default, deserialize_with = "wire::text")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ongoing {
    #[serde(default, deserialize_with = "wire::text")]
    conference_id: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    room_code: Option<String>,
    #[serde(default, deserialize_with = "wire::number")]
    status: Option<i64>,
    #[serde(default, deserialize_with = "wire::instant")]
    start_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::text")]
    creator_id: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    creator_nick: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    biz_type: Option<String>,
}

impl Client {
    /// One page of at most `max_results` meetings.
    pub async fn org_conferences(&self, max_results: u32, next_token: Option<&str>) -> Result<Page, Error> {
        let path = vec!["v1.0", "conference", "orgConferences"];
        let mut query = vec![("maxResults", max_results.to_string())];
        query.extend(next_token.map(|token| ("nextToken", token.to_owned())));
        let answer: Answer = self.call(Call::get(Endpoint::OrgConferences, path, query)).await?;
        Ok(answer.into())
    }
}

impl From<Answer> for Page {
    fn from(answer: Answer) -> Self {
        let sighting = |ongoing: Ongoing| {
            Some(Sighting {
                conference_id: ongoing.conference_id?,
                status: ongoing.status.into(),
                title: ongoing.title,
                room_code: ongoing.room_code,
                biz_type: ongoing.biz_type,
                creator_union_id: ongoing.creator_id,
                creator_nick: ongoing.creator_nick,
                started_at: ongoing.start_time,
            })
        };
        Self {
            sightings: answer.on_going_conf_list.into_iter().filter_map(sighting).collect(),
            next_token: answer.next_token.filter(|_| answer.has_more != Some(false)),
        }
    }
}
