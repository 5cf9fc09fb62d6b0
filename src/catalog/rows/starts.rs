//! Recordings that the daemon starts by itself.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::journal::{Call, Entries, Event};
use crate::catalog::column;
use crate::domain::automatic::{Next, Start, Wanted};
use crate::domain::clock::Timestamp;
use crate::domain::conference::Conference;

/// What came of trying to start a recording.
#[derive(Clone, Debug)]
pub struct Tried {
    pub start: Start,
    /// The call that was made; `None` if none was.
    pub call: Option<Call>,
    pub next: Next,
}

/// How starting went lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Starts {
    pub started: u64,
    pub not_started: u64,
    /// To be tried, or tried again.
    pub pending: u64,
    pub last_not_started: Option<NotStarted>,
}

/// A recording that was not started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct NotStarted {
    pub conference_id: String,
    /// `dropped`, DingTalk's code, or ours.
    pub outcome: String,
    pub finished_at: i64,
}

/// A row of `automatic_starts` that is due.
#[derive(sqlx::FromRow)]
pub(in crate::catalog) struct DueRow {
    pub(in crate::catalog) conference_id: String,
    pub(in crate::catalog) union_id: String,
    pub(in crate::catalog) wanted_at: i64,
    pub(in crate::catalog) attempts: i64,
}

impl DueRow {
    /// `None`: the conference was taken off the watch between the two questions.
    pub(in crate::catalog) fn start(self, conferences: &mut HashMap<String, Conference>) -> Option<Start> {
        Some(Start {
            conference: conferences.remove(&self.conference_id)?,
            union_id: self.union_id,
            wanted_at: Timestamp::from_millis(self.wanted_at),
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
        })
    }
}

/// The rows that these make, each a JSON array, and the journal of it.
pub(in crate::catalog) fn tried_rows(tried: &[Tried]) -> (Vec<Value>, Entries) {
    let (mut rows, mut entries) = (Vec::new(), Entries::default());
    for Tried { start, call, next } in tried {
        let id = start.conference.conference_id.as_str();
        entries.calls(id, call.as_slice());
        let answered = call.as_ref().map(|call| call.outcome.as_str());
        let (next_attempt_at, outcome) = match next {
            Next::Stays => continue,
            Next::Again(at) => (Some(*at), None),
            Next::Started | Next::GivenUp => (None, answered),
            Next::Dropped(why) => {
                entries.decision(id, Event::Decided, &[], &format!("its recording is not started: {why}"));
                (None, Some("dropped"))
            }
        };
        let attempts = start.attempts.saturating_add(answered.is_some_and(|outcome| outcome != "ok").into());
        rows.push(json!([id, start.wanted_at.as_millis(), attempts, column(next_attempt_at), outcome]));
    }
    (rows, entries)
}

/// A recording that is to be started.
pub(in crate::catalog) fn wanted_row(it: &Wanted<'_>) -> Value {
    json!([it.conference_id, it.union_id, column(it.session_started_at)])
}

/// The journal of those that were written down: a conference's id and whom it is started as.
pub(in crate::catalog) fn wanted_entries(written: &[(String, String)]) -> Entries {
    let mut entries = Entries::default();
    for (conference_id, union_id) in written {
        let reason = format!("its recording is to be started as {union_id}, who created it");
        entries.decision(conference_id, Event::Decided, &[], &reason);
    }
    entries
}
