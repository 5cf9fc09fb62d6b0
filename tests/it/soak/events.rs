//! What a seed draws about pushed events: how they come, and what goes wrong with them and their connection.

use std::time::Duration;

use recording_archiver::config::Config;
use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::{Answer, Endpoint, Event as Pushed, Fault, Meeting, Random, StreamBehaviour};
use serde_json::json;

use super::countdown::{CrashPoint, Occurrence};
use crate::world::{MIDNIGHT, hours, minutes};

/// The stream of random numbers that are drawn from here.
const STREAM: u64 = 79;

/// Frames that no page has.
const FRAMES: [&str; 6] = [
    "{\"type\":",
    "[]",
    r#"{"type":"EVENT","headers":{"topic":"*"},"data":"{}"}"#,
    r#"{"type":"CALLBACK","headers":{"topic":"/v1.0/card/instances/callback","messageId":"c1"},"data":"{}"}"#,
    r#"{"type":"SYSTEM","headers":{"topic":"welcome","messageId":"s1"}}"#,
    r#"{"specVersion":"9","type":"NEWS","headers":{"messageId":7},"data":{"a":1}}"#,
];

/// Something that happens to the connection for events, or over it.
#[derive(Clone, Debug)]
pub(crate) enum StreamEvent {
    /// The connections that are open die without a word; those to come do too if `new_too`.
    Silence {
        new_too: bool,
    },
    SilenceEnds,
    /// Each connection is told to leave.
    Disconnect,
    /// Each connection is reset.
    Drop,
    Ping,
    /// Tickets have expired when they arrive; or they are good again.
    TicketsExpire(bool),
    /// Another program with the same app connects.
    RivalComes,
    RivalLeaves,
    Frame(&'static str),
    Push(Pushed),
    /// From here on, events tell of so many of a hundred meetings.
    Cover(u8),
}

impl StreamEvent {
    /// What happens, for the report.
    pub(crate) const fn name(&self) -> Option<&'static str> {
        match self {
            Self::Silence { new_too: false } => Some("connection for events that falls silent"),
            Self::Silence { new_too: true } => Some("silence over every connection for events"),
            Self::Disconnect => Some("connection for events that is told to leave"),
            Self::Drop => Some("connection for events that is reset"),
            Self::Ping => Some("ping over the connection for events"),
            Self::TicketsExpire(true) => Some("time in which tickets expire at once"),
            Self::RivalComes => Some("connection for events of another program"),
            Self::Frame(_) => Some("frame that no page has"),
            Self::Push(_) => Some("event that tells nothing, or of nobody's meeting"),
            Self::Cover(0) => Some("end of all events"),
            Self::SilenceEnds | Self::TicketsExpire(false) | Self::RivalLeaves | Self::Cover(_) => None,
        }
    }
}

/// A month's events.
pub(crate) struct Stream {
    pub(crate) behaviour: StreamBehaviour,
    pub(crate) happenings: Vec<(Timestamp, StreamEvent)>,
    pub(crate) faults: Vec<Fault>,
    random: Random,
}

impl Stream {
    /// Draws them; `None`: a month without. In a calm one, nothing is lost.
    pub(crate) fn draw(
        seed: u64,
        meetings: &[Meeting],
        last_end: Timestamp,
        is_calm: bool,
        config: &mut Config,
    ) -> Option<Self> {
        let mut random = Random::new(seed, STREAM);
        if !random.chance(50) {
            return None;
        }
        let mut behaviour = StreamBehaviour::drawn(seed);
        behaviour.doubled_percent = *random.pick(&[0, 0, 30]);
        behaviour.pushes_per_month = None;
        config.events.stream = true;
        config.quota.pushes_per_month = 0;
        let (mut happenings, mut faults) = (Vec::new(), Vec::new());
        let at = |random: &mut Random| {
            if random.chance(50) {
                return random.pick(meetings).starts_at + random.time(Duration::ZERO, minutes(90));
            }
            MIDNIGHT + random.time(Duration::ZERO, last_end.since(MIDNIGHT))
        };
        for number in 0..random.between(0, 4) {
            let harmless = match random.between(0, 3) {
                0 => StreamEvent::Disconnect,
                1 => StreamEvent::Ping,
                2 => StreamEvent::Frame(random.pick::<&str>(&FRAMES)),
                _ => StreamEvent::Push(untold(&mut random, number)),
            };
            happenings.push((at(&mut random), harmless));
        }
        if !is_calm {
            behaviour.lost_percent = *random.pick(&[0, 0, 0, 10, 30]);
            behaviour.covered_percent = *random.pick(&[100, 100, 100, 50, 0]);
            behaviour.late_percent = *random.pick(&[0, 0, 0, 20]);
            behaviour.pushes_per_month = *random.pick(&[None, Some(3_000), Some(100), Some(30)]);
            config.quota.pushes_per_month = behaviour.pushes_per_month.unwrap_or(0);
            for number in 4..4 + random.between(0, 5) {
                let at = at(&mut random);
                let (harm, lasts, end) = match random.between(0, 6) {
                    0 => (StreamEvent::Silence { new_too: false }, hours(1), Some(StreamEvent::SilenceEnds)),
                    1 => (StreamEvent::Silence { new_too: true }, hours(12), Some(StreamEvent::SilenceEnds)),
                    2 => (StreamEvent::Drop, Duration::ZERO, None),
                    3 => (StreamEvent::TicketsExpire(true), hours(12), Some(StreamEvent::TicketsExpire(false))),
                    4 => (StreamEvent::RivalComes, hours(200), Some(StreamEvent::RivalLeaves)),
                    5 => (StreamEvent::Cover(0), hours(200), Some(StreamEvent::Cover(behaviour.covered_percent))),
                    _ => (StreamEvent::Push(nobodys(&mut random, number)), Duration::ZERO, None),
                };
                happenings.push((at, harm));
                happenings.extend(end.map(|end| (at + random.time(minutes(1), lasts), end)));
            }
            faults.extend((0..random.between(0, 2)).map(|_| refusal(&mut random, last_end)));
        }
        Some(Self { behaviour, happenings, faults, random })
    }

    /// Has some processes end while they open a connection, write what has come over it, or are about to acknowledge that.
    pub(crate) fn draw_crash(&mut self, point: &mut CrashPoint) {
        let (at, most_times, most_steps) = match self.random.between(0, 9) {
            0 => (Occurrence::Call(Endpoint::OpenConnection), 2, 60),
            1 | 2 => (Occurrence::Push, 12, 60),
            3 | 4 => (Occurrence::Acknowledgement, 12, 0),
            _ => return,
        };
        let mut number = |low, high| u32::try_from(self.random.between(low, high)).unwrap();
        *point = CrashPoint { times: number(1, most_times), at, steps: number(0, most_steps) };
    }
}

/// How the gateway refuses for a while.
fn refusal(random: &mut Random, last_end: Timestamp) -> Fault {
    let raw = |status, body: &str| Answer::Raw { status, body: body.to_owned() };
    let answers = [
        Answer::error("authFailed"),
        raw(400, r#"{"message":"bad request"}"#),
        raw(503, "upstream connect error"),
        Answer::error("system.busy").with_retry_after(600),
        Answer::error("systemError"),
        Answer::Html,
        Answer::Truncated,
        Answer::Reset,
        raw(200, r#"{"endpoint":"ws://192.0.2.7/connect","ticket":"t"}"#),
    ];
    let begins = MIDNIGHT + random.time(Duration::ZERO, last_end.since(MIDNIGHT));
    let lasts = random.time(minutes(1), hours(24));
    Fault::new(random.pick(&answers).clone()).on(Endpoint::OpenConnection).from(begins).until(begins + lasts)
}

/// An event from which nothing follows.
fn untold(random: &mut Random, number: u64) -> Pushed {
    let event_type = *random.pick(&[
        "meeting_member_status_change",
        "meeting_asr_result_event",
        "user_add_org",
        "meeting_status_change",
        "flash_minutes_open_event",
    ]);
    let data = *random.pick(&[
        "",
        "null",
        "no JSON",
        "{}",
        r#"{"openConfModel":{"conferenceId":"a b"},"changeScene":"conference_closed"}"#,
    ]);
    event(number, event_type, None, data.to_owned())
}

/// An event of a meeting that nobody knows anything of.
fn nobodys(random: &mut Random, number: u64) -> Pushed {
    let id = format!("nobodys-{number}");
    let mut data = json!({ "openConfModel": { "conferenceId": id } });
    let event_type = if random.chance(50) {
        data["changeScene"] = json!(*random.pick(&["conference_created", "conference_closed"]));
        data["statusSeqNum"] = random.pick(&[json!(1), json!("2"), json!(null)]).clone();
        "meeting_status_change"
    } else {
        data["bizType"] = json!("cloud_record");
        data["minutesEventType"] = json!("video_generated");
        "flash_minutes_open_event"
    };
    event(number, event_type, Some(id), data.to_string())
}

fn event(number: u64, event_type: &str, conference_id: Option<String>, data: String) -> Pushed {
    Pushed {
        event_id: format!("made-{number}"),
        event_type: event_type.to_owned(),
        conference_id,
        born_at: MIDNIGHT,
        data,
    }
}
