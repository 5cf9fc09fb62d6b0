//! Writes what follows from an observation: the state, what was learned, the recordings and the journal entry, in one
//! transaction. Nothing else changes a conference.

use serde_json::{Value, json};
use sqlx::SqliteConnection;

use super::journal::{Call, Entries, Event};
use super::{Catalog, Error, column};
use crate::domain::clock::{Timestamp, millis};
use crate::domain::conference::Conference;
use crate::domain::lifecycle::{ErrorNote, Transition};
use crate::domain::recording::Recording;
use crate::domain::wait::Wait;

/// The most decisions whose rows are held as JSON at a time.
const AT_A_TIME: usize = 64;

/// What follows for one conference, and how it came to be known.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The conference, as it stood when it was observed.
    pub conference: Conference,
    /// What follows.
    pub transition: Transition,
    /// The calls that were made about it, in their order.
    pub calls: Vec<Call>,
    /// What the journal calls it.
    pub event: Event,
}

impl Catalog {
    /// Writes what follows, all of it in one transaction; answers of each whether it was written. A conference that has
    /// left the state in which it was observed (an operator was faster) is left alone.
    pub async fn apply(&self, decisions: &[Decision], now: Timestamp) -> Result<Vec<bool>, Error> {
        if decisions.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = self.write().await?;
        let mut applied = Vec::with_capacity(decisions.len());
        for decisions in decisions.chunks(AT_A_TIME) {
            let (mut waits, mut forgotten, mut entries) = (Vec::new(), Vec::new(), Entries::default());
            for Decision { conference, transition, calls, event } in decisions {
                let is_expected = move_on(&mut transaction, conference, transition, now).await?;
                if is_expected {
                    let id = conference.conference_id.as_str();
                    match &transition.wait {
                        Some(wait) => waits.push(to_json(id, wait)),
                        None => forgotten.push(id),
                    }
                    write_recordings(&mut transaction, conference, transition, now).await?;
                    entries.decision(id, *event, calls, &transition.explanation);
                }
                applied.push(is_expected);
            }
            remember(&mut transaction, waits, &forgotten).await?;
            entries.write(&mut transaction, now).await?;
        }
        transaction.commit().await?;
        Ok(applied)
    }
}

/// Writes the row of `conferences`; answers whether it stood as expected.
async fn move_on(
    connection: &mut SqliteConnection,
    conference: &Conference,
    transition: &Transition,
    now: Timestamp,
) -> Result<bool, Error> {
    let Transition { state, facts, last_error, .. } = transition;
    let (id, word, now) = (conference.conference_id.as_str(), state.as_str(), now.as_millis());
    let (started_at, ended_at) = (column(facts.started_at), column(facts.ended_at));
    let (last_active_at, next_attempt_at) = (column(transition.last_active_at), column(transition.next_attempt_at));
    let attempts = i64::from(transition.attempts);
    let Some(expected) = conference.state else {
        let by = conference.discovered_by.as_str();
        let inserted = sqlx::query!(
            "INSERT INTO conferences (conference_id, title, room_code, biz_type, creator_union_id, creator_nick, started_at,
                 state, union_id_hint, discovered_by, discovered_at, last_active_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (conference_id) DO NOTHING",
            id,
            facts.title,
            facts.room_code,
            facts.biz_type,
            facts.creator_union_id,
            facts.creator_nick,
            started_at,
            word,
            transition.union_id_hint,
            by,
            now,
            last_active_at,
        )
        .execute(connection)
        .await?;
        return Ok(inserted.rows_affected() > 0);
    };
    let (expected, is_closed) = (expected.as_str(), state.is_closed());
    let keeps_error = *last_error == ErrorNote::Keep;
    let (code, message) = match last_error {
        ErrorNote::Set(error) => (Some(error.code.as_str()), Some(error.message.as_str())),
        ErrorNote::Keep | ErrorNote::Clear => (None, None),
    };
    let failed_at = code.map(|_| now);
    // What was not said stays as it was: another source may have said it. A meeting that goes on has not ended.
    let updated = sqlx::query!(
        "UPDATE conferences
         SET state = ?3,
             title = coalesce(?4, title), room_code = coalesce(?5, room_code),
             schedule_conference_id = coalesce(?6, schedule_conference_id), biz_type = coalesce(?7, biz_type),
             creator_union_id = coalesce(?8, creator_union_id), creator_nick = coalesce(?9, creator_nick),
             started_at = coalesce(?10, started_at),
             ended_at = CASE WHEN ?3 <> 'active' THEN coalesce(?11, ended_at) END,
             duration_ms = CASE WHEN ?3 <> 'active' THEN coalesce(?12, duration_ms) END,
             record_status = coalesce(?13, record_status),
             record_owner_union_id = coalesce(?14, record_owner_union_id),
             union_id_hint = coalesce(?15, union_id_hint), last_active_at = coalesce(?16, last_active_at),
             attempts = ?17, next_attempt_at = ?18,
             last_error_code = CASE WHEN ?19 THEN last_error_code ELSE ?20 END,
             last_error_message = CASE WHEN ?19 THEN last_error_message ELSE ?21 END,
             last_error_at = CASE WHEN ?19 THEN last_error_at ELSE ?22 END,
             closed_at = CASE WHEN ?23 THEN coalesce(closed_at, ?24) END
         WHERE conference_id = ?1 AND state = ?2",
        id,
        expected,
        word,
        facts.title,
        facts.room_code,
        facts.schedule_conference_id,
        facts.biz_type,
        facts.creator_union_id,
        facts.creator_nick,
        started_at,
        ended_at,
        facts.duration_ms,
        facts.record_status,
        facts.record_owner_union_id,
        transition.union_id_hint,
        last_active_at,
        attempts,
        next_attempt_at,
        keeps_error,
        code,
        message,
        failed_at,
        is_closed,
        now,
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() > 0)
}

/// A row of `conference_waits`.
fn to_json(conference_id: &str, wait: &Wait) -> Value {
    json!([
        conference_id,
        wait.counted_until.as_millis(),
        millis(wait.awaited),
        wait.accepted_union_id,
        column(wait.list_changed_at),
        wait.list_changes,
        column(wait.failing_since),
    ])
}

/// Writes what is remembered, and forgets what is not.
async fn remember(connection: &mut SqliteConnection, waits: Vec<Value>, forgotten: &[&str]) -> Result<(), Error> {
    if !forgotten.is_empty() {
        let forgotten = json!(forgotten).to_string();
        sqlx::query!("DELETE FROM conference_waits WHERE conference_id IN (SELECT value FROM json_each(?))", forgotten)
            .execute(&mut *connection)
            .await?;
    }
    if waits.is_empty() {
        return Ok(());
    }
    let waits = Value::from(waits).to_string();
    sqlx::query!(
        "INSERT INTO conference_waits
             (conference_id, counted_until, awaited_ms, accepted_union_id, list_changed_at, list_changes, failing_since)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
         FROM json_each(?) WHERE true
         ON CONFLICT (conference_id) DO UPDATE
         SET counted_until = excluded.counted_until, awaited_ms = excluded.awaited_ms,
             accepted_union_id = excluded.accepted_union_id, list_changed_at = excluded.list_changed_at,
             list_changes = excluded.list_changes, failing_since = excluded.failing_since",
        waits,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_recordings(
    connection: &mut SqliteConnection,
    conference: &Conference,
    transition: &Transition,
    now: Timestamp,
) -> Result<(), Error> {
    let (id, now_ms) = (conference.conference_id.as_str(), now.as_millis());
    for recording in &transition.recordings.upsert {
        upsert(connection, id, recording, now).await?;
    }
    for media_id in &transition.recordings.missing {
        sqlx::query!(
            "UPDATE recordings SET missing_since = ?1, last_changed_at = ?1
             WHERE conference_id = ?2 AND media_id = ?3 AND missing_since IS NULL",
            now_ms,
            id,
            media_id,
        )
        .execute(&mut *connection)
        .await?;
    }
    if let Some(since) = column(transition.not_missing_since) {
        sqlx::query!(
            "UPDATE recordings SET missing_since = NULL, last_changed_at = ?1
             WHERE conference_id = ?2 AND missing_since >= ?3",
            now_ms,
            id,
            since,
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Inserts a recording, or brings it up to date. Writes nothing if nothing changed; the trigger keeps what was.
async fn upsert(
    connection: &mut SqliteConnection,
    conference_id: &str,
    recording: &Recording,
    now: Timestamp,
) -> Result<(), Error> {
    let (started_at, ended_at, now) = (column(recording.started_at), column(recording.ended_at), now.as_millis());
    sqlx::query!(
        "INSERT INTO recordings (conference_id, media_id, record_id, recorder_union_id, record_type, started_at,
             ended_at, duration_ms, file_size, region_id, raw, first_seen_at, last_changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)
         ON CONFLICT (conference_id, media_id) DO UPDATE
         SET record_id = excluded.record_id, recorder_union_id = excluded.recorder_union_id,
             record_type = excluded.record_type, started_at = excluded.started_at, ended_at = excluded.ended_at,
             duration_ms = excluded.duration_ms, file_size = excluded.file_size, region_id = excluded.region_id,
             raw = excluded.raw, last_changed_at = excluded.last_changed_at, missing_since = NULL
         WHERE (record_id, recorder_union_id, record_type, started_at, ended_at, duration_ms, file_size, region_id, raw,
                missing_since)
            IS NOT (excluded.record_id, excluded.recorder_union_id, excluded.record_type, excluded.started_at,
                excluded.ended_at, excluded.duration_ms, excluded.file_size, excluded.region_id, excluded.raw, NULL)",
        conference_id,
        recording.media_id,
        recording.record_id,
        recording.recorder_union_id,
        recording.record_type,
        started_at,
        ended_at,
        recording.duration_ms,
        recording.file_size,
        recording.region_id,
        recording.raw,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
