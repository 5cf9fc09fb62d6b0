//! The journal: what happened to each conference, and why, written in the transaction that it tells of.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;

use super::rows::journal::{Call, Entries, EventRow};
use super::{Catalog, Error};
use crate::domain::clock::{Timestamp, millis};

impl Catalog {
    pub async fn events(&self, conference_id: &str) -> Result<Vec<EventRow>, Error> {
        let events = sqlx::query_as(
            "SELECT event_id, conference_id, at, event, endpoint, outcome, reason, state, next_attempt_at
             FROM conference_events WHERE conference_id = $1 ORDER BY event_id",
        );
        Ok(events.bind(conference_id).fetch_all(&mut *self.read().await?).await?)
    }

    pub async fn note_calls(&self, conference_id: &str, calls: &[Call], now: Timestamp) -> Result<(), Error> {
        if calls.is_empty() {
            return Ok(());
        }
        let mut entries = Entries::default();
        entries.calls(conference_id, calls);
        let mut transaction = self.write().await?;
        enter(&mut transaction, entries, now).await?;
        Ok(transaction.commit().await?)
    }

    pub async fn tidy_events(&self, keep: Duration, now: Timestamp) -> Result<(), Error> {
        let before = now.as_millis().saturating_sub(millis(keep));
        self.execute(sqlx::query("DELETE FROM conference_events WHERE at < $1").bind(before)).await?;
        Ok(())
    }
}

/// Enters them, each with its conference as it stands now.
pub(super) async fn enter(connection: &mut PgConnection, entries: Entries, now: Timestamp) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO conference_events (conference_id, at, event, endpoint, outcome, reason, state, next_attempt_at)
         SELECT c.conference_id, $1, value ->> 1, value ->> 2, value ->> 3, value ->> 4, c.state, c.next_attempt_at
         FROM json_array_elements($2::json) WITH ORDINALITY AS entry (value, nth)
         JOIN conferences c ON c.conference_id = value ->> 0
         ORDER BY nth",
    )
    .bind(now.as_millis())
    .bind(Value::from(entries.0).to_string())
    .execute(connection)
    .await?;
    Ok(())
}
