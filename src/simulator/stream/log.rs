//! What was pushed, what was said about it, and what it cost.

use std::collections::BTreeMap;

use crate::domain::clock::Timestamp;
use crate::simulator::calendar::month;

use super::event::Event;
use super::frame::PushAnswer;

/// An endless simulator must not grow: the log keeps this many events, the counters all of them.
const EVENTS_KEPT: usize = 20_000;

/// An event that was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedEvent {
    /// The same each time it is pushed.
    pub event_id: String,
    /// `meeting_status_change`, for example.
    pub event_type: String,
    /// Which meeting it is about, where it is about one.
    pub conference_id: Option<String>,
    /// When what it announces came to pass.
    pub born_at: Timestamp,
    /// Each push of it, oldest first.
    pub pushes: Vec<Push>,
}

/// One push of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// When.
    pub at: Timestamp,
    /// The number of the connection it was pushed over.
    pub connection: u64,
    /// What the client said about it.
    pub answer: Option<PushAnswer>,
}

impl PushedEvent {
    /// Whether any push of it was acknowledged.
    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        self.pushes.iter().any(|push| push.answer == Some(PushAnswer::Acknowledged))
    }
}

/// The log, by the numbers that events have here.
#[derive(Debug, Default)]
pub(super) struct Log {
    events: BTreeMap<u64, PushedEvent>,
    by_month: BTreeMap<i32, u64>,
    acknowledged: u64,
}

impl Log {
    /// Notes a push, and says which one of its event it is.
    pub(super) fn pushed(&mut self, number: u64, event: &Event, push: Push, is_metered: bool) -> usize {
        if is_metered {
            *self.by_month.entry(month(push.at)).or_default() += 1;
        }
        let logged = self.events.entry(number).or_insert_with(|| PushedEvent {
            event_id: event.event_id.clone(),
            event_type: event.event_type.clone(),
            conference_id: event.conference_id.clone(),
            born_at: event.born_at,
            pushes: Vec::new(),
        });
        logged.pushes.push(push);
        let index = logged.pushes.len() - 1;
        while self.events.len() > EVENTS_KEPT {
            self.events.pop_first();
        }
        index
    }

    /// Notes what was said about a push.
    pub(super) fn answered(&mut self, number: u64, index: usize, answer: PushAnswer) {
        self.acknowledged += u64::from(answer == PushAnswer::Acknowledged);
        if let Some(push) = self.events.get_mut(&number).and_then(|event| event.pushes.get_mut(index)) {
            push.answer = Some(answer);
        }
    }

    /// The last events, by the order in which they became due first.
    pub(super) fn events(&self) -> Vec<PushedEvent> {
        self.events.values().cloned().collect()
    }

    /// How many pushes were acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// How many metered pushes there were in the calendar month (UTC+8) around `instant`.
    pub(super) fn in_month(&self, instant: Timestamp) -> u64 {
        self.by_month.get(&month(instant)).copied().unwrap_or(0)
    }
}
