//! `POST …/{conferenceId}/cloudRecords/start` and `…/stop`: starts and stops a cloud recording. Only the host may.

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Call, Client};
use super::endpoint::Endpoint;
use super::error::Error;
use super::wire;

/// `{"code":"200"}`. The gate has seen to it that it is no other code; one without a code is not DingTalk's.
#[derive(Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Answer;

#[derive(Deserialize)]
struct Written {
    #[serde(default, deserialize_with = "wire::text")]
    code: Option<String>,
    #[serde(rename = "Code", default, deserialize_with = "wire::text")]
    capitalised: Option<String>,
}

impl TryFrom<Written> for Answer {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, &'static str> {
        written.code.or(written.capitalised).map(|_| Self).ok_or("no code")
    }
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
        let Answer = self.call(Call::post(endpoint, path, body)).await?;
        Ok(())
    }
}
