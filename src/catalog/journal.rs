//! The journal: what happened to each conference, and why, written in the transaction that it tells of.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use super::{Catalog, Error};
use crate::domain::clock::{Timestamp, millis};

/// A call that was made about a conference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub endpoint: &'static str,
    /// `ok`, DingTalk's code, or ours.
    pub outcome: String,
    /// What was answered, in words.
    pub answer: String,
}

/// What kind of entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The conference came to be known.
    Found,
    /// What followed from an observation.
    Decided,
    /// A person's word.
    Operator,
}

impl Event {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Decided => "decided",
            Self::Operator => "operator",
        }
    }
}

/// A row of the journal.
#[derive(Clone, Debug, Serialize)]
pub struct EventRow {
    /// In the order in which things happened.
    pub event_id: i64,
    pub conference_id: String,
    pub at: i64,
    /// `found`, `call`, `decided` or `operator`.
    pub event: String,
    /// Of a call: the endpoint that was called.
    pub endpoint: Option<String>,
    /// Of a call: `ok`, DingTalk's code, or ours.
    pub outcome: Option<String>,
    /// In words.
    pub reason: String,
    /// The conference's state from then on.
    pub state: String,
    /// When it was then to be asked about next.
    pub next_attempt_at: Option<i64>,
}

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
        entries.write(&mut *self.writer().acquire().await?, now).await
    }

    /// Drops what happened longer ago than `keep`.
    pub async fn tidy_events(&self, keep: Duration, now: Timestamp) -> Result<(), Error> {
        let before = now.as_millis().saturating_sub(millis(keep));
        sqlx::query!("DELETE FROM conference_events WHERE at < ?", before).execute(self.writer()).await?;
        Ok(())
    }
}

/// What is to be entered, in its order: JSON arrays of a conference's id, event, endpoint, outcome and reason.
#[derive(Default)]
pub(super) struct Entries(Vec<Value>);

impl Entries {
    /// The calls that were made about a conference, and what followed.
    pub(super) fn decision(&mut self, conference_id: &str, event: Event, calls: &[Call], reason: &str) {
        self.calls(conference_id, calls);
        self.0.push(json!([conference_id, event.as_str(), null, null, reason]));
    }

    pub(super) fn calls(&mut self, conference_id: &str, calls: &[Call]) {
        let entry = |call: &Call| json!([conference_id, "call", call.endpoint, call.outcome, call.answer]);
        self.0.extend(calls.iter().map(entry));
    }

    /// Enters them, each with its conference as it stands now.
    pub(super) async fn write(self, connection: &mut SqliteConnection, now: Timestamp) -> Result<(), Error> {
        let (entries, now) = (Value::from(self.0).to_string(), now.as_millis());
        sqlx::query!(
            "INSERT INTO conference_events (conference_id, at, event, endpoint, outcome, reason, state, next_attempt_at)
             SELECT c.conference_id, ?1, value ->> 1, value ->> 2, value ->> 3, value ->> 4, c.state, c.next_attempt_at
             FROM json_each(?2) CROSS JOIN conferences c ON c.conference_id = value ->> 0
             ORDER BY key",
            now,
            entries,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
