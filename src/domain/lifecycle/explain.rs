//! The life of a conference, fourth part: what is asked about it next, and what must hold of it at any time.

use crate::domain::conference::State;
use crate::domain::endpoint::Endpoint;

/// What is asked next about a conference in `state`, where something is planned or not: in words, and the endpoints that
/// may be called for it; `None`: nothing, by itself.
pub const fn next_question(state: State, is_planned: bool) -> Option<(&'static str, &'static [Endpoint])> {
    match (state, is_planned) {
        (State::Waiting | State::Active, _) => {
            Some(("it is asked about with the next poll", &[Endpoint::Query, Endpoint::Conference]))
        }
        (State::Failed, true) => Some(("it is looked at again", &[Endpoint::Conference])),
        (State::Ended, _) => Some(("its list is read", &[Endpoint::Videos])),
        (State::Archived, true) => Some(("its list is looked at one last time", &[Endpoint::Videos])),
        (State::Archived | State::Unrecorded | State::Failed, _) => None,
    }
}

/// How a conference stands in the catalog, as far as [`invariants`] speak of it: whether `closed_at`,
/// `next_attempt_at`, `last_active_at` and `last_error_code` are set, and whether it has a row in `conference_waits` and
/// a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column that is there or not")]
pub struct Standing {
    pub state: State,
    pub is_closed: bool,
    pub is_planned: bool,
    pub was_active: bool,
    pub has_error: bool,
    pub is_remembered: bool,
    /// Whether a list that showed a recording is remembered.
    pub was_listed: bool,
    pub has_recording: bool,
}

/// What should hold, and whether it does.
type Invariant = (&'static str, fn(&Standing) -> bool);

/// What holds of every conference at any time, whatever DingTalk answers, an operator does, or a clock shows.
pub const fn invariants() -> &'static [Invariant] {
    &[
        ("a closed conference has closed_at, an open one has none", |it| it.state.is_closed() == it.is_closed),
        ("an archived conference has recordings", |it| it.state != State::Archived || it.has_recording),
        ("a conference whose list showed recordings has them", |it| !it.was_listed || it.has_recording),
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
