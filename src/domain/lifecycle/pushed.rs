//! The life of a conference, fifth part: what follows from an event.

use super::{ErrorNote, Page, Transition};
use crate::domain::clock::Timestamp;
use crate::domain::conference::{ConferenceInfo, State};
use crate::domain::event::Happened;
use crate::domain::wait::Wait;

/// Whether a conference that stands like this goes on, as far as is known. Of one that is active, was not asked about yet
/// and is to be, an event said that it is over.
pub fn goes_on(state: Option<State>, attempts: u32, next_attempt_at: Option<Timestamp>) -> bool {
    state == Some(State::Active) && (attempts > 0 || next_attempt_at.is_none())
}

impl Page<'_> {
    /// Whether what an event tells of is not the session that is known to have ended, but a later one.
    pub(super) fn began_anew(&self, info: &ConferenceInfo) -> bool {
        info.started_at.zip(self.conference.ended_at).is_some_and(|(started_at, ended_at)| started_at > ended_at)
    }

    /// Over by the word of an event: conference info is asked in the next pass.
    pub(super) fn told_over(&self, happened: Happened, info: &ConferenceInfo) -> Transition {
        let conference = self.conference;
        let is_open = matches!(conference.state, Some(State::Waiting | State::Active));
        let mut wait = if is_open { conference.wait.clone() } else { Wait::new(self.now) };
        if happened == Happened::VideoGenerated {
            wait.generated_at = Some(self.now);
        }
        let explanation = match happened {
            Happened::VideoGenerated => "an event says that a recording of it is finished",
            Happened::Began | Happened::Closed => "an event says that it is over",
        };
        let to = self.to(State::Active, Some(self.now), explanation);
        Transition {
            last_error: ErrorNote::Keep,
            facts: ConferenceInfo { duration_ms: None, ..info.clone() },
            last_active_at: Some(conference.last_active_at.unwrap_or(self.now)),
            wait: (wait.generated_at.is_some() || wait.failing_since.is_some()).then_some(wait),
            ..to
        }
    }

    /// A recording is finished: the list is worth reading now.
    pub(super) fn video_generated(&self) -> Transition {
        let conference = self.conference;
        let state = if conference.state == Some(State::Archived) { State::Archived } else { State::Ended };
        let wait = Wait { generated_at: Some(self.now), ..self.wait_until_read() };
        let explanation = "an event says that a recording of it is finished, and its list is read";
        Transition {
            attempts: conference.attempts,
            last_error: ErrorNote::Keep,
            wait: Some(wait),
            ..self.to(state, Some(self.now), explanation)
        }
    }

    /// What is remembered already; of one that was done with, that its wait is over.
    fn wait_until_read(&self) -> Wait {
        if self.is_remembered() {
            return self.conference.wait.clone();
        }
        Wait { awaited: self.rules.collect.give_up_after, ..Wait::new(self.now) }
    }
}
