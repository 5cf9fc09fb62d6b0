//! `GET /v1.0/conference/orgConferences?maxResults=&nextToken=`: the organisation's meetings in progress, a page at a
//! time.

use super::client::{Call, Client};
use super::error::Error;
use super::{decode, query};
use crate::domain::conference::Sighting;
use crate::domain::endpoint::Endpoint;

/// One page of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The meetings on it.
    pub sightings: Vec<Sighting>,
    /// What asks for the next page; `None` on the last.
    pub next_token: Option<String>,
}

impl Client {
    /// One page of at most `max_results` meetings.
    pub async fn org_conferences(&self, max_results: u32, next_token: Option<&str>) -> Result<Page, Error> {
        let path = vec!["v1.0", "conference", "orgConferences"];
        let mut query = vec![("maxResults", max_results.to_string())];
        query.extend(next_token.map(|token| ("nextToken", token.to_owned())));
        self.call(Call::get(Endpoint::OrgConferences, path, query), decode).await
    }
}

pub fn decode(status: u16, body: &str) -> Result<Page, Error> {
    let answer = decode::answer(Endpoint::OrgConferences, status, body)?;
    Ok(Page {
        sightings: query::sightings(answer.list("onGoingConfList")?),
        next_token: answer.fields.text("nextToken").filter(|_| answer.fields.flag("hasMore") != Some(false)),
    })
}
