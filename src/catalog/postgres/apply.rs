//! Writes what follows from an observation, in one transaction. Nothing else changes a conference.

use std::collections::HashSet;

use serde_json::Value;
use sqlx::PgConnection;

use super::rows::apply::{AT_A_TIME, Decision, Rows, row};
use super::{Catalog, Error, journal};
use crate::domain::clock::Timestamp;

/// No id is longer, by far; what is could not be found by an index of PostgreSQL, and would keep the others from being
/// written.
const LONGEST_ID_BYTES: usize = 1000;

impl Catalog {
    pub async fn apply(&self, decisions: &[Decision], now: Timestamp) -> Result<Vec<bool>, Error> {
        if decisions.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = self.write().await?;
        let applied = write(&mut transaction, decisions, now).await?;
        transaction.commit().await?;
        Ok(applied)
    }
}

/// The same inside a transaction.
pub(super) async fn write(
    connection: &mut PgConnection,
    decisions: &[Decision],
    now: Timestamp,
) -> Result<Vec<bool>, Error> {
    let mut applied = Vec::with_capacity(decisions.len());
    for decisions in decisions.chunks(AT_A_TIME) {
        let (new, known): (Vec<_>, Vec<_>) = decisions.iter().partition(|it| it.conference.state.is_none());
        let mut written = add(connection, &new, now).await?;
        written.extend(move_on(connection, &known, now).await?);
        let Rows { waits, forgotten, recordings, missing, returned, entries } =
            Rows::of(decisions, written, &mut applied);
        remember(connection, waits, forgotten).await?;
        upsert(connection, recordings, now).await?;
        mark_missing(connection, missing, returned, now).await?;
        journal::enter(connection, entries, now).await?;
    }
    Ok(applied)
}

/// Whether an id can be written.
fn is_writable(id: &str) -> bool {
    let is_writable = id.len() <= LONGEST_ID_BYTES;
    if !is_writable {
        let beginning: String = id.chars().take(40).collect();
        tracing::warn!("an id of {} bytes cannot be written, and is left out: {beginning}…", id.len());
    }
    is_writable
}

/// Adds the rows of conferences that were not known; answers the ids of those that are not there already.
async fn add(connection: &mut PgConnection, decisions: &[&Decision], now: Timestamp) -> Result<HashSet<String>, Error> {
    let new = decisions.iter().copied().filter(|decision| is_writable(&decision.conference.conference_id));
    let rows: Vec<Value> = new.map(row).collect();
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let added = sqlx::query_scalar(
        "INSERT INTO conferences (conference_id, title, room_code, schedule_conference_id, biz_type, creator_union_id,
             creator_nick, started_at, state, union_id_hint, discovered_by, discovered_at, last_active_at, next_attempt_at)
         SELECT conference_id, title, room_code, schedule_conference_id, biz_type, creator_union_id, creator_nick,
                started_at, state, union_id_hint, discovered_by, $2, last_active_at, next_attempt_at
         FROM json_to_recordset($1::json) AS it (conference_id text, title text, room_code text,
             schedule_conference_id text, biz_type text, creator_union_id text, creator_nick text, started_at bigint,
             state text, union_id_hint text, discovered_by text, last_active_at bigint, next_attempt_at bigint)
         ON CONFLICT (conference_id) DO NOTHING
         RETURNING conference_id",
    )
    .bind(Value::from(rows).to_string())
    .bind(now.as_millis())
    .fetch_all(connection)
    .await?;
    Ok(added.into_iter().collect())
}

/// Changes the rows of conferences that stand as expected; answers their ids. What was not said stays as it was: another
/// source may have said it. A meeting that goes on has not ended.
async fn move_on(
    connection: &mut PgConnection,
    decisions: &[&Decision],
    now: Timestamp,
) -> Result<HashSet<String>, Error> {
    if decisions.is_empty() {
        return Ok(HashSet::new());
    }
    let moved = sqlx::query_scalar(
        "UPDATE conferences c
         SET state = it.state,
             title = coalesce(it.title, c.title),
             room_code = coalesce(it.room_code, c.room_code),
             schedule_conference_id = coalesce(it.schedule_conference_id, c.schedule_conference_id),
             biz_type = coalesce(it.biz_type, c.biz_type),
             creator_union_id = coalesce(it.creator_union_id, c.creator_union_id),
             creator_nick = coalesce(it.creator_nick, c.creator_nick),
             started_at = coalesce(it.started_at, c.started_at),
             ended_at = CASE WHEN it.state <> 'active' THEN coalesce(it.ended_at, c.ended_at) END,
             duration_ms = CASE WHEN it.state <> 'active' THEN coalesce(it.duration_ms, c.duration_ms) END,
             record_status = coalesce(it.record_status, c.record_status),
             record_owner_union_id = coalesce(it.record_owner_union_id, c.record_owner_union_id),
             union_id_hint = coalesce(it.union_id_hint, c.union_id_hint),
             last_active_at = coalesce(it.last_active_at, c.last_active_at),
             attempts = it.attempts,
             next_attempt_at = it.next_attempt_at,
             last_error_code = CASE WHEN it.keeps_error THEN c.last_error_code ELSE it.error_code END,
             last_error_message = CASE WHEN it.keeps_error THEN c.last_error_message ELSE it.error_message END,
             last_error_at = CASE WHEN it.keeps_error THEN c.last_error_at
                                  WHEN it.error_code IS NOT NULL THEN $2 END,
             closed_at = CASE WHEN it.is_closed THEN coalesce(c.closed_at, $2) END
         FROM json_to_recordset($1::json) AS it (conference_id text, expected text, expected_next bigint, state text,
             is_closed boolean, title text, room_code text, schedule_conference_id text, biz_type text,
             creator_union_id text, creator_nick text, started_at bigint, ended_at bigint, duration_ms bigint,
             record_status bigint, record_owner_union_id text, union_id_hint text, last_active_at bigint,
             attempts bigint, next_attempt_at bigint, keeps_error boolean, error_code text, error_message text)
         WHERE c.conference_id = it.conference_id AND c.state = it.expected
               AND c.next_attempt_at IS NOT DISTINCT FROM it.expected_next
         RETURNING c.conference_id",
    )
    .bind(decisions.iter().copied().map(row).collect::<Value>().to_string())
    .bind(now.as_millis())
    .fetch_all(connection)
    .await?;
    Ok(moved.into_iter().collect())
}

/// Writes what is remembered, and forgets what is not.
async fn remember(connection: &mut PgConnection, waits: Vec<Value>, forgotten: Vec<Value>) -> Result<(), Error> {
    if !forgotten.is_empty() {
        sqlx::query("DELETE FROM conference_waits WHERE conference_id IN (SELECT json_array_elements_text($1::json))")
            .bind(Value::from(forgotten).to_string())
            .execute(&mut *connection)
            .await?;
    }
    if waits.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO conference_waits
             (conference_id, counted_until, awaited_ms, accepted_union_id, list_changed_at, list_changes, failing_since,
              generated_at)
         SELECT value ->> 0, (value ->> 1)::bigint, (value ->> 2)::bigint, value ->> 3, (value ->> 4)::bigint,
                (value ->> 5)::bigint, (value ->> 6)::bigint, (value ->> 7)::bigint
         FROM json_array_elements($1::json)
         ON CONFLICT (conference_id) DO UPDATE
         SET counted_until = excluded.counted_until, awaited_ms = excluded.awaited_ms,
             accepted_union_id = excluded.accepted_union_id, list_changed_at = excluded.list_changed_at,
             list_changes = excluded.list_changes, failing_since = excluded.failing_since,
             generated_at = excluded.generated_at",
    )
    .bind(Value::from(waits).to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Marks what is no longer listed: a conference's id and a `mediaId` each; and as listed after all what a conference has
/// missed since an instant: its id and the instant.
async fn mark_missing(
    connection: &mut PgConnection,
    missing: Vec<Value>,
    returned: Vec<Value>,
    now: Timestamp,
) -> Result<(), Error> {
    if !missing.is_empty() {
        sqlx::query(
            "UPDATE recordings SET missing_since = $1, last_changed_at = $1 FROM json_array_elements($2::json)
             WHERE conference_id = value ->> 0 AND media_id = value ->> 1 AND missing_since IS NULL",
        )
        .bind(now.as_millis())
        .bind(Value::from(missing).to_string())
        .execute(&mut *connection)
        .await?;
    }
    if !returned.is_empty() {
        sqlx::query(
            "UPDATE recordings SET missing_since = NULL, last_changed_at = $1 FROM json_array_elements($2::json)
             WHERE conference_id = value ->> 0 AND missing_since >= (value ->> 1)::bigint",
        )
        .bind(now.as_millis())
        .bind(Value::from(returned).to_string())
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Inserts recordings, or brings them up to date. Writes nothing where nothing changed; the trigger keeps what was.
async fn upsert(connection: &mut PgConnection, mut recordings: Vec<Value>, now: Timestamp) -> Result<(), Error> {
    recordings.retain(|row| row[1].as_str().is_some_and(is_writable));
    if recordings.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO recordings AS r (conference_id, media_id, record_id, recorder_union_id, record_type, started_at,
             ended_at, duration_ms, file_size, region_id, raw, first_seen_at, last_changed_at)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, (value ->> 4)::bigint, (value ->> 5)::bigint,
                (value ->> 6)::bigint, (value ->> 7)::bigint, (value ->> 8)::bigint, value ->> 9, value ->> 10, $2, $2
         FROM json_array_elements($1::json)
         ON CONFLICT (conference_id, media_id) DO UPDATE
         SET record_id = excluded.record_id, recorder_union_id = excluded.recorder_union_id,
             record_type = excluded.record_type, started_at = excluded.started_at, ended_at = excluded.ended_at,
             duration_ms = excluded.duration_ms, file_size = excluded.file_size, region_id = excluded.region_id,
             raw = excluded.raw, last_changed_at = excluded.last_changed_at, missing_since = NULL
         WHERE (r.record_id, r.recorder_union_id, r.record_type, r.started_at, r.ended_at, r.duration_ms, r.file_size,
                r.region_id, r.raw, r.missing_since)
            IS DISTINCT FROM (excluded.record_id, excluded.recorder_union_id, excluded.record_type, excluded.started_at,
                excluded.ended_at, excluded.duration_ms, excluded.file_size, excluded.region_id, excluded.raw,
                NULL::bigint)",
    )
    .bind(Value::from(recordings).to_string())
    .bind(now.as_millis())
    .execute(connection)
    .await?;
    Ok(())
}
