//! What becomes of pushes, and what follows from their events.

use std::collections::{HashMap, HashSet};

use super::apply::Decision;
use super::journal::Event as Entry;
use crate::domain::automatic::{Creators, Wanted};
use crate::domain::clock::Timestamp;
use crate::domain::conference::{Conference, DiscoveredBy};
use crate::domain::event::{Event, Push};
use crate::domain::lifecycle::{Observation, Rules, observe};

/// Events that came longer ago are not known again: DingTalk repeats one within the minute.
pub(in crate::catalog) const REMEMBERED_DAYS: i64 = 7;

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Outcome {
    Taken,
    Repeated,
    Outdated,
    Ignored,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Repeated => "repeated",
            Self::Outdated => "outdated",
            Self::Ignored => "ignored",
        }
    }
}

/// What followed from pushes.
#[derive(Clone, Debug, Default)]
pub struct TakenIn {
    /// The decisions that were written.
    pub decisions: Vec<Decision>,
    /// How many recordings are to be started.
    pub starts: usize,
}

/// Pushes, sorted.
#[derive(Default)]
pub(in crate::catalog) struct Intake<'p> {
    /// How many there were of each type and outcome.
    pub(in crate::catalog) outcomes: HashMap<(&'p str, &'static str), i64>,
    /// The events from which something may follow. One conference's, each in the round after the one before: what follows
    /// depends on where it stands.
    pub(in crate::catalog) rounds: Vec<Vec<&'p Event>>,
}

impl<'p> Intake<'p> {
    /// Sorts pushes, of which those with the ids `known` came before; `last_sequence` is the highest number of the events of
    /// each conference.
    pub(in crate::catalog) fn sort(
        pushes: &'p [Push],
        mut known: HashSet<String>,
        mut last_sequence: HashMap<String, Option<i64>>,
    ) -> Self {
        let mut intake = Self::default();
        let mut events_of: HashMap<&str, usize> = HashMap::new();
        for push in pushes {
            let is_new = known.insert(push.event_id.clone());
            let outcome = match &push.event {
                _ if !is_new => Outcome::Repeated,
                None => Outcome::Ignored,
                Some(event) => {
                    let last = last_sequence.entry(event.conference_id.clone()).or_default();
                    // An event that has no number is never too late: that a recording is finished has none.
                    if event.sequence.is_some_and(|sequence| last.is_some_and(|last| sequence <= last)) {
                        Outcome::Outdated
                    } else {
                        *last = event.sequence.max(*last);
                        let round = events_of.entry(&event.conference_id).or_default();
                        if intake.rounds.len() == *round {
                            intake.rounds.push(Vec::new());
                        }
                        intake.rounds[*round].push(event);
                        *round += 1;
                        Outcome::Taken
                    }
                }
            };
            *intake.outcomes.entry((push.event_type.as_str(), outcome.as_str())).or_default() += 1;
        }
        intake
    }
}

/// What follows from these events, of which no two are about the same conference, and the recordings that are to be started
/// for them; `known` are those that are in the catalog.
pub(in crate::catalog) fn decide<'e>(
    mut known: HashMap<String, Conference>,
    events: &[&'e Event],
    now: Timestamp,
    rules: &Rules,
    creators: &Creators,
) -> (Vec<Decision>, Vec<Wanted<'e>>) {
    let (mut decisions, mut wanted) = (Vec::new(), Vec::new());
    for event in events {
        let id = event.conference_id.as_str();
        let conference = known.remove(id).unwrap_or_else(|| Conference::unknown(id, DiscoveredBy::Event, now));
        let transition = observe(&conference, Observation::Pushed(event.happened, &event.info), now, rules);
        wanted.extend(creators.wanted(event, &transition));
        let event = if conference.state.is_none() { Entry::Found } else { Entry::Decided };
        if transition.is_news {
            decisions.push(Decision { conference, transition, calls: Vec::new(), event });
        }
    }
    (decisions, wanted)
}

/// Those of the decisions that were written.
pub(in crate::catalog) fn written(decisions: Vec<Decision>, applied: Vec<bool>) -> impl Iterator<Item = Decision> {
    decisions.into_iter().zip(applied).filter_map(|(decision, is_written)| is_written.then_some(decision))
}
