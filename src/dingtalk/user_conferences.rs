//! `GET /v1.0/conference/users/lists?unionId=`: the ids of the meetings that one user is in.

use serde::Deserialize;

use super::client::{Call, Client};
use super::endpoint::Endpoint;
use super::error::Error;
use super::wire;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    #[serde(deserialize_with = "wire::texts")]
    on_going_conf_id_list: Vec<String>,
}

impl Client {
    /// The `conferenceId`s of the meetings that `union_id` is in.
    pub async fn user_conferences(&self, union_id: &str) -> Result<Vec<String>, Error> {
        let path = vec!["v1.0", "conference", "users", "lists"];
        let query = vec![("unionId", union_id.to_owned())];
        let answer: Answer = self.call(Call::get(Endpoint::UserConferences, path, query)).await?;
        Ok(answer.into())
    }
}

impl From<Answer> for Vec<String> {
    fn from(answer: Answer) -> Self {
        answer.on_going_conf_id_list
    }
}
