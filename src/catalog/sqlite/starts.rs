//! Recordings that the daemon starts by itself: written down with the event that tells of the meeting, and done with once.

use serde_json::Value;
use sqlx::SqliteConnection;

use super::rows::starts::{DueRow, NotStarted, Starts, Tried, tried_rows, wanted_entries, wanted_row};
use super::{Catalog, Error, count, due, journal};
use crate::domain::automatic::{FAILING, Start, Wanted};
use crate::domain::clock::Timestamp;

impl Catalog {
    /// When the next recording is to be started; `None` if none is.
    pub async fn next_start(&self) -> Result<Option<Timestamp>, Error> {
        let next = sqlx::query_scalar!(
            r#"SELECT min(next_attempt_at) AS "next: i64" FROM automatic_starts WHERE next_attempt_at IS NOT NULL"#
        );
        Ok(next.fetch_one(&mut *self.read().await?).await?.map(Timestamp::from_millis))
    }

    /// Some `most` of the recordings that are to be started now: those that wait longest first.
    pub async fn due_starts(&self, most: u32, now: Timestamp) -> Result<Vec<Start>, Error> {
        let mut connection = self.read().await?;
        let now = now.as_millis();
        let rows = sqlx::query_as!(
            DueRow,
            "SELECT conference_id, union_id, wanted_at, attempts FROM automatic_starts
             WHERE next_attempt_at <= ? ORDER BY next_attempt_at LIMIT ?",
            now,
            most,
        )
        .fetch_all(&mut *connection)
        .await?;
        let ids: Vec<&str> = rows.iter().map(|row| row.conference_id.as_str()).collect();
        let mut conferences = due::by_id(&mut connection, &ids).await?;
        Ok(rows.into_iter().filter_map(|row| row.start(&mut conferences)).collect())
    }

    /// Writes what came of these, and the journal of it, in one transaction. One whose conference began anew meanwhile is
    /// another start, and stays as it is.
    pub async fn starts_tried(&self, tried: &[Tried], now: Timestamp) -> Result<(), Error> {
        let (rows, entries) = tried_rows(tried);
        let (rows, now_ms) = (Value::from(rows).to_string(), now.as_millis());
        let mut transaction = self.write().await?;
        sqlx::query!(
            "UPDATE automatic_starts
             SET attempts = value ->> 2, next_attempt_at = value ->> 3, outcome = value ->> 4,
                 finished_at = CASE WHEN value ->> 4 IS NOT NULL THEN ?2 END
             FROM json_each(?1)
             WHERE conference_id = value ->> 0 AND wanted_at = value ->> 1 AND next_attempt_at IS NOT NULL",
            rows,
            now_ms,
        )
        .execute(&mut *transaction)
        .await?;
        journal::enter(&mut transaction, entries, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Whether the last [`FAILING`] recordings could not be started, all of them for want of their meetings' media.
    pub async fn starts_fail(&self) -> Result<bool, Error> {
        let failed = sqlx::query_scalar!(
            r#"SELECT count(*) AS "failed!: i64" FROM
                   (SELECT outcome FROM automatic_starts WHERE finished_at >= 0 ORDER BY finished_at DESC LIMIT ?)
               WHERE outcome = 'recordStartError'"#,
            FAILING,
        );
        Ok(count(failed.fetch_one(&mut *self.read().await?).await?) >= u64::from(FAILING))
    }

    /// How starting went since `since`.
    pub async fn automatic_starts(&self, since: Timestamp) -> Result<Starts, Error> {
        let since = since.as_millis();
        let mut connection = self.read().await?;
        let row = sqlx::query!(
            r#"SELECT count(*) FILTER (WHERE outcome = 'ok') AS "started!: i64",
                      count(*) FILTER (WHERE outcome <> 'ok') AS "not_started!: i64",
                      (SELECT count(*) FROM automatic_starts WHERE next_attempt_at >= 0) AS "pending!: i64"
               FROM automatic_starts WHERE finished_at >= ?"#,
            since,
        )
        .fetch_one(&mut *connection)
        .await?;
        let last_not_started = sqlx::query_as!(
            NotStarted,
            r#"SELECT conference_id, outcome AS "outcome!", finished_at AS "finished_at!: i64"
               FROM automatic_starts
               WHERE finished_at >= ? AND outcome <> 'ok' ORDER BY finished_at DESC LIMIT 1"#,
            since,
        )
        .fetch_optional(&mut *connection)
        .await?;
        Ok(Starts {
            started: count(row.started),
            not_started: count(row.not_started),
            pending: count(row.pending),
            last_not_started,
        })
    }
}

/// Writes down recordings that are to be started, and the journal of it; answers how many were not written down before.
/// A conference is started once in each of its sessions, however many events tell of it.
pub(super) async fn want(
    connection: &mut SqliteConnection,
    wanted: &[Wanted<'_>],
    now: Timestamp,
) -> Result<usize, Error> {
    if wanted.is_empty() {
        return Ok(0);
    }
    let (rows, now_ms) = (wanted.iter().map(wanted_row).collect::<Value>().to_string(), now.as_millis());
    let written = sqlx::query!(
        r#"INSERT INTO automatic_starts (conference_id, union_id, session_started_at, wanted_at, next_attempt_at)
           SELECT value ->> 0, value ->> 1, value ->> 2, ?2, ?2 FROM json_each(?1) WHERE true
           ON CONFLICT (conference_id) DO UPDATE
           SET union_id = excluded.union_id, session_started_at = excluded.session_started_at,
               wanted_at = excluded.wanted_at, attempts = 0, next_attempt_at = excluded.next_attempt_at, outcome = NULL,
               finished_at = NULL
           WHERE excluded.session_started_at > coalesce(session_started_at, wanted_at)
           RETURNING conference_id AS "conference_id!", union_id AS "union_id!""#,
        rows,
        now_ms,
    )
    .fetch_all(&mut *connection)
    .await?;
    let written: Vec<_> = written.into_iter().map(|row| (row.conference_id, row.union_id)).collect();
    journal::enter(connection, wanted_entries(&written), now).await?;
    Ok(written.len())
}
