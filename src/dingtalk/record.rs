//! `POST …/{conferenceId}/cloudRecords/start` and `…/stop`: starts and stops a cloud recording. Only the host may.

use serde_json::{Value, json};

use super::client::{Call, Client};
use super::decode;
use super::error::Error;
use crate::domain::endpoint::Endpoint;

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
        let path = vec!["v1.0", "conference", "videoConferences", conference_id, "cloudRecords", "start"];
        let mut body = json!({ "unionId": union_id });
        for (key, value) in [("mode", mode), ("smallWindowPosition", window)] {
            if let Some(value) = value {
                body[key] = Value::from(value);
            }
        }
        let decode = |status, body: &str| decode(Endpoint::RecordStart, status, body);
        self.call(Call::post(Endpoint::RecordStart, path, body), decode).await
    }

    /// Stops a recording as `union_id`. The meeting goes on.
    pub async fn record_stop(&self, conference_id: &str, union_id: &str) -> Result<(), Error> {
        let path = vec!["v1.0", "conference", "videoConferences", conference_id, "cloudRecords", "stop"];
        let body = json!({ "unionId": union_id });
        let decode = |status, body: &str| decode(Endpoint::RecordStop, status, body);
        self.call(Call::post(Endpoint::RecordStop, path, body), decode).await
    }
}

/// `{"code":"200"}`. Any other code is an error, and an object without a code is not DingTalk's.
pub fn decode(endpoint: Endpoint, status: u16, body: &str) -> Result<(), Error> {
    let answer = decode::answer(endpoint, status, body)?;
    let code = answer.fields.text("code").or_else(|| answer.fields.text("Code"));
    answer.required(code, "a code").map(drop)
}
