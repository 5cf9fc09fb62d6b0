//! What happens in an organisation, as DingTalk announces it. Follows from the truth alone.

use serde_json::{Value, json};

use crate::domain::clock::{Timestamp, millis};
use crate::simulator::meeting::{Meeting, Recording, Session};
use crate::simulator::organisation::Organisation;
use crate::simulator::random::Random;

use super::behaviour::{CreatedStatus, Noise, StreamBehaviour};

/// The type of the events of a meeting's start and end.
const STATUS_CHANGE: &str = "meeting_status_change";
/// The type of those of whoever joins or leaves.
const MEMBER_CHANGE: &str = "meeting_member_status_change";
/// The type of those of videos and minutes.
const FLASH_MINUTES: &str = "flash_minutes_open_event";

/// An event as it is pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The same each time it is pushed.
    pub event_id: String,
    /// `meeting_status_change`, for example.
    pub event_type: String,
    /// Which meeting it is about, where it is about one.
    pub conference_id: Option<String>,
    /// When what it announces came to pass.
    pub born_at: Timestamp,
    /// What it says: JSON, where the test wants no other thing.
    pub data: String,
}

/// Something that comes to pass, and of which an event will tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Birth {
    pub(super) born_at: Timestamp,
    pub(super) conference_id: String,
    pub(super) what: What,
}

/// What comes to pass. What comes at one instant comes in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// The start of that session.
    Created(usize),
    /// In that session, that user joins.
    Joined(usize, usize),
    /// In that session, that user leaves.
    Left(usize, usize),
    /// The end of that session.
    Closed(usize),
    /// That recording is listed.
    Video(usize),
    /// The summary of that recording is there.
    Summary(usize),
}

/// Everything that ever comes to pass in a meeting.
pub(super) fn births(meeting: &Meeting, noise: Noise) -> impl Iterator<Item = (Timestamp, What)> {
    let members = if noise >= Noise::MinutesAndMembers { meeting.users.len() } else { 0 };
    let of_session = move |(n, session): (usize, Session)| {
        let joined = (0..members).map(move |user| (session.starts_at, What::Joined(n, user)));
        let left = (0..members).map(move |user| (session.ends_at, What::Left(n, user)));
        let ends = [(session.starts_at, What::Created(n)), (session.ends_at, What::Closed(n))];
        ends.into_iter().chain(joined).chain(left)
    };
    let of_recording = move |(n, recording): (usize, &Recording)| {
        let is_ever_listed = recording.listed_until.is_none_or(|until| recording.listed_from < until);
        let video = is_ever_listed.then_some((recording.listed_from, What::Video(n)));
        let summary = video.filter(|_| noise >= Noise::Minutes).map(|(at, _)| (at, What::Summary(n)));
        video.into_iter().chain(summary)
    };
    meeting
        .sessions()
        .enumerate()
        .flat_map(of_session)
        .chain(meeting.recordings.iter().enumerate().flat_map(of_recording))
}

impl Birth {
    /// The id of its event.
    pub(super) fn event_id(&self, behaviour: &StreamBehaviour) -> String {
        let key = format!("event {} {} {:?}", self.conference_id, self.born_at.as_millis(), self.what);
        uuid(&mut behaviour.random(&key))
    }

    /// Its event, unless the truth has changed so that there is nothing to tell.
    pub(super) fn event(&self, organisation: &Organisation, behaviour: &StreamBehaviour) -> Option<Event> {
        let meeting = organisation.meeting(&self.conference_id)?;
        let session = |n: usize| meeting.sessions().nth(n);
        let (event_type, data) = match self.what {
            What::Created(n) | What::Closed(n) => (STATUS_CHANGE, self.status_change(meeting, session(n)?, behaviour)),
            What::Joined(n, user) | What::Left(n, user) => {
                let mut data = self.status_change(meeting, session(n)?, behaviour);
                let user = meeting.users.get(user)?;
                data["openMemberModel"] = json!({ "unionId": user.union_id, "userNick": user.nick });
                (MEMBER_CHANGE, data)
            }
            What::Video(n) => (FLASH_MINUTES, flash_minutes(meeting, meeting.recordings.get(n)?, false)),
            What::Summary(n) => (FLASH_MINUTES, flash_minutes(meeting, meeting.recordings.get(n)?, true)),
        };
        Some(Event {
            event_id: self.event_id(behaviour),
            event_type: event_type.to_owned(),
            conference_id: Some(self.conference_id.clone()),
            born_at: self.born_at,
            data: data.to_string(),
        })
    }

    fn status_change(&self, meeting: &Meeting, session: Session, behaviour: &StreamBehaviour) -> Value {
        let is_over = matches!(self.what, What::Closed(_));
        let status = match behaviour.created_status {
            CreatedStatus::InProgress if !is_over => 2,
            CreatedStatus::InProgress | CreatedStatus::Ended => 1,
        };
        let people = meeting.users.len();
        let mut model = json!({
            "conferenceId": meeting.conference_id,
            "title": meeting.title,
            "creatorId": meeting.creator_union_id,
            "creatorNick": meeting.creator_nick,
            "bizType": meeting.biz_type,
            "startTime": session.starts_at.as_millis(),
            "confDuration": millis(self.born_at.since(session.starts_at)),
            "status": status,
            "activeNum": if is_over { 0 } else { people },
            "attendNum": people,
            "invitedNum": people,
        });
        if let Some(schedule) = &meeting.schedule_conference_id {
            model["bizScene"] = json!("autoCall");
            model["scheduleConferenceId"] = json!(schedule);
            model["calendarEventId"] = json!(format!("UUNo{schedule}"));
        }
        let scene = match self.what {
            What::Joined(..) => "member_joined",
            What::Left(..) => "member_left",
            What::Closed(_) => "conference_closed",
            What::Created(_) | What::Video(_) | What::Summary(_) => "conference_created",
        };
        json!({
            "openConfModel": model,
            "statusSeqNum": self.sequence_number(meeting, behaviour.noise),
            "changeScene": scene,
        })
    }

    /// The how-manieth of its meeting's status and member events it is.
    fn sequence_number(&self, meeting: &Meeting, noise: Noise) -> usize {
        let is_counted = |what: &What| !matches!(what, What::Video(_) | What::Summary(_));
        let before = births(meeting, noise).filter(|birth| is_counted(&birth.1) && *birth < (self.born_at, self.what));
        before.count() + 1
    }
}

fn flash_minutes(meeting: &Meeting, recording: &Recording, is_summary: bool) -> Value {
    let mut model = json!({ "conferenceId": meeting.conference_id });
    if let Some(schedule) = &meeting.schedule_conference_id {
        model["scheduleConferenceId"] = json!(schedule);
    }
    if is_summary {
        json!({
            "openConfModel": model,
            "bizType": "minutes",
            "minutesEventType": "summary_generated",
            "minutesTaskId": recording.media_id,
        })
    } else {
        json!({ "openConfModel": model, "bizType": "cloud_record", "minutesEventType": "video_generated" })
    }
}

/// A random UUID.
pub(super) fn uuid(random: &mut Random) -> String {
    let [head, second, third, fourth, tail] = [8, 4, 3, 3, 12].map(|length| random.hex(length));
    format!("{head}-{second}-4{third}-8{fourth}-{tail}")
}
