//! What goes wrong: a list of faults in order. The first one that fits a call spoils it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::clock::Timestamp;

use super::answer::Answer;
use super::ask::Ask;
use super::endpoint::Endpoint;
use super::random::Random;

/// The stream of random numbers that is drawn from here, apart from all others of a seed.
const STREAM: u64 = 20;

/// One thing that goes wrong. Without conditions, it spoils every call for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// At which API only.
    pub on: Option<Endpoint>,
    /// For which meeting only, be it one of a batch.
    pub conference_id: Option<String>,
    /// For calls as this unionId only.
    pub union_id: Option<String>,
    /// For how many of a hundred calls, which ones at random; none: for all.
    pub percent: Option<u8>,
    /// From when on.
    pub from: Option<Timestamp>,
    /// Until just before when.
    pub until: Option<Timestamp>,
    /// How many times more; none: without end.
    pub times: Option<u32>,
    /// What is answered instead.
    pub answer: Answer,
    /// Whether DingTalk meters the call all the same.
    pub metered: bool,
}

/// The faults in force, in order. Clones share one list.
#[derive(Clone, Debug)]
pub struct Faults(Arc<Mutex<List>>);

#[derive(Debug)]
struct List {
    faults: Vec<Fault>,
    /// Draws which calls a fault spoils that has a percentage.
    random: Random,
}

impl Fault {
    /// A fault without conditions.
    #[must_use]
    pub fn new(answer: Answer) -> Self {
        let metered = answer.is_metered();
        Self {
            on: None,
            conference_id: None,
            union_id: None,
            percent: None,
            from: None,
            until: None,
            times: None,
            answer,
            metered,
        }
    }

    /// The same fault at one API only.
    #[must_use]
    pub fn on(mut self, endpoint: Endpoint) -> Self {
        self.on = Some(endpoint);
        self
    }

    /// The same fault for one meeting only.
    #[must_use]
    pub fn conference(mut self, conference_id: &str) -> Self {
        self.conference_id = Some(conference_id.to_owned());
        self
    }

    /// The same fault for calls as `union_id` only.
    #[must_use]
    pub fn union_id(mut self, union_id: &str) -> Self {
        self.union_id = Some(union_id.to_owned());
        self
    }

    /// The same fault for `percent` of a hundred calls only. Which ones is drawn anew for each call.
    #[must_use]
    pub fn percent(mut self, percent: u8) -> Self {
        self.percent = Some(percent);
        self
    }

    /// The same fault from `from` on.
    #[must_use]
    pub fn from(mut self, from: Timestamp) -> Self {
        self.from = Some(from);
        self
    }

    /// The same fault until just before `until`.
    #[must_use]
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// The same fault, `times` times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The same fault, metered or not.
    #[must_use]
    pub fn metered(mut self, metered: bool) -> Self {
        self.metered = metered;
        self
    }

    fn fits(&self, ask: &Ask, conference_ids: &[String], now: Timestamp) -> bool {
        self.on.is_none_or(|on| on == ask.endpoint)
            && self.conference_id.as_ref().is_none_or(|id| conference_ids.contains(id))
            && self.union_id.as_deref().is_none_or(|id| ask.union_id() == Some(id))
            && self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| now < until)
            && self.times != Some(0)
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(List { faults: Vec::new(), random: Random::new(0, STREAM) })))
    }
}

impl Faults {
    /// Adds a fault behind the others.
    pub fn push(&self, fault: Fault) {
        self.list().faults.push(fault);
    }

    /// Ends them all.
    pub fn clear(&self) {
        self.list().faults.clear();
    }

    /// Draws from `seed` which calls the faults spoil that have a percentage. At the start, the seed is 0.
    pub fn set_seed(&self, seed: u64) {
        self.list().random = Random::new(seed, STREAM);
    }

    /// Those that can still happen.
    #[must_use]
    pub fn pending(&self) -> Vec<Fault> {
        self.list().faults.clone()
    }

    /// The fault that spoils a call, which has then happened once more.
    pub(super) fn take(&self, ask: &Ask, conference_ids: &[String], now: Timestamp) -> Option<Fault> {
        let mut list = self.list();
        let List { faults, random } = &mut *list;
        let index = faults.iter().position(|fault| {
            fault.fits(ask, conference_ids, now) && fault.percent.is_none_or(|percent| random.chance(percent.into()))
        })?;
        if let Some(times) = &mut faults[index].times {
            *times -= 1;
            if *times == 0 {
                return Some(faults.remove(index));
            }
        }
        Some(faults[index].clone())
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
