//! Takes in what was pushed: what follows for each conference, what it cost, and what is needed to know it again, in one
//! transaction. A push may be acknowledged when it has come to its end.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::rows::intake::{Intake, REMEMBERED_DAYS, TakenIn, decide, written};
use super::{Catalog, Error, apply, due, starts};
use crate::domain::automatic::Creators;
use crate::domain::clock::Timestamp;
use crate::domain::event::{Event, Happened, Push};
use crate::domain::lifecycle::Rules;

impl Catalog {
    pub async fn take_in(
        &self,
        pushes: &[Push],
        day: &str,
        now: Timestamp,
        rules: &Rules,
        creators: &Creators,
    ) -> Result<TakenIn, Error> {
        let mut transaction = self.write().await?;
        let known = received(&mut transaction, pushes).await?;
        let last_sequences = last_sequences(&mut transaction, pushes).await?;
        let Intake { outcomes, rounds } = Intake::sort(pushes, known, last_sequences);
        let mut taken_in = TakenIn::default();
        for events in &rounds {
            let ids: Vec<&str> = events.iter().map(|event| event.conference_id.as_str()).collect();
            let (decisions, wanted) = decide(due::by_id(&mut transaction, &ids).await?, events, now, rules, creators);
            let applied = apply::write(&mut transaction, &decisions, now).await?;
            taken_in.decisions.extend(written(decisions, applied));
            taken_in.starts += starts::want(&mut transaction, &wanted, now).await?;
            announce(&mut transaction, events, now).await?;
        }
        count(&mut transaction, outcomes, day).await?;
        remember(&mut transaction, pushes, now).await?;
        transaction.commit().await?;
        Ok(taken_in)
    }

    pub async fn tidy_received_events(&self, now: Timestamp) -> Result<(), Error> {
        let before = now.as_millis() - REMEMBERED_DAYS * 86_400_000;
        self.execute(sqlx::query("DELETE FROM received_events WHERE received_at < $1").bind(before)).await?;
        Ok(())
    }
}

/// The ids of those of these events that came before.
async fn received(connection: &mut PgConnection, pushes: &[Push]) -> Result<HashSet<String>, Error> {
    let ids: Vec<&str> = pushes.iter().map(|push| push.event_id.as_str()).collect();
    let ids = sqlx::query_scalar("SELECT event_id FROM received_events WHERE event_id = ANY ($1)").bind(ids);
    Ok(ids.fetch_all(connection).await?.into_iter().collect())
}

/// The highest number of the events of each of these conferences.
async fn last_sequences(connection: &mut PgConnection, pushes: &[Push]) -> Result<HashMap<String, Option<i64>>, Error> {
    let events = pushes.iter().filter_map(|push| push.event.as_ref());
    let ids: Vec<&str> = events.map(|event| event.conference_id.as_str()).collect();
    let rows: Vec<(String, Option<i64>)> =
        sqlx::query_as("SELECT conference_id, last_sequence FROM sightings WHERE conference_id = ANY ($1)")
            .bind(ids)
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().collect())
}

/// Writes down what events told of.
async fn announce(connection: &mut PgConnection, events: &[&Event], now: Timestamp) -> Result<(), Error> {
    let row = |event: &&Event| json!([event.conference_id, event.sequence, event.happened == Happened::VideoGenerated]);
    sqlx::query(
        "INSERT INTO sightings AS s (conference_id, announced_at, last_sequence, generated_at)
         SELECT c.conference_id, $2::bigint, (value ->> 1)::bigint, CASE WHEN (value ->> 2)::boolean THEN $2::bigint END
         FROM json_array_elements($1::json) JOIN conferences c ON c.conference_id = value ->> 0
         ON CONFLICT (conference_id) DO UPDATE
         SET announced_at = coalesce(s.announced_at, excluded.announced_at),
             last_sequence = greatest(s.last_sequence, excluded.last_sequence),
             generated_at = coalesce(s.generated_at, excluded.generated_at)",
    )
    .bind(events.iter().map(row).collect::<Value>().to_string())
    .bind(now.as_millis())
    .execute(connection)
    .await?;
    Ok(())
}

/// Enters the pushes in their ledger.
async fn count(
    connection: &mut PgConnection,
    outcomes: HashMap<(&str, &'static str), i64>,
    day: &str,
) -> Result<(), Error> {
    let row = |((event_type, outcome), pushes)| json!([event_type, outcome, pushes]);
    sqlx::query(
        "INSERT INTO pushes AS p (day, event_type, outcome, pushes)
         SELECT $1, value ->> 0, value ->> 1, (value ->> 2)::bigint FROM json_array_elements($2::json)
         ON CONFLICT (day, event_type, outcome) DO UPDATE SET pushes = p.pushes + excluded.pushes",
    )
    .bind(day)
    .bind(outcomes.into_iter().map(row).collect::<Value>().to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Remembers the events, and when the last one came.
async fn remember(connection: &mut PgConnection, pushes: &[Push], now: Timestamp) -> Result<(), Error> {
    let ids: Vec<&str> = pushes.iter().map(|push| push.event_id.as_str()).collect();
    sqlx::query(
        "INSERT INTO received_events (event_id, received_at) SELECT event_id, $2 FROM unnest($1::text[]) AS event_id
         ON CONFLICT (event_id) DO NOTHING",
    )
    .bind(ids)
    .bind(now.as_millis())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO event_stream (id, last_push_at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET last_push_at = $1",
    )
    .bind(now.as_millis())
    .execute(connection)
    .await?;
    Ok(())
}
