//! `POST …/{conferenceId}/cloudRecords/start` and `…/stop`: starts and stops a cloud recording. Only the host may.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::client::{Call, Client};
use super::endpoint::Endpoint;
use super::error::Error;
use super::wire;

/// `{"code":"200"}`. The gate has seen to it that it is no other code; one without a code is not DingTalk's.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "code", alias = "Code", deserialize_with = "present")]
    _code: (),
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    wire::text(deserializer)?.map(drop).ok_or_else(|| D::Error::custom("no code"))
}

impl Client {
    /// Starts a recording as `union_id`. `mode` is `grid`, `speech` or `full_screen`; `window` is `relative_right`,
    /// `float_right` or `float_bottom`.
    pub async fn record_start(
        &self,
        conference_id: &str,
        union_id: &str,
        mode: Option<&str>,
        window: Option<&str>,
    ) -> Result<(), Error> {
        let mut body = json!({ "unionId": union_id });
        for (key, value) in [("mode", mode), ("smallWindowPosition", window)] {
            if let Some(value) = value {
                body[key] = Value::from(value);
            }
        }
        self.record(Endpoint::RecordStart, conference_id, "start", body).await
    }

    /// Stops a recording as `union_id`. The meeting goes on.
    pub async fn record_stop(&self, conference_id: &str, union_id: &str) -> Result<(), Error> {
        self.record(Endpoint::RecordStop, conference_id, "stop", json!({ "unionId": union_id })).await
    }

    async fn record(&self, endpoint: Endpoint, conference_id: &str, verb: &str, body: Value) -> Result<(), Error> {
        let path = vec!["v1.0", "conference", "videoConferences", conference_id, "cloudRecords", verb];
        let Answer { .. } = self.call(Call::post(endpoint, path, body)).await?;
        Ok(())
    }
}
