//! Frames, key for key as the pages and the official clients have them.

use serde_json::{Value, json};

use crate::domain::clock::Timestamp;

use super::behaviour::{EventTopic, StreamBehaviour, SystemFrames};
use super::event::Event;

/// What a client said about a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushAnswer {
    /// Code 200, and `status` is absent or `SUCCESS`.
    Acknowledged,
    /// Anything else.
    Refused {
        /// Its code; 0 if it has none.
        code: i64,
        /// The `status` in its data.
        status: Option<String>,
    },
}

/// A frame that came up.
#[derive(Debug)]
pub(super) struct Up {
    pub(super) message_id: String,
    pub(super) answer: PushAnswer,
    pub(super) data: Option<String>,
}

impl Up {
    /// None if it is no answer to anything.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let frame: Value = serde_json::from_str(text).ok()?;
        let message_id = frame["headers"]["messageId"].as_str()?.to_owned();
        let code = frame["code"].as_i64().unwrap_or(0);
        let data = frame["data"].as_str();
        let inner: Option<Value> = data.and_then(|data| serde_json::from_str(data).ok());
        let status = inner.and_then(|inner| inner.get("status")?.as_str().map(str::to_owned));
        let is_done = code == 200 && status.as_deref().is_none_or(|status| status == "SUCCESS");
        let answer = if is_done { PushAnswer::Acknowledged } else { PushAnswer::Refused { code, status } };
        Some(Self { message_id, answer, data: data.map(str::to_owned) })
    }
}

/// A push of an event. All header values are strings.
pub(super) fn event(event: &Event, message_id: &str, behaviour: &StreamBehaviour, now: Timestamp) -> String {
    let topic = match behaviour.topic {
        EventTopic::Star => "*",
        EventTopic::DingTalk => "dingTalk",
    };
    json!({
        "specVersion": "1.0",
        "type": "EVENT",
        "headers": {
            "topic": topic,
            "messageId": message_id,
            "contentType": "application/json",
            "time": now.as_millis().to_string(),
            "eventType": event.event_type,
            "eventId": event.event_id,
            "eventCorpId": "dingxxxcorp",
            "eventBornTime": event.born_at.as_millis().to_string(),
            "eventUnifiedAppId": "00000000-0000-4000-8000-000000000000",
        },
        "data": event.data,
    })
    .to_string()
}

/// A ping, and the data that comes back.
pub(super) fn ping(message_id: &str, frames: SystemFrames, now: Timestamp) -> (String, String) {
    let data = json!({ "opaque": message_id }).to_string();
    let mut frame = json!({
        "type": "SYSTEM",
        "headers": {
            "topic": "ping",
            "messageId": message_id,
            "contentType": "application/json",
            "time": now.as_millis().to_string(),
        },
        "data": data,
    });
    if frames == SystemFrames::Complete {
        frame["specVersion"] = json!("1.0");
    }
    (frame.to_string(), data)
}

/// Tells a client to leave.
pub(super) fn disconnect(message_id: &str, frames: SystemFrames, now: Timestamp) -> String {
    let mut frame = json!({
        "type": "SYSTEM",
        "headers": { "topic": "disconnect", "contentType": "application/json" },
        "data": json!({ "reason": "persistent connection is timeout" }).to_string(),
    });
    if frames == SystemFrames::Complete {
        frame["specVersion"] = json!("1.0");
        frame["headers"]["messageId"] = json!(message_id);
        frame["headers"]["time"] = json!(now.as_millis().to_string());
    }
    frame.to_string()
}

/// What an answer of the gateway looks like to whoever did not ask for JSON.
pub(in crate::simulator) fn xml(body: &Value) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let fields = body.as_object().into_iter().flatten().map(|(key, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("<{key}>{}</{key}>", escaped(&text))
    });
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><response>{}</response>", fields.collect::<String>())
}
