//! Which event is pushed when: at once, 10 s and 30 s later unless it is acknowledged; then it is gone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::simulator::organisation::Organisation;

use super::behaviour::StreamBehaviour;
use super::event::{Birth, Event};

/// When an event is pushed, counted from the first time.
const PUSHES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(10), Duration::from_secs(30)];
/// How long the last push is waited for.
const LAST_WAIT: Duration = Duration::from_secs(10);
/// How long after its first push an event is gone.
pub(super) const GONE_AFTER: Duration = Duration::from_secs(40);

/// The events that are neither acknowledged nor gone.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    pending: BTreeMap<u64, Pending>,
    /// When something is to be done about which event.
    due: BTreeSet<(Timestamp, u64)>,
    /// The pushes that may still be answered, by messageId.
    awaited: HashMap<String, Awaited>,
    numbers: u64,
}

/// An event under way.
#[derive(Debug)]
pub(super) struct Pending {
    source: Source,
    pub(super) event_id: String,
    first_at: Timestamp,
    due_at: Timestamp,
    /// How many pushes were made or missed.
    pub(super) made: usize,
    is_doubled: bool,
    /// The pushes of it that may still be answered.
    message_ids: Vec<String>,
}

/// Where an event comes from. What it says is put into words when it is pushed: of a great many, few words are held.
#[derive(Debug)]
pub(super) enum Source {
    Birth(Birth),
    Made(Box<Event>),
}

/// A push that may still be answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Awaited {
    pub(super) number: u64,
    /// The how-manieth of its event it is, from 0.
    pub(super) index: usize,
    pub(super) connection: u64,
}

impl Schedule {
    /// Has an event pushed from `first_at` on.
    pub(super) fn add(&mut self, source: Source, event_id: String, first_at: Timestamp) {
        self.numbers += 1;
        self.due.insert((first_at, self.numbers));
        let pending = Pending {
            source,
            event_id,
            first_at,
            due_at: first_at,
            made: 0,
            is_doubled: false,
            message_ids: Vec::new(),
        };
        self.pending.insert(self.numbers, pending);
    }

    /// When the next push is due. An event that only waits to be gone is not.
    pub(super) fn next_push_at(&self) -> Option<Timestamp> {
        let is_push = |number: &u64| self.pending.get(number).is_some_and(Pending::is_to_be_pushed);
        self.due.iter().find(|(_, number)| is_push(number)).map(|(at, _)| *at)
    }

    /// The events that are to be pushed by `now`, in order, at most so many. Those that are gone are forgotten.
    pub(super) fn due(&mut self, now: Timestamp, most: usize) -> Vec<u64> {
        let (mut due, mut gone) = (Vec::new(), Vec::new());
        for (_, number) in self.due.iter().take_while(|(at, _)| *at <= now) {
            let is_push = self.pending.get(number).is_some_and(Pending::is_to_be_pushed);
            let list = if is_push { &mut due } else { &mut gone };
            list.push(*number);
            if due.len() == most {
                break;
            }
        }
        for number in gone {
            self.remove(number);
        }
        due
    }

    pub(super) fn pending(&self, number: u64) -> Option<&Pending> {
        self.pending.get(&number)
    }

    /// A push was made, which is known by its messageId where it may be answered; or it was missed.
    pub(super) fn pushed(&mut self, number: u64, now: Timestamp, push: Option<(String, Awaited)>) {
        let Some(pending) = self.pending.get_mut(&number) else { return };
        self.due.remove(&(pending.due_at, number));
        pending.made += 1;
        pending.due_at = match PUSHES.get(pending.made) {
            Some(later) => pending.first_at + *later,
            None => now + LAST_WAIT,
        };
        self.due.insert((pending.due_at, number));
        if let Some((message_id, awaited)) = push {
            pending.message_ids.push(message_id.clone());
            self.awaited.insert(message_id, awaited);
        }
    }

    /// Everything that was due before `now` was missed: nobody was connected.
    pub(super) fn miss_until(&mut self, now: Timestamp) {
        while let Some((at, number)) = self.due.first().copied().filter(|(at, _)| *at < now) {
            match self.pending.get(&number) {
                Some(pending) if pending.is_to_be_pushed() => self.pushed(number, at, None),
                _ => self.remove(number),
            }
        }
    }

    /// The push that is answered by this messageId.
    pub(super) fn take_awaited(&mut self, message_id: &str) -> Option<Awaited> {
        self.awaited.remove(message_id)
    }

    /// Whether this push may still be answered.
    pub(super) fn awaits(&self, message_id: &str) -> bool {
        self.awaited.contains_key(message_id)
    }

    /// An event was acknowledged: it is not repeated, but for one that comes once more after `doubling`.
    pub(super) fn acknowledged(&mut self, number: u64, now: Timestamp, behaviour: &StreamBehaviour) {
        let Some(mut pending) = self.pending.remove(&number) else { return };
        self.forget(number, &pending);
        let doubling = behaviour.doubling(&pending.event_id).filter(|_| !pending.is_doubled);
        if let Some(doubling) = doubling {
            pending.message_ids.clear();
            pending.is_doubled = true;
            pending.made = PUSHES.len() - 1;
            pending.due_at = now + doubling;
            self.due.insert((pending.due_at, number));
            self.pending.insert(number, pending);
        }
    }

    /// Nothing that was pushed over this connection will be answered.
    pub(super) fn forget_connection(&mut self, connection: u64) {
        self.awaited.retain(|_, awaited| awaited.connection != connection);
    }

    pub(super) fn remove(&mut self, number: u64) {
        match self.pending.remove(&number) {
            Some(pending) => self.forget(number, &pending),
            None => self.due.retain(|(_, other)| *other != number),
        }
    }

    fn forget(&mut self, number: u64, pending: &Pending) {
        self.due.remove(&(pending.due_at, number));
        for message_id in &pending.message_ids {
            self.awaited.remove(message_id);
        }
    }
}

impl Pending {
    fn is_to_be_pushed(&self) -> bool {
        self.made < PUSHES.len()
    }

    /// What is pushed; none if the truth has changed so that there is nothing to tell.
    pub(super) fn event(&self, organisation: &Organisation, behaviour: &StreamBehaviour) -> Option<Event> {
        match &self.source {
            Source::Birth(birth) => birth.event(organisation, behaviour),
            Source::Made(event) => Some(event.as_ref().clone()),
        }
    }
}
