//! `POST /v1.0/conference/videoConferences/query`: which of these conferences are in progress.
//!
//! "Currently, only meetings in progress can be queried." An id that is missing from the answer is only suspected of
//! having ended. An id that has ended may spoil the whole batch.

use serde_json::json;
use serde_json::value::RawValue;

use super::client::{Call, Client};
use super::error::Error;
use super::wire::Object;
use super::{conference, decode};
use crate::domain::conference::Sighting;
use crate::domain::endpoint::Endpoint;

impl Client {
    /// What the batch query shows of these conferences.
    pub async fn query(&self, conference_ids: &[&str]) -> Result<Vec<Sighting>, Error> {
        let path = vec!["v1.0", "conference", "videoConferences", "query"];
        let body = json!({ "conferenceIdList": conference_ids });
        self.call(Call::post(Endpoint::Query, path, body), decode).await
    }
}

pub fn decode(status: u16, body: &str) -> Result<Vec<Sighting>, Error> {
    Ok(sightings(decode::answer(Endpoint::Query, status, body)?.list("infos")?))
}

/// The conferences of a list. An entry without an id is left out.
pub(super) fn sightings(list: Vec<&RawValue>) -> Vec<Sighting> {
    let sighting = |entry: &RawValue| {
        let conference = Object::parse(entry.get()).ok()?;
        Some(Sighting { conference_id: conference.text("conferenceId")?, info: conference::info(&conference) })
    };
    list.into_iter().filter_map(sighting).collect()
}
