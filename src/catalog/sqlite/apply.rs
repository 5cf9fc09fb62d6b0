//! Writes what follows from an observation: the state, what was learned, the recordings and the journal entry, in one
//! transaction. Nothing else changes a conference.

use std::collections::HashSet;

use serde_json::Value;
use sqlx::SqliteConnection;

use super::rows::apply::{AT_A_TIME, Decision, Rows, row};
use super::{Catalog, Error, journal};
use crate::domain::clock::Timestamp;

impl Catalog {
    /// Writes what follows, all of it in one transaction; answers of each whether it was written. A conference that has
    /// left the state in which it was observed, or is to be asked about at another time (an operator or an event was
    /// faster), is left alone.
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
    connection: &mut SqliteConnection,
    decisions: &[Decision],
    now: Timestamp,
) -> Result<Vec<bool>, Error> {
    let mut applied = Vec::with_capacity(decisions.len());
    for decisions in decisions.chunks(AT_A_TIME) {
        let (new, known): (Vec<_>, Vec<_>) = decisions.iter().partition(|it| it.conference.state.is_none());
        let rows = |decisions: Vec<&Decision>| decisions.into_iter().map(row).collect();
        let added = add(connection, rows(new), now).await?;
        let moved: HashSet<_> = move_on(connection, rows(known), now).await?.into_iter().chain(added).collect();
        let Rows { waits, forgotten, recordings, missing, returned, entries } =
            Rows::of(decisions, moved, &mut applied);
        remember(connection, waits, forgotten).await?;
        upsert(connection, recordings, now).await?;
        mark_missing(connection, missing, returned, now).await?;
        journal::enter(connection, entries, now).await?;
    }
    Ok(applied)
}

/// Adds the rows of conferences that were not known; answers the ids of those that are not there already.
async fn add(connection: &mut SqliteConnection, rows: Vec<Value>, now: Timestamp) -> Result<Vec<String>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let (rows, now) = (Value::from(rows).to_string(), now.as_millis());
    let added = sqlx::query_scalar!(
        r#"INSERT INTO conferences (conference_id, title, room_code, schedule_conference_id, biz_type, creator_union_id,
               creator_nick, started_at, state, union_id_hint, discovered_by, discovered_at, last_active_at, next_attempt_at)
           SELECT value ->> 'conference_id', value ->> 'title', value ->> 'room_code',
                  value ->> 'schedule_conference_id', value ->> 'biz_type', value ->> 'creator_union_id',
                  value ->> 'creator_nick', value ->> 'started_at', value ->> 'state', value ->> 'union_id_hint',
                  value ->> 'discovered_by', ?2, value ->> 'last_active_at', value ->> 'next_attempt_at'
           FROM jsonb_each(?1) WHERE true
           ON CONFLICT (conference_id) DO NOTHING
           RETURNING conference_id AS "conference_id!""#,
        rows,
        now,
    );
    Ok(added.fetch_all(connection).await?)
}

/// Changes the rows of conferences that stand as expected; answers their ids. What was not said stays as it was: another
/// source may have said it. A meeting that goes on has not ended.
async fn move_on(connection: &mut SqliteConnection, rows: Vec<Value>, now: Timestamp) -> Result<Vec<String>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let (rows, now) = (Value::from(rows).to_string(), now.as_millis());
    let moved = sqlx::query_scalar!(
        r#"UPDATE conferences
           SET state = value ->> 'state',
               title = coalesce(value ->> 'title', title),
               room_code = coalesce(value ->> 'room_code', room_code),
               schedule_conference_id = coalesce(value ->> 'schedule_conference_id', schedule_conference_id),
               biz_type = coalesce(value ->> 'biz_type', biz_type),
               creator_union_id = coalesce(value ->> 'creator_union_id', creator_union_id),
               creator_nick = coalesce(value ->> 'creator_nick', creator_nick),
               started_at = coalesce(value ->> 'started_at', started_at),
               ended_at = CASE WHEN value ->> 'state' <> 'active' THEN coalesce(value ->> 'ended_at', ended_at) END,
               duration_ms =
                   CASE WHEN value ->> 'state' <> 'active' THEN coalesce(value ->> 'duration_ms', duration_ms) END,
               record_status = coalesce(value ->> 'record_status', record_status),
               record_owner_union_id = coalesce(value ->> 'record_owner_union_id', record_owner_union_id),
               union_id_hint = coalesce(value ->> 'union_id_hint', union_id_hint),
               last_active_at = coalesce(value ->> 'last_active_at', last_active_at),
               attempts = value ->> 'attempts',
               next_attempt_at = value ->> 'next_attempt_at',
               last_error_code =
                   CASE WHEN value ->> 'keeps_error' THEN last_error_code ELSE value ->> 'error_code' END,
               last_error_message =
                   CASE WHEN value ->> 'keeps_error' THEN last_error_message ELSE value ->> 'error_message' END,
               last_error_at = CASE WHEN value ->> 'keeps_error' THEN last_error_at
                                    WHEN value ->> 'error_code' IS NOT NULL THEN ?2 END,
               closed_at = CASE WHEN value ->> 'is_closed' THEN coalesce(closed_at, ?2) END
           FROM jsonb_each(?1)
           WHERE conference_id = value ->> 'conference_id' AND state = value ->> 'expected'
                 AND next_attempt_at IS value ->> 'expected_next'
           RETURNING conference_id AS "conference_id!""#,
        rows,
        now,
    );
    Ok(moved.fetch_all(connection).await?)
}

/// Writes what is remembered, and forgets what is not.
async fn remember(connection: &mut SqliteConnection, waits: Vec<Value>, forgotten: Vec<Value>) -> Result<(), Error> {
    if !forgotten.is_empty() {
        let forgotten = Value::from(forgotten).to_string();
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
             (conference_id, counted_until, awaited_ms, accepted_union_id, list_changed_at, list_changes, failing_since,
              generated_at)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
         FROM jsonb_each(?) WHERE true
         ON CONFLICT (conference_id) DO UPDATE
         SET counted_until = excluded.counted_until, awaited_ms = excluded.awaited_ms,
             accepted_union_id = excluded.accepted_union_id, list_changed_at = excluded.list_changed_at,
             list_changes = excluded.list_changes, failing_since = excluded.failing_since,
             generated_at = excluded.generated_at",
        waits,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Marks what is no longer listed: a conference's id and a `mediaId` each; and as listed after all what a conference has
/// missed since an instant: its id and the instant.
async fn mark_missing(
    connection: &mut SqliteConnection,
    missing: Vec<Value>,
    returned: Vec<Value>,
    now: Timestamp,
) -> Result<(), Error> {
    let now = now.as_millis();
    if !missing.is_empty() {
        let missing = Value::from(missing).to_string();
        sqlx::query!(
            "UPDATE recordings SET missing_since = ?1, last_changed_at = ?1 FROM jsonb_each(?2)
             WHERE conference_id = value ->> 0 AND media_id = value ->> 1 AND missing_since IS NULL",
            now,
            missing,
        )
        .execute(&mut *connection)
        .await?;
    }
    if !returned.is_empty() {
        let returned = Value::from(returned).to_string();
        sqlx::query!(
            "UPDATE recordings SET missing_since = NULL, last_changed_at = ?1 FROM jsonb_each(?2)
             WHERE conference_id = value ->> 0 AND missing_since >= value ->> 1",
            now,
            returned,
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Inserts recordings, or brings them up to date. Writes nothing where nothing changed; the trigger keeps what was.
async fn upsert(connection: &mut SqliteConnection, recordings: Vec<Value>, now: Timestamp) -> Result<(), Error> {
    if recordings.is_empty() {
        return Ok(());
    }
    let (recordings, now) = (Value::from(recordings).to_string(), now.as_millis());
    sqlx::query!(
        "INSERT INTO recordings (conference_id, media_id, record_id, recorder_union_id, record_type, started_at,
             ended_at, duration_ms, file_size, region_id, raw, first_seen_at, last_changed_at)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
                value ->> 8, value ->> 9, value ->> 10, ?2, ?2
         FROM jsonb_each(?1) WHERE true
         ON CONFLICT (conference_id, media_id) DO UPDATE
         SET record_id = excluded.record_id, recorder_union_id = excluded.recorder_union_id,
             record_type = excluded.record_type, started_at = excluded.started_at, ended_at = excluded.ended_at,
             duration_ms = excluded.duration_ms, file_size = excluded.file_size, region_id = excluded.region_id,
             raw = excluded.raw, last_changed_at = excluded.last_changed_at, missing_since = NULL
         WHERE (record_id, recorder_union_id, record_type, started_at, ended_at, duration_ms, file_size, region_id, raw,
                missing_since)
            IS NOT (excluded.record_id, excluded.recorder_union_id, excluded.record_type, excluded.started_at,
                excluded.ended_at, excluded.duration_ms, excluded.file_size, excluded.region_id, excluded.raw, NULL)",
        recordings,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
