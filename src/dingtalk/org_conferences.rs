//! `GET /v1.0/conference/orgConferences?maxResults=&nextToken=`: the organisation's meetings in progress, a page at a
//! time.

use super::client::{Call, Client};
use super::decode;
use super::error::Error;
use super::page::{self, Page};
use crate::domain::endpoint::Endpoint;

impl Client {
    /// One page of at most `max_results` meetings.
    pub async fn org_conferences(&self, max_results: u32, next_token: Option<&str>) -> Result<Page, Error> {
        let path = vec!["v1.0", "conference", "orgConferences"];
        self.call(Call::get(Endpoint::OrgConferences, path, page::ask(max_results, next_token)), decode).await
    }
}

pub fn decode(status: u16, body: &str) -> Result<Page, Error> {
    page::read(&decode::answer(Endpoint::OrgConferences, status, body)?, "onGoingConfList")
}
