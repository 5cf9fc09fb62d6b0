//! What DingTalk pushes, as far as anything follows from it.
//!
//! No I/O. Rests on the pages of the events `meeting_status_change` and `flash_minutes_open_event`.

use std::fmt;

use super::conference::ConferenceInfo;

/// A push that arrived: an event, for the first time or once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// `eventId`: the same each time it is pushed.
    pub event_id: String,
    pub event_type: EventType,
    /// `None`: nothing follows from it.
    pub event: Option<Event>,
}

/// What happened to a conference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub conference_id: String,
    pub happened: Happened,
    /// `statusSeqNum`: which of a conference's events came later.
    pub sequence: Option<i64>,
    /// Less than conference info says. Its status is no proof: the page's own sample has a created meeting as ended.
    pub info: ConferenceInfo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// `conference_created`
    Began,
    /// `conference_closed`
    Closed,
    /// `video_generated` of a `cloud_record`
    VideoGenerated,
}

/// `eventType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventType {
    MeetingStatusChange,
    FlashMinutesOpen,
    MeetingMemberStatusChange,
    MeetingAsrResult,
    /// Any other. They are counted together: whoever pushes must not be able to fill the catalog with ever new ones.
    Other,
}

impl EventType {
    /// The type of that name.
    pub fn named(name: &str) -> Self {
        let all = [
            Self::MeetingStatusChange,
            Self::FlashMinutesOpen,
            Self::MeetingMemberStatusChange,
            Self::MeetingAsrResult,
        ];
        all.into_iter().find(|event_type| event_type.as_str() == name).unwrap_or(Self::Other)
    }

    /// Its name, DingTalk's and the catalog's.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MeetingStatusChange => "meeting_status_change",
            Self::FlashMinutesOpen => "flash_minutes_open_event",
            Self::MeetingMemberStatusChange => "meeting_member_status_change",
            Self::MeetingAsrResult => "meeting_asr_result_event",
            Self::Other => "other",
        }
    }

    /// Whether such events come by the dozen in each meeting, and would spend a month's pushes within days.
    pub const fn eats_pushes(self) -> bool {
        matches!(self, Self::MeetingMemberStatusChange | Self::MeetingAsrResult)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
