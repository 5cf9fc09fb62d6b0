//! The journal: what happened to each conference, and why, written in the transaction that it tells of.

use std::time::Duration;

use serde_json::Value;
use sqlx::SqliteConnection;

use super::rows::journal::{Call, Entries, EventRow};
use super::{Catalog, Error};
use crate::domain::clock::{Timestamp, millis};

impl Catalog {
    /// The journal of a conference, from its beginning.
    pub async fn events(&self, conference_id: &str) -> Result<Vec<EventRow>, Error> {
        let events = sqlx::query_as!(
            EventRow,
            "SELECT event_id, conference_id, at, event, endpoint, outcome, reason, state, next_attempt_at
             FROM conference_events WHERE conference_id = ? ORDER BY event_id",
            conference_id,
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        Ok(events)
    }

    /// Enters calls that decided nothing about the conference: what they met concerns everybody.
    pub async fn note_calls(&self, conference_id: &str, calls: &[Call], now: Timestamp) -> Result<(), Error> {
        if calls.is_empty() {
            return Ok(());
        }
        let mut entries = Entries::default();
        entries.calls(conference_id, calls);
        enter(&mut *self.writer().acquire().await?, entries, now).await
    }

    /// Drops what happened longer ago than `keep`.
    pub async fn tidy_events(&self, keep: Duration, now: Timestamp) -> Result<(), Error> {
        let before = now.as_millis().saturating_sub(millis(keep));
        sqlx::query!("DELETE FROM conference_events WHERE at < ?", before).execute(self.writer()).await?;
        Ok(())
    }
}

/// Enters them, each with its conference as it stands now.
pub(super) async fn enter(connection: &mut SqliteConnection, entries: Entries, now: Timestamp) -> Result<(), Error> {
    let (entries, now) = (Value::from(entries.0).to_string(), now.as_millis());
    sqlx::query!(
        "INSERT INTO conference_events (conference_id, at, event, endpoint, outcome, reason, state, next_attempt_at)
             SELECT c.conference_id, ?1, value ->> 1, value ->> 2, value ->> 3, value ->> 4, c.state, c.next_attempt_at
             FROM jsonb_each(?2) CROSS JOIN conferences c ON c.conference_id = value ->> 0
             ORDER BY key",
        now,
        entries,
    )
    .execute(connection)
    .await?;
    Ok(())
}
