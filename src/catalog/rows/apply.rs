//! What follows from an observation, and the rows that it makes, as JSON: one parameter for any number of rows.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::journal::{Call, Entries, Event};
use crate::catalog::column;
use crate::domain::clock::millis;
use crate::domain::conference::{Conference, State};
use crate::domain::lifecycle::{ErrorNote, Transition};
use crate::domain::recording::Recording;
use crate::domain::wait::Wait;

/// The most decisions whose rows are held as JSON at a time.
pub(in crate::catalog) const AT_A_TIME: usize = 64;

/// What follows for one conference, and how it came to be known.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The conference, as it stood when it was observed.
    pub conference: Conference,
    pub transition: Transition,
    /// The calls that were made about it, in their order.
    pub calls: Vec<Call>,
    /// What the journal calls it.
    pub event: Event,
}

/// What decisions make of the other tables, each row a JSON array.
#[derive(Default)]
pub(in crate::catalog) struct Rows {
    pub(in crate::catalog) waits: Vec<Value>,
    /// The conferences of which nothing is remembered any more.
    pub(in crate::catalog) forgotten: Vec<Value>,
    pub(in crate::catalog) recordings: Vec<Value>,
    /// A conference's id and the `mediaId` of a recording that it no longer lists.
    pub(in crate::catalog) missing: Vec<Value>,
    /// A conference's id, and since when what it missed is listed after all.
    pub(in crate::catalog) returned: Vec<Value>,
    pub(in crate::catalog) entries: Entries,
}

impl Rows {
    /// The rows of those decisions whose conferences were `written`; `applied` is told of each whether it was.
    pub(in crate::catalog) fn of(
        decisions: &[Decision],
        mut written: HashSet<String>,
        applied: &mut Vec<bool>,
    ) -> Self {
        let mut rows = Self::default();
        for Decision { conference, transition, calls, event } in decisions {
            let id = conference.conference_id.as_str();
            // Of an id that occurs twice, the first was written.
            let is_written = written.remove(id);
            applied.push(is_written);
            if !is_written {
                continue;
            }
            match &transition.wait {
                Some(wait) => rows.waits.push(wait_row(id, wait)),
                None => rows.forgotten.push(json!(id)),
            }
            rows.recordings.extend(transition.recordings.upsert.iter().map(|recording| recording_row(id, recording)));
            rows.missing.extend(transition.recordings.missing.iter().map(|media_id| json!([id, media_id])));
            rows.returned.extend(column(transition.not_missing_since).map(|since| json!([id, since])));
            rows.entries.decision(id, *event, calls, &transition.explanation);
        }
        rows
    }
}

/// What a decision makes of its row of `conferences`, under the names of the columns.
pub(in crate::catalog) fn row(Decision { conference, transition, .. }: &Decision) -> Value {
    let Transition { state, facts, last_error, .. } = transition;
    let (code, message) = match last_error {
        ErrorNote::Set(error) => (Some(error.code.as_str()), Some(error.message.as_str())),
        ErrorNote::Keep | ErrorNote::Clear => (None, None),
    };
    json!({
        "conference_id": conference.conference_id,
        "expected": conference.state.map(State::as_str),
        "expected_next": column(conference.next_attempt_at),
        "discovered_by": conference.discovered_by.as_str(),
        "state": state.as_str(),
        "is_closed": state.is_closed(),
        "title": facts.title,
        "room_code": facts.room_code,
        "schedule_conference_id": facts.schedule_conference_id,
        "biz_type": facts.biz_type,
        "creator_union_id": facts.creator_union_id,
        "creator_nick": facts.creator_nick,
        "started_at": column(facts.started_at),
        "ended_at": column(facts.ended_at),
        "duration_ms": facts.duration_ms,
        "record_status": facts.record_status,
        "record_owner_union_id": facts.record_owner_union_id,
        "union_id_hint": transition.union_id_hint,
        "last_active_at": column(transition.last_active_at),
        "attempts": transition.attempts,
        "next_attempt_at": column(transition.next_attempt_at),
        "keeps_error": *last_error == ErrorNote::Keep,
        "error_code": code,
        "error_message": message,
    })
}

/// A row of `conference_waits`.
fn wait_row(conference_id: &str, wait: &Wait) -> Value {
    json!([
        conference_id,
        wait.counted_until.as_millis(),
        millis(wait.awaited),
        wait.accepted_union_id,
        column(wait.list_changed_at),
        wait.list_changes,
        column(wait.failing_since),
        column(wait.generated_at),
    ])
}

/// A row of `recordings`.
fn recording_row(conference_id: &str, recording: &Recording) -> Value {
    json!([
        conference_id,
        recording.media_id,
        recording.record_id,
        recording.recorder_union_id,
        recording.record_type,
        column(recording.started_at),
        column(recording.ended_at),
        recording.duration_ms,
        recording.file_size,
        recording.region_id,
        recording.raw,
    ])
}
