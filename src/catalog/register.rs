//! What an operator does with conferences: puts them on watch, and has them tried again.

use std::collections::{HashMap, HashSet};

use super::rows::apply::Decision;
use super::rows::journal::Event;
use super::{Catalog, Error};
use crate::domain::clock::Timestamp;
use crate::domain::conference::{Conference, DiscoveredBy};
use crate::domain::lifecycle::{Observation, Rules, observe};

/// A conference that somebody asked to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub conference_id: String,
    /// Whom to ask as, if the operator said so.
    pub union_id: Option<String>,
}

/// How many of those registered were new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    pub added: u64,
    pub known: u64,
}

impl Catalog {
    /// Puts conferences on watch, all of them in one transaction. One that is known already keeps its state; a hint that
    /// came with it is taken over.
    pub async fn register(
        &self,
        registrations: &[Registration],
        by: DiscoveredBy,
        now: Timestamp,
    ) -> Result<Registered, Error> {
        let ids: Vec<&str> = registrations.iter().map(|it| it.conference_id.as_str()).collect();
        let mut known = self.conferences_by_id(&ids).await?;
        let mut decisions = Vec::new();
        // Of an id that occurs twice, the last hint counts.
        let hints = registrations.iter().filter_map(|it| Some((it.conference_id.as_str(), it.union_id.as_deref()?)));
        let hints: HashMap<&str, &str> = hints.collect();
        let mut seen = HashSet::new();
        for conference_id in ids.iter().filter(|id| seen.insert(**id)) {
            let conference =
                known.remove(*conference_id).unwrap_or_else(|| Conference::unknown(conference_id, by, now));
            let watched = Observation::Watched { union_id: hints.get(conference_id).copied() };
            let transition = observe(&conference, watched, now, &Rules::default());
            let event = if conference.state.is_none() { Event::Found } else { Event::Operator };
            if transition.is_news {
                decisions.push(Decision { conference, transition, calls: Vec::new(), event });
            }
        }
        let applied = self.apply(&decisions, now).await?;
        let mut added = 0;
        for (Decision { conference, event, .. }, is_written) in decisions.iter().zip(applied) {
            if is_written && *event == Event::Found {
                let id = conference.conference_id.as_str();
                added += 1;
                tracing::info!(conference_id = id, to = "waiting", "conference {id} is watched: {}", by.how());
            }
        }
        Ok(Registered { added, known: registrations.len() as u64 - added })
    }

    /// Puts closed conferences back to `ended`, to be read anew at once. Answers the ids that are not closed, or unknown;
    /// if there are any, nothing is changed.
    pub async fn retry(&self, conference_ids: &[String], now: Timestamp) -> Result<Vec<String>, Error> {
        let ids: Vec<&str> = conference_ids.iter().map(String::as_str).collect();
        let mut known = self.conferences_by_id(&ids).await?;
        let (mut decisions, mut refused) = (Vec::new(), Vec::new());
        for conference_id in conference_ids {
            let retried = known.remove(conference_id).map(|conference| Decision {
                transition: observe(&conference, Observation::Retried, now, &Rules::default()),
                conference,
                calls: Vec::new(),
                event: Event::Operator,
            });
            match retried.filter(|decision| decision.transition.is_news) {
                Some(decision) => decisions.push(decision),
                None => refused.push(conference_id.clone()),
            }
        }
        if refused.is_empty() {
            self.apply(&decisions, now).await?;
        }
        Ok(refused)
    }
}
