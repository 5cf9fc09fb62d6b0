//! `GET /v1.0/conference/roomCodes/{roomCode}/infos?maxResults=&nextToken=`: the meetings of a room code, those that are
//! over too, a page at a time. Recurring meetings share one code. How far back it reaches stands nowhere.

use super::client::{Call, Client};
use super::decode;
use super::error::Error;
use super::page::{self, Page};
use crate::domain::endpoint::Endpoint;

impl Client {
    /// One page of at most `max_results` meetings of `room_code`.
    pub async fn room_conferences(
        &self,
        room_code: &str,
        max_results: u32,
        next_token: Option<&str>,
    ) -> Result<Page, Error> {
        let path = vec!["v1.0", "conference", "roomCodes", room_code, "infos"];
        self.call(Call::get(Endpoint::RoomConferences, path, page::ask(max_results, next_token)), decode).await
    }
}

pub fn decode(status: u16, body: &str) -> Result<Page, Error> {
    page::read(&decode::answer(Endpoint::RoomConferences, status, body)?, "conferenceList")
}
