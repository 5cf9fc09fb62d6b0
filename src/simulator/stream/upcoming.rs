//! What comes to pass next: a bounded number of births at a time, looked for in the truth when they run out.

use std::collections::VecDeque;

use crate::domain::clock::Timestamp;
use crate::simulator::meeting::Meeting;
use crate::simulator::organisation::Organisation;

use super::behaviour::Noise;
use super::event::{Birth, What, births};

/// So many are held; more only where they come at one instant.
const HELD: usize = 1_000;

/// The births after the last one taken.
#[derive(Debug, Default)]
pub(super) struct Upcoming {
    taken_until: Timestamp,
    /// The next ones, in order.
    held: VecDeque<Birth>,
    /// Whether there may be others behind those held.
    has_more: bool,
    /// What they were looked for in.
    source: Option<(u64, Noise)>,
}

impl Upcoming {
    /// When the next one is.
    pub(super) fn next_at(&mut self, organisation: &Organisation, noise: Noise) -> Option<Timestamp> {
        self.look(organisation, noise);
        self.held.front().map(|birth| birth.born_at)
    }

    /// Takes those until `now`.
    pub(super) fn take_until(&mut self, now: Timestamp, organisation: &Organisation, noise: Noise) -> Vec<Birth> {
        let mut taken = Vec::new();
        while self.next_at(organisation, noise).is_some_and(|at| at <= now) {
            let due = self.held.partition_point(|birth| birth.born_at <= now);
            taken.extend(self.held.drain(..due));
            self.taken_until = taken.last().map_or(self.taken_until, |birth| birth.born_at);
        }
        self.taken_until = self.taken_until.max(now);
        taken
    }

    /// Forgets those before `instant`.
    pub(super) fn skip_until(&mut self, instant: Timestamp) {
        if self.taken_until < instant {
            *self = Self { taken_until: instant, ..Self::default() };
        }
    }

    fn look(&mut self, organisation: &Organisation, noise: Noise) {
        let source = Some((organisation.revision(), noise));
        if self.source == source && !(self.held.is_empty() && self.has_more) {
            return;
        }
        self.source = source;
        let mut found: Vec<(Timestamp, &Meeting, What)> = organisation
            .meetings()
            .filter(|meeting| !meeting.is_foreign)
            .flat_map(|meeting| births(meeting, noise).map(move |(at, what)| (at, meeting, what)))
            .filter(|(at, ..)| *at > self.taken_until)
            .collect();
        self.has_more = found.len() > HELD;
        if self.has_more {
            let (_, (last, ..), _) = found.select_nth_unstable_by_key(HELD, |(at, ..)| *at);
            let last = *last;
            found.retain(|(at, ..)| *at <= last);
        }
        let to_birth = |(born_at, meeting, what): (Timestamp, &Meeting, What)| Birth {
            born_at,
            conference_id: meeting.conference_id.clone(),
            what,
        };
        let mut held: Vec<Birth> = found.into_iter().map(to_birth).collect();
        held.sort_unstable();
        self.held = held.into();
    }
}
