//! The recordings table: what a reading of a conference's list changes, and the state that follows, in one transaction.

use sqlx::SqliteConnection;

use super::conferences::{Trouble, state_of, write_trouble, write_wait};
use super::journal::{self, Account};
use super::{Catalog, Error, column};
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;
use crate::domain::recording::{Changes, Known, Recording};
use crate::domain::wait::Wait;

/// What follows from a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is read again at this time.
    Again(Timestamp, Option<Trouble>),
    /// It is, or stays, archived; read one last time if an instant is given.
    Archived(Option<Timestamp>),
    /// Nothing was recorded.
    Unrecorded,
    /// It needs a person.
    Failed(Trouble),
}

impl Catalog {
    /// The recordings of a conference, as they were read last.
    pub async fn known(&self, conference_id: &str) -> Result<Vec<Known>, Error> {
        let rows = sqlx::query!(
            "SELECT media_id, record_id, recorder_union_id, record_type, started_at, ended_at, duration_ms, file_size,
                    region_id, raw, last_changed_at, missing_since
             FROM recordings WHERE conference_id = ? ORDER BY media_id",
            conference_id,
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        let known = rows.into_iter().map(|row| Known {
            recording: Recording {
                media_id: row.media_id,
                record_id: row.record_id,
                recorder_union_id: row.recorder_union_id,
                record_type: row.record_type,
                started_at: row.started_at.map(Timestamp::from_millis),
                ended_at: row.ended_at.map(Timestamp::from_millis),
                duration_ms: row.duration_ms,
                file_size: row.file_size,
                region_id: row.region_id,
                raw: row.raw,
            },
            last_changed_at: Timestamp::from_millis(row.last_changed_at),
            missing_since: row.missing_since.map(Timestamp::from_millis),
        });
        Ok(known.collect())
    }

    /// Writes down a reading of a conference that was in `state`: the changes, the wait and the step that follows.
    /// Answers false, and writes nothing, if the conference has left that state meanwhile.
    #[expect(clippy::too_many_arguments, reason = "one transaction, told whole")]
    pub async fn write_reading(
        &self,
        conference_id: &str,
        state: State,
        changes: &Changes<'_>,
        wait: &Wait,
        accepted_union_id: Option<&str>,
        step: &Step,
        account: &Account,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut transaction = self.write().await?;
        if state_of(&mut transaction, conference_id).await? != Some(state) {
            return Ok(false);
        }
        for recording in &changes.upsert {
            upsert(&mut transaction, conference_id, recording, now).await?;
        }
        for media_id in &changes.missing {
            mark_missing(&mut transaction, conference_id, media_id, now).await?;
        }
        write_wait(&mut transaction, conference_id, wait, accepted_union_id).await?;
        take(&mut transaction, conference_id, wait, step, now).await?;
        journal::decided(&mut transaction, conference_id, account, now).await?;
        transaction.commit().await?;
        Ok(true)
    }
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

async fn mark_missing(
    connection: &mut SqliteConnection,
    conference_id: &str,
    media_id: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let now = now.as_millis();
    sqlx::query!(
        "UPDATE recordings SET missing_since = ?1, last_changed_at = ?1
         WHERE conference_id = ?2 AND media_id = ?3 AND missing_since IS NULL",
        now,
        conference_id,
        media_id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Moves the conference to where the reading leads it.
async fn take(
    connection: &mut SqliteConnection,
    conference_id: &str,
    wait: &Wait,
    step: &Step,
    now: Timestamp,
) -> Result<(), Error> {
    let (state, next, trouble) = match step {
        Step::Again(at, trouble) => (None, Some(*at), trouble.as_ref()),
        Step::Archived(last_look_at) => (Some(State::Archived), *last_look_at, None),
        Step::Unrecorded => (Some(State::Unrecorded), None, None),
        Step::Failed(trouble) => (Some(State::Failed), None, Some(trouble)),
    };
    let (attempts, next) = (i64::from(wait.attempts), column(next));
    sqlx::query!(
        "UPDATE conferences SET attempts = ?, next_attempt_at = ?,
             last_error_code = NULL, last_error_message = NULL, last_error_at = NULL
         WHERE conference_id = ?",
        attempts,
        next,
        conference_id,
    )
    .execute(&mut *connection)
    .await?;
    if let Some(trouble) = trouble {
        write_trouble(connection, conference_id, trouble, now).await?;
    }
    if let Some(state) = state {
        let (state, now) = (state.as_str(), now.as_millis());
        sqlx::query!(
            "UPDATE conferences SET state = ?1, closed_at = coalesce(closed_at, ?2) WHERE conference_id = ?3",
            state,
            now,
            conference_id,
        )
        .execute(&mut *connection)
        .await?;
    }
    if next.is_none() {
        sqlx::query!("DELETE FROM recording_waits WHERE conference_id = ?", conference_id).execute(connection).await?;
    }
    Ok(())
}
