//! `GET /v1.0/conference/videoConferences/scheduleConferences/{scheduleConferenceId}?maxResults=&nextToken=`: the last
//! meeting of a booking.

use super::client::{Call, Client};
use super::decode;
use super::error::Error;
use super::page::{self, Page};
use crate::domain::endpoint::Endpoint;

impl Client {
    /// One page of at most `max_results` meetings of the booking.
    pub async fn booked_conferences(
        &self,
        schedule_conference_id: &str,
        max_results: u32,
        next_token: Option<&str>,
    ) -> Result<Page, Error> {
        let path = vec!["v1.0", "conference", "videoConferences", "scheduleConferences", schedule_conference_id];
        self.call(Call::get(Endpoint::BookedConferences, path, page::ask(max_results, next_token)), decode).await
    }
}

pub fn decode(status: u16, body: &str) -> Result<Page, Error> {
    page::read(&decode::answer(Endpoint::BookedConferences, status, body)?, "conferenceList")
}
