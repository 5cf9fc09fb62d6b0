//! The life of a conference, on one page.
//!
//! No I/O. [`observe`] says everything that follows from one observation; no other place changes a conference's state.
//! The cells give the state that follows and when it is asked about next. "Asked at once" means by conference info, in
//! the same pass.
//!
//! | state        | shown in progress | not shown      | info: not started | info: in progress | info: ended | list was read                         | refused                    | only errors                | watched | retried |
//! |--------------|-------------------|----------------|-------------------|-------------------|-------------|---------------------------------------|----------------------------|----------------------------|---------|---------|
//! | (unknown)    | active            | waiting        | –                 | –                 | –           | –                                     | –                          | –                          | waiting | –       |
//! | `waiting`    | active            | asked at once  | waiting, later    | active            | ended       | –                                     | failed, looked at again    | waiting, ever later; failed | hint    | –       |
//! | `active`     | active            | asked at once  | active, later; ended | active, later  | ended       | –                                     | failed, looked at again    | active, ever later; failed | hint    | –       |
//! | `ended`      | active            | –              | –                 | active            | –           | ended, later; archived; unrecorded; failed | failed                | ended, ever later; archived; failed | hint | –  |
//! | `archived`   | active            | –              | –                 | active            | –           | archived, last look; archived         | archived                   | archived, ever later       | hint    | ended   |
//! | `unrecorded` | active            | –              | –                 | active            | –           | –                                     | –                          | –                          | hint    | ended   |
//! | `failed`     | active            | asked at once  | waiting, later    | active            | ended       | –                                     | failed, looked at again    | failed, looked at again    | hint    | ended   |
//!
//! What events tell is a hint as well; conference info confirms each end, and the list each recording.
//!
//! | state        | event: began             | event: closed                   | event: video generated          |
//! |--------------|--------------------------|---------------------------------|---------------------------------|
//! | (unknown)    | active                   | active, told over               | active, told over               |
//! | `waiting`    | active                   | active, told over               | active, told over               |
//! | `active`     | –                        | active, told over               | active, told over               |
//! | `ended`      | active, if it began anew | active, told over, if begun anew | ended, read at once            |
//! | `archived`   | active, if it began anew | active, told over, if begun anew | archived, read at once         |
//! | `unrecorded` | active, if it began anew | active, told over, if begun anew | ended, read at once            |
//! | `failed`     | active                   | active, told over               | active, told over               |
//!
//! A list of past meetings, which is read where nobody looked, is a hint as well. It is asked about at once ("waiting, at
//! once") where it is unknown or `waiting`, and where it is over and began anew; elsewhere nothing follows.
//!
//! "Told over": conference info is asked in the next pass, whatever the poll interval. "Begun anew": it began after it
//! ended last.
//!
//! A dash: nothing follows. "Only errors" ends after `collect.give_up_after` in which others were answered. "Looked at
//! again" goes on as long; then a failed conference waits for a person.

mod explain;
mod list;
mod progress;
mod pushed;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use explain::{Standing, invariants, next_question};
pub use pushed::goes_on;
use serde::Deserialize;

use super::clock::Timestamp;
use super::conference::{Conference, ConferenceInfo, State, Status};
use super::coverage::Told;
use super::event::Happened;
use super::failure::{LastError, OwnCode};
use super::recording::{Changes, Known, RecordingList};
use super::wait::Wait;

/// The longest time between two questions about a conference that is open, or may come alive.
const DAY: Duration = Duration::from_hours(24);

/// The operator's words, as far as they decide anything about one conference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The shortest time between two polls.
    pub poll_gap: Duration,
    /// Whether the organisation's list is read, which shows when a conference begins.
    pub is_listed: bool,
    pub is_metered: bool,
    /// Whether events tell of nearly all meetings, and come.
    pub is_covered: bool,
    /// Whether they tell of recordings.
    pub recordings_told: Told,
    pub collect: Collect,
}

/// The operator's words on collecting (configuration: `[collect]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Collect {
    /// How often due work is looked for: how late a reading may be without anything being wrong. Costs no call.
    pub interval: Duration,
    /// From the confirmed end to the first reading; zero: at once.
    pub first_delay: Duration,
    /// The first wait after a reading that showed nothing; each further wait is twice as long.
    pub retry_min: Duration,
    /// The longest.
    pub retry_max: Duration,
    /// How far apart two equal readings must be; zero: the first list is final.
    pub settle: Duration,
    /// How long after the end recordings are awaited, and errors suffered.
    pub give_up_after: Duration,
}

/// The configuration's defaults.
impl Default for Collect {
    fn default() -> Self {
        Self {
            interval: Duration::from_mins(1),
            first_delay: Duration::from_mins(2),
            retry_min: Duration::from_mins(5),
            retry_max: Duration::from_hours(6),
            settle: Duration::from_mins(30),
            give_up_after: Duration::from_hours(72),
        }
    }
}

/// For an operator's word, which needs no rules of its own.
impl Default for Rules {
    fn default() -> Self {
        Self {
            poll_gap: Duration::from_mins(5),
            is_listed: false,
            is_metered: true,
            is_covered: false,
            recordings_told: Told::Few,
            collect: Collect::default(),
        }
    }
}

/// Why conference info is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    NotListed,
    NotInBatch,
    SpoilsBatch,
    LongInProgress,
    Unanswered,
    ToldOver,
}

impl Hint {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotListed => "the organisation's list does not show it",
            Self::NotInBatch => "the batch query does not show it",
            Self::SpoilsBatch => "a batch query with it was refused",
            Self::LongInProgress => "a list has shown it in progress for a day",
            Self::Unanswered => "DingTalk gave no answer about it when it was last asked",
            Self::ToldOver => "an event says that it is over",
        }
    }
}

/// Anything that was learned about a conference, from whatever source.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// A listing or the batch query shows it in progress.
    Shown(&'a ConferenceInfo),
    /// Whoever shows what is in progress does not show it: a hint, never proof.
    NotShown(Hint, &'a ConferenceInfo),
    /// What conference info says.
    Info(&'a ConferenceInfo),
    /// Its list of recordings was read; an empty one means "not yet" or "never".
    List {
        list: &'a RecordingList,
        /// What the catalog has.
        known: &'a [Known],
        /// Whom it was read as.
        union_id: &'a str,
    },
    /// `getVideos` says that the meeting is over, and nothing about its recordings.
    MeetingClosed { known: &'a [Known], union_id: &'a str },
    /// DingTalk answers that there is no such conference, or that nobody whom we can ask as may see it.
    Refused(&'a LastError),
    /// Nothing was found out.
    Unanswered { error: &'a LastError, others: Others },
    /// An operator, or the configuration, puts it on watch, to be asked about as this unionId.
    Watched { union_id: Option<&'a str> },
    /// An operator wants its list read anew.
    Retried,
    /// A list of past meetings shows that it is over.
    Past(&'a ConferenceInfo),
    /// An event tells what happened to it.
    Pushed(Happened, &'a ConferenceInfo),
}

/// What others met since a conference began to bring only errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    Answered,
    /// Nothing is known of others.
    Unknown,
    /// The same: a pause stands for it, and ends then.
    Fail(Timestamp),
}

/// What becomes of the error that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ErrorNote {
    #[default]
    Keep,
    /// DingTalk answers: it goes.
    Clear,
    Set(LastError),
}

/// Everything that follows from an observation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transition {
    /// Whether anything is to be written.
    pub is_news: bool,
    pub state: State,
    /// Not asked about before this. One that is due at once and no news is asked about in the same pass.
    pub next_attempt_at: Option<Timestamp>,
    /// How often DingTalk was asked about it in this state.
    pub attempts: u32,
    /// What was learned of it; what is `None` stays as it was.
    pub facts: ConferenceInfo,
    /// Set when it is seen in progress.
    pub last_active_at: Option<Timestamp>,
    /// Whom the operator said to ask as, if that is new.
    pub union_id_hint: Option<String>,
    pub last_error: ErrorNote,
    /// What is remembered while an answer is awaited; `None`: nothing is awaited.
    pub wait: Option<Wait>,
    pub recordings: Changes,
    /// Recordings that were marked missing at or after this are not: the answer was given while the meeting went on.
    pub not_missing_since: Option<Timestamp>,
    /// Why, in words.
    pub explanation: String,
}

/// Everything that follows from `observation` about `conference` at `now`.
pub fn observe(conference: &Conference, observation: Observation<'_>, now: Timestamp, rules: &Rules) -> Transition {
    use State::{Active, Archived, Ended, Failed, Unrecorded, Waiting};
    let page = Page { conference, now, rules };
    match (conference.state, observation) {
        (Some(Active), Observation::Shown(_)) => page.still_shown(),
        (_, Observation::Shown(info)) => page.in_progress(info),
        (None, Observation::NotShown(_, info)) => page.to_confirm(info),
        (Some(Waiting | Active | Failed), Observation::NotShown(hint, _)) => page.ask_at_once(hint),
        (Some(state), Observation::Info(info)) => match (info.status, state) {
            (Status::InProgress, Active) => page.goes_on(info),
            (Status::InProgress, _) => page.in_progress(info),
            (Status::NotStarted, Active) => page.not_started_after_all(info),
            (Status::NotStarted, Waiting | Failed) => page.not_started(info),
            (Status::Ended, Waiting | Active | Failed) => page.ended(info),
            (Status::Unknown(status), Waiting | Active | Failed) => {
                page.unanswered(&status_unknown(status), Others::Answered)
            }
            _ => page.unchanged(),
        },
        (Some(Ended), Observation::List { list, known, union_id }) => page.list_read(list, known, union_id),
        (Some(Archived), Observation::List { list, known, union_id }) => page.last_look(list, known, union_id),
        (Some(Ended), Observation::MeetingClosed { known, union_id }) => page.meeting_closed(known, union_id),
        (Some(Archived), Observation::MeetingClosed { union_id, .. }) => page.looked_in_vain(union_id),
        (Some(Waiting | Active | Failed), Observation::Refused(error)) => page.refused_by_info(error),
        (Some(Ended), Observation::Refused(error)) => page.refused_for_all(error),
        (Some(Archived), Observation::Refused(error)) => page.last_look_refused(error),
        (Some(Waiting | Active | Ended | Archived | Failed), Observation::Unanswered { error, others }) => {
            page.unanswered(error, others)
        }
        (_, Observation::Watched { union_id }) => page.watched(union_id),
        (Some(Archived | Unrecorded | Failed), Observation::Retried) => page.retried(),
        (None | Some(Waiting), Observation::Past(info)) => page.past(info),
        (Some(Ended | Archived | Unrecorded), Observation::Past(info)) if page.began_anew(info) => page.past(info),
        (state, Observation::Pushed(happened, info)) => match (happened, state) {
            (Happened::Began, Some(Active)) => page.unchanged(),
            (Happened::Began | Happened::Closed, Some(Ended | Archived | Unrecorded)) if !page.began_anew(info) => {
                page.unchanged()
            }
            (Happened::Began, _) => page.in_progress(info),
            (Happened::VideoGenerated, Some(Ended | Archived | Unrecorded)) => page.video_generated(),
            (Happened::Closed | Happened::VideoGenerated, _) => page.told_over(happened, info),
        },
        _ => page.unchanged(),
    }
}

fn status_unknown(status: Option<i64>) -> LastError {
    let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
    LastError {
        code: OwnCode::StatusUnknown.to_string(),
        message: format!("conference info gave the status {status}, which no page explains"),
    }
}

/// One conference at one instant.
struct Page<'p> {
    conference: &'p Conference,
    now: Timestamp,
    rules: &'p Rules,
}

/// A duration in words, to the minute.
fn whole(time: Duration) -> String {
    match time.as_secs() / 60 {
        0 => "less than a minute".to_owned(),
        minutes => humantime::format_duration(Duration::from_mins(minutes)).to_string(),
    }
}
