//! The frames of a Stream-mode connection: JSON in JSON.

use serde_json::json;

use crate::dingtalk::conference;
use crate::dingtalk::wire::Object;
use crate::domain::conference::{ConferenceInfo, check_conference_id};
use crate::domain::event::{Event, EventType, Happened, Push};

/// No `eventId` or `messageId` comes near it.
const LONGEST_ID_BYTES: usize = 256;

/// What came down the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Asks whether we are there; the data goes back as it came.
    Ping { message_id: String, data: String },
    /// Nothing comes over this connection any more.
    Disconnect,
    /// An event, to be acknowledged once it is written down.
    Push { message_id: String, push: Box<Push> },
    /// Something that nobody subscribed to.
    Unasked { message_id: String },
}

/// What a frame is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It is done; of a ping, with its data.
    Pong(&'a str),
    Done,
    /// To be pushed again.
    Later,
    /// Nobody here handles it.
    NotFound,
}

/// Reads a frame; `None` if it cannot be answered, or is no frame.
pub fn decode(text: &str) -> Option<Frame> {
    let frame = Object::parse(text).ok()?;
    let headers = frame.object("headers")?;
    let data = frame.text("data").unwrap_or_default();
    let topic = headers.text("topic").unwrap_or_default();
    let kind = frame.text("type").unwrap_or_default();
    if kind == "SYSTEM" && topic == "disconnect" {
        return Some(Frame::Disconnect);
    }
    let message_id = headers.text("messageId").filter(|id| id.len() <= LONGEST_ID_BYTES)?;
    match kind.as_str() {
        "SYSTEM" => Some(Frame::Ping { message_id, data }),
        "EVENT" => {
            let event_id = headers.text("eventId").filter(|id| id.len() <= LONGEST_ID_BYTES);
            let event_id = event_id.unwrap_or_else(|| message_id.clone());
            let event_type = EventType::named(&headers.text("eventType").unwrap_or_default());
            Some(Frame::Push {
                message_id,
                push: Box::new(Push { event_id, event_type, event: event(event_type, &data) }),
            })
        }
        _ => Some(Frame::Unasked { message_id }),
    }
}

/// What an event with this data tells; `None`: nothing that we know what to do with.
fn event(event_type: EventType, data: &str) -> Option<Event> {
    let data = Object::parse(data).ok()?;
    let model = data.object("openConfModel")?;
    let conference_id = model.text("conferenceId").filter(|id| check_conference_id(id).is_ok())?;
    let is = |key: &str, value: &str| data.text(key).as_deref() == Some(value);
    let happened = match event_type {
        EventType::MeetingStatusChange if is("changeScene", "conference_created") => Happened::Began,
        EventType::MeetingStatusChange if is("changeScene", "conference_closed") => Happened::Closed,
        EventType::FlashMinutesOpen if is("bizType", "cloud_record") && is("minutesEventType", "video_generated") => {
            Happened::VideoGenerated
        }
        _ => return None,
    };
    let info = match happened {
        Happened::VideoGenerated => ConferenceInfo::default(),
        Happened::Began | Happened::Closed => conference::info(&model),
    };
    Some(Event { conference_id, happened, sequence: data.number("statusSeqNum"), info })
}

/// The answer to the frame with this `messageId`.
pub(super) fn answer(message_id: &str, verdict: Verdict<'_>) -> String {
    let (code, message, data) = match verdict {
        Verdict::Pong(data) => (200, "OK", data.to_owned()),
        Verdict::Done => (200, "OK", status("SUCCESS")),
        Verdict::Later => (500, "it could not be written down", status("LATER")),
        Verdict::NotFound => (404, "nobody handles it", String::new()),
    };
    let headers = json!({ "messageId": message_id, "contentType": "application/json" });
    json!({ "code": code, "headers": headers, "message": message, "data": data }).to_string()
}

fn status(word: &str) -> String {
    json!({ "status": word }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(event_type: &str, data: &str) -> String {
        let headers = json!({
            "topic": "*", "messageId": "d1", "contentType": "application/json", "time": "1684215608570",
            "eventType": event_type, "eventId": "e1", "eventBornTime": "1684215608570"
        });
        json!({ "specVersion": "1.0", "type": "EVENT", "headers": headers, "data": data }).to_string()
    }

    fn pushed(event_type: &str, data: &str) -> Push {
        match decode(&frame(event_type, data)) {
            Some(Frame::Push { push, .. }) => *push,
            other => panic!("{other:?}"),
        }
    }

    /// The page's own sample.
    const CREATED: &str = r#"{"openConfModel":{"conferenceId":"6321xxx","title":"weekly","creatorId":"WFBkgxxx","creatorNick":"xxx",
        "bizType":"3","bizScene":"autoCall","startTime":1684215608570,"confDuration":1000,"status":1,"activeNum":10,
        "attendNum":6,"invitedNum":10,"scheduleConferenceId":"f2fbxxx","calendarEventId":"UUNoxxx"},
        "statusSeqNum":1,"changeScene":"conference_created"}"#;

    #[test]
    fn what_happened_is_what_change_scene_says_and_not_the_status() {
        let event = pushed("meeting_status_change", CREATED).event.unwrap();
        assert_eq!(
            (event.conference_id.as_str(), event.happened, event.sequence),
            ("6321xxx", Happened::Began, Some(1))
        );
        assert_eq!(event.info.schedule_conference_id.as_deref(), Some("f2fbxxx"));
        let closed = CREATED.replace("conference_created", "conference_closed");
        assert_eq!(pushed("meeting_status_change", &closed).event.unwrap().happened, Happened::Closed);
    }

    #[test]
    fn a_recording_is_finished_where_a_cloud_record_says_so() {
        let data = |biz_type: &str, event: &str| {
            json!({ "openConfModel": { "conferenceId": "6321xxx" }, "bizType": biz_type, "minutesEventType": event })
                .to_string()
        };
        let happened = |data: &str| pushed("flash_minutes_open_event", data).event.map(|event| event.happened);
        assert_eq!(happened(&data("cloud_record", "video_generated")), Some(Happened::VideoGenerated));
        assert_eq!(happened(&data("cloud_record", "summary_generated")), None);
        assert_eq!(happened(&data("minutes", "video_generated")), None);
    }

    #[test]
    fn an_event_that_says_nothing_to_us_is_still_a_push() {
        for (event_type, data) in [
            ("meeting_member_status_change", CREATED),
            ("meeting_status_change", "{}"),
            ("meeting_status_change", "no JSON"),
            ("meeting_status_change", r#"{"openConfModel":{"conferenceId":".."},"changeScene":"conference_closed"}"#),
            ("something_new", CREATED),
        ] {
            assert_eq!(pushed(event_type, data).event, None, "{event_type} {data}");
        }
        assert_eq!(pushed("something_new", "").event_type, EventType::Other);
    }

    #[test]
    fn system_frames_are_read_without_what_their_samples_lack() {
        let ping = r#"{"type":"SYSTEM","headers":{"topic":"ping","messageId":"p1"},"data":"{\"opaque\":\"x\"}"}"#;
        let data = r#"{"opaque":"x"}"#;
        assert_eq!(decode(ping), Some(Frame::Ping { message_id: "p1".to_owned(), data: data.to_owned() }));
        let answer: serde_json::Value = serde_json::from_str(&answer("p1", Verdict::Pong(data))).unwrap();
        assert_eq!((&answer["code"], &answer["data"]), (&json!(200), &json!(data)));
        let disconnect = r#"{"type":"SYSTEM","headers":{"topic":"disconnect"},"data":"{\"reason\":\"x\"}"}"#;
        assert_eq!(decode(disconnect), Some(Frame::Disconnect));
        for junk in ["", "[]", "{}", r#"{"type":"EVENT","headers":{}}"#, r#"{"type":"EVENT"}"#] {
            assert_eq!(decode(junk), None, "{junk}");
        }
        let callback = r#"{"type":"CALLBACK","headers":{"topic":"x","messageId":"c1"}}"#;
        assert_eq!(decode(callback), Some(Frame::Unasked { message_id: "c1".to_owned() }));
    }
}
