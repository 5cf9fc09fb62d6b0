//! `GET /v1.0/conference/users/lists?unionId=`: the ids of the meetings that one user is in.

use super::client::{Call, Client};
use super::error::Error;
use super::{decode, wire};
use crate::domain::endpoint::Endpoint;

impl Client {
    /// The `conferenceId`s of the meetings that `union_id` is in.
    pub async fn user_conferences(&self, union_id: &str) -> Result<Vec<String>, Error> {
        let path = vec!["v1.0", "conference", "users", "lists"];
        let query = vec![("unionId", union_id.to_owned())];
        self.call(Call::get(Endpoint::UserConferences, path, query), decode).await
    }
}

pub fn decode(status: u16, body: &str) -> Result<Vec<String>, Error> {
    let answer = decode::answer(Endpoint::UserConferences, status, body)?;
    Ok(answer.list("onGoingConfIdList")?.into_iter().filter_map(wire::text).collect())
}
