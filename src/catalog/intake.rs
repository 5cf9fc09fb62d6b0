//! Takes in what was pushed: what follows for each conference, what it cost, and what is needed to know it again, in one
//! transaction. A push may be acknowledged when it has come to its end.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use sqlx::SqliteConnection;

use super::apply::{self, Decision};
use super::journal::Event as Entry;
use super::{Catalog, Error, due, starts};
use crate::domain::automatic::{Creators, Wanted};
use crate::domain::clock::Timestamp;
use crate::domain::conference::{Conference, DiscoveredBy};
use crate::domain::event::{Event, Happened, Push};
use crate::domain::lifecycle::{Observation, Rules, observe};

/// Events that came longer ago are not known again: DingTalk repeats one within the minute.
const REMEMBERED_DAYS: i64 = 7;

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

impl Catalog {
    /// Takes in what was pushed, in its order; counted on `day` (UTC+8). The meetings of `creators` are to be recorded.
    pub async fn take_in(
        &self,
        pushes: &[Push],
        day: &str,
        now: Timestamp,
        rules: &Rules,
        creators: &Creators,
    ) -> Result<TakenIn, Error> {
        let mut transaction = self.write().await?;
        let mut known = received(&mut transaction, pushes).await?;
        let mut outcomes: HashMap<(&str, &str), i64> = HashMap::new();
        let mut rounds: Vec<Vec<&Event>> = Vec::new();
        let mut events_of: HashMap<&str, usize> = HashMap::new();
        let mut last_sequence = last_sequences(&mut transaction, pushes).await?;
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
                        // One conference's events, each after the one before: what follows depends on where it stands.
                        let round = events_of.entry(&event.conference_id).or_default();
                        if rounds.len() == *round {
                            rounds.push(Vec::new());
                        }
                        rounds[*round].push(event);
                        *round += 1;
                        Outcome::Taken
                    }
                }
            };
            *outcomes.entry((push.event_type.as_str(), outcome.as_str())).or_default() += 1;
        }
        let mut taken_in = TakenIn::default();
        for events in &rounds {
            let (decisions, wanted) = decide(&mut transaction, events, now, rules, creators).await?;
            let applied = apply::write(&mut transaction, &decisions, now).await?;
            taken_in.decisions.extend(
                decisions.into_iter().zip(applied).filter_map(|(decision, is_written)| is_written.then_some(decision)),
            );
            taken_in.starts += starts::want(&mut transaction, &wanted, now).await?;
            announce(&mut transaction, events, now).await?;
        }
        count(&mut transaction, outcomes, day).await?;
        remember(&mut transaction, pushes, now).await?;
        transaction.commit().await?;
        Ok(taken_in)
    }

    /// Forgets the events that will not come again.
    pub async fn tidy_received_events(&self, now: Timestamp) -> Result<(), Error> {
        let before = now.as_millis() - REMEMBERED_DAYS * 86_400_000;
        sqlx::query!("DELETE FROM received_events WHERE received_at < ?", before).execute(self.writer()).await?;
        Ok(())
    }
}

/// What follows from these events, of which no two are about the same conference; and the recordings that are to be
/// started for them.
async fn decide<'e>(
    connection: &mut SqliteConnection,
    events: &[&'e Event],
    now: Timestamp,
    rules: &Rules,
    creators: &Creators,
) -> Result<(Vec<Decision>, Vec<Wanted<'e>>), Error> {
    let ids: Vec<&str> = events.iter().map(|event| event.conference_id.as_str()).collect();
    let mut known = due::by_id(connection, &ids).await?;
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
    Ok((decisions, wanted))
}

/// The ids of those of these events that came before.
async fn received(connection: &mut SqliteConnection, pushes: &[Push]) -> Result<HashSet<String>, Error> {
    let ids = pushes.iter().map(|push| push.event_id.as_str()).collect::<Value>().to_string();
    let ids = sqlx::query_scalar!(
        "SELECT event_id FROM received_events WHERE event_id IN (SELECT value FROM json_each(?))",
        ids
    );
    Ok(ids.fetch_all(connection).await?.into_iter().collect())
}

/// The highest number of the events of each of these conferences.
async fn last_sequences(
    connection: &mut SqliteConnection,
    pushes: &[Push],
) -> Result<HashMap<String, Option<i64>>, Error> {
    let events = pushes.iter().filter_map(|push| push.event.as_ref());
    let ids = events.map(|event| event.conference_id.as_str()).collect::<Value>().to_string();
    let rows = sqlx::query!(
        "SELECT conference_id, last_sequence FROM sightings WHERE conference_id IN (SELECT value FROM json_each(?))",
        ids
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.conference_id, row.last_sequence)).collect())
}

/// Writes down what events told of.
async fn announce(connection: &mut SqliteConnection, events: &[&Event], now: Timestamp) -> Result<(), Error> {
    let row = |event: &&Event| json!([event.conference_id, event.sequence, event.happened == Happened::VideoGenerated]);
    let (events, now) = (events.iter().map(row).collect::<Value>().to_string(), now.as_millis());
    sqlx::query!(
        "INSERT INTO sightings (conference_id, announced_at, last_sequence, generated_at)
         SELECT value ->> 0, ?2, value ->> 1, CASE WHEN value ->> 2 THEN ?2 END FROM json_each(?1) WHERE true
         ON CONFLICT (conference_id) DO UPDATE
         SET announced_at = coalesce(announced_at, excluded.announced_at),
             last_sequence = coalesce(max(last_sequence, excluded.last_sequence), last_sequence, excluded.last_sequence),
             generated_at = coalesce(generated_at, excluded.generated_at)",
        events,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Enters the pushes in their ledger.
async fn count(
    connection: &mut SqliteConnection,
    outcomes: HashMap<(&str, &str), i64>,
    day: &str,
) -> Result<(), Error> {
    let row = |((event_type, outcome), pushes)| json!([event_type, outcome, pushes]);
    let outcomes = outcomes.into_iter().map(row).collect::<Value>().to_string();
    sqlx::query!(
        "INSERT INTO pushes (day, event_type, outcome, pushes)
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?2) WHERE true
         ON CONFLICT (day, event_type, outcome) DO UPDATE SET pushes = pushes + excluded.pushes",
        day,
        outcomes,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Remembers the events, and when the last one came.
async fn remember(connection: &mut SqliteConnection, pushes: &[Push], now: Timestamp) -> Result<(), Error> {
    let ids = pushes.iter().map(|push| push.event_id.as_str()).collect::<Value>().to_string();
    let now = now.as_millis();
    sqlx::query!(
        "INSERT INTO received_events (event_id, received_at) SELECT value, ?2 FROM json_each(?1) WHERE true
         ON CONFLICT (event_id) DO NOTHING",
        ids,
        now,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO event_stream (id, last_push_at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET last_push_at = ?1",
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}
