//! The life of a conference, fourth part: what is asked about it next, and what must hold of it at any time.

use super::Hint;
use crate::domain::conference::State;
use crate::domain::endpoint::Endpoint;

impl Hint {
    /// Why conference info is asked, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotListed => "the organisation's list does not show it",
            Self::NotInBatch => "the batch query does not show it",
            Self::SpoilsBatch => "a batch query with it was refused",
            Self::LongInProgress => "a list has shown it in progress for a day",
            Self::Unanswered => "DingTalk gave no answer about it when it was last asked",
        }
    }
}

/// What is asked about a conference next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether it is in progress: with the next poll.
    Progress,
    /// What conference info says of one that failed.
    Info,
    /// Its list of recordings.
    List,
    /// Its list, one last time.
    LastLook,
    /// Nothing, by itself.
    Nothing,
}

impl Question {
    /// The endpoints that may be called for it.
    pub const fn endpoints(self) -> &'static [Endpoint] {
        match self {
            Self::Progress => &[Endpoint::Query, Endpoint::Conference],
            Self::Info => &[Endpoint::Conference],
            Self::List | Self::LastLook => &[Endpoint::Videos],
            Self::Nothing => &[],
        }
    }

    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Progress => "it is asked about with the next poll",
            Self::Info => "it is looked at again",
            Self::List => "its list is read",
            Self::LastLook => "its list is looked at one last time",
            Self::Nothing => "nothing",
        }
    }
}

/// What is asked about a conference in `state` next, where something is planned or not.
pub const fn next_question(state: State, is_planned: bool) -> Question {
    match (state, is_planned) {
        (State::Waiting | State::Active, _) => Question::Progress,
        (State::Failed, true) => Question::Info,
        (State::Ended, _) => Question::List,
        (State::Archived, true) => Question::LastLook,
        (State::Archived | State::Unrecorded | State::Failed, _) => Question::Nothing,
    }
}

/// How a conference stands in the catalog, as far as [`invariants`] speak of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column that is there or not")]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// `closed_at` is set.
    pub is_closed: bool,
    /// `next_attempt_at` is set.
    pub is_planned: bool,
    /// `last_active_at` is set.
    pub was_active: bool,
    /// `last_error_code` is set.
    pub has_error: bool,
    /// It has a row in `conference_waits`.
    pub is_remembered: bool,
    /// It has a recording.
    pub has_recording: bool,
}

/// A check: what should hold, and whether it does.
pub type Invariant = (&'static str, fn(&Standing) -> bool);

/// What holds of every conference at any time, whatever DingTalk answers, an operator does, or a clock shows.
pub const fn invariants() -> &'static [Invariant] {
    &[
        ("a closed conference has closed_at, an open one has none", |it| it.state.is_closed() == it.is_closed),
        ("an archived conference has recordings", |it| it.state != State::Archived || it.has_recording),
        ("an unrecorded conference has none", |it| it.state != State::Unrecorded || !it.has_recording),
        ("a failed conference says why", |it| it.state != State::Failed || it.has_error),
        ("an active conference has last_active_at", |it| it.state != State::Active || it.was_active),
        ("an ended conference has a next attempt, an unrecorded one has none", |it| match it.state {
            State::Ended => it.is_planned,
            State::Unrecorded => !it.is_planned,
            _ => true,
        }),
        ("a conference is remembered while an answer about it is awaited, and at no other time", |it| match it.state {
            State::Ended => it.is_remembered,
            State::Archived | State::Failed => it.is_remembered == it.is_planned,
            State::Unrecorded => !it.is_remembered,
            State::Waiting | State::Active => true,
        }),
    ]
}
