//! `GET /v1.0/conference/scheduleConferences/{scheduleConferenceId}/infos?requestUnionId=`: what is planned for a booking,
//! of which its room code matters here.

use super::client::{Call, Client};
use super::decode;
use super::error::Error;
use crate::domain::endpoint::Endpoint;

impl Client {
    /// The room code of a booking, asked as `union_id`; `None` if it has none.
    pub async fn booked_room_code(
        &self,
        schedule_conference_id: &str,
        union_id: &str,
    ) -> Result<Option<String>, Error> {
        let path = vec!["v1.0", "conference", "scheduleConferences", schedule_conference_id, "infos"];
        let query = vec![("requestUnionId", union_id.to_owned())];
        self.call(Call::get(Endpoint::Booking, path, query), decode).await
    }
}

pub fn decode(status: u16, body: &str) -> Result<Option<String>, Error> {
    let answer = decode::answer(Endpoint::Booking, status, body)?;
    let room_code = answer.fields.text("roomCode");
    // Somebody else's answer has neither.
    let is_dingtalks = room_code.is_some() || answer.fields.text("scheduleConferenceId").is_some();
    answer.required(is_dingtalks.then_some(room_code), "scheduleConferenceId")
}
