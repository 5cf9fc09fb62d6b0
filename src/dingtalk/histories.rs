//! `GET /v1.0/conference/videoConferences/histories/dataLists?startTime=&endTime=&maxResults=&nextToken=`: the
//! organisation's meetings that are over, a page at a time. Closed to new apps since 2023-09: a refusal is normal.

use super::client::{Call, Client};
use super::decode;
use super::error::Error;
use super::page::{self, Page};
use crate::domain::clock::Timestamp;
use crate::domain::conference::Status;
use crate::domain::endpoint::Endpoint;

impl Client {
    /// One page of at most `max_results` meetings between two instants.
    pub async fn histories(
        &self,
        from: Timestamp,
        to: Timestamp,
        max_results: u32,
        next_token: Option<&str>,
    ) -> Result<Page, Error> {
        let path = vec!["v1.0", "conference", "videoConferences", "histories", "dataLists"];
        let mut query = vec![("startTime", from.as_millis().to_string()), ("endTime", to.as_millis().to_string())];
        query.extend(page::ask(max_results, next_token));
        self.call(Call::get(Endpoint::Histories, path, query), decode).await
    }
}

pub fn decode(status: u16, body: &str) -> Result<Page, Error> {
    let mut page = page::read(&decode::answer(Endpoint::Histories, status, body)?, "list")?;
    // An entry has no status: all of them are over.
    for sighting in &mut page.sightings {
        sighting.info.status = Status::Ended;
    }
    Ok(page)
}
