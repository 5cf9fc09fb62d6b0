//! A call as it came in, and what it says.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::endpoint::Endpoint;

/// A call as it came in.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    /// The API that was called.
    pub(super) endpoint: Endpoint,
    /// The variable part of its path, decoded: a conferenceId, a roomCode, a scheduleConferenceId or a corpId.
    pub(super) path: Option<String>,
    /// Its query parameters.
    pub(super) query: HashMap<String, String>,
    /// Its `x-acs-dingtalk-access-token`.
    pub(super) token: Option<String>,
    /// Its body, where that is a JSON object.
    pub(super) body: Option<Map<String, Value>>,
}

impl Ask {
    /// The meetings it is about, or the room code or booking that holds them.
    pub(super) fn conference_ids(&self) -> Vec<String> {
        match (self.endpoint, &self.path) {
            (Endpoint::CorpToken, _) => Vec::new(),
            (_, Some(conference_id)) => vec![conference_id.clone()],
            (_, None) => self.conference_id_list().unwrap_or_default(),
        }
    }

    /// The unionId it asks as.
    pub(super) fn union_id(&self) -> Option<&str> {
        let given = self.query.get("unionId").map(String::as_str).or_else(|| self.text("unionId"));
        given.filter(|union_id| !union_id.is_empty())
    }

    /// A text of its body.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.body.as_ref()?.get(key)?.as_str()
    }

    pub(super) fn conference_id_list(&self) -> Option<Vec<String>> {
        let list = self.body.as_ref()?.get("conferenceIdList")?.as_array()?;
        list.iter().map(|id| id.as_str().map(str::to_owned)).collect()
    }

    /// The subscriptions of its body, as pairs of type and topic; none if they are written wrongly.
    pub(super) fn subscriptions(&self) -> Option<Vec<(&str, &str)>> {
        let list = self.body.as_ref()?.get("subscriptions")?.as_array()?;
        list.iter().map(|one| Some((one.get("type")?.as_str()?, one.get("topic")?.as_str()?))).collect()
    }

    /// Whether the body's `key` is missing or one of `allowed`.
    pub(super) fn is_one_of(&self, key: &str, allowed: &[&str]) -> bool {
        match self.body.as_ref().and_then(|body| body.get(key)) {
            None | Some(Value::Null) => true,
            Some(value) => value.as_str().is_some_and(|value| allowed.contains(&value)),
        }
    }
}
