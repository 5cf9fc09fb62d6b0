//! Recordings that the daemon starts by itself: written down with the event that tells of the meeting, and done with once.

use serde_json::Value;
use sqlx::PgConnection;

use super::rows::starts::{DueRow, NotStarted, Starts, Tried, tried_rows, wanted_entries, wanted_row};
use super::{Catalog, Error, count, due, journal};
use crate::domain::automatic::{FAILING, Start, Wanted};
use crate::domain::clock::Timestamp;

impl Catalog {
    pub async fn next_start(&self) -> Result<Option<Timestamp>, Error> {
        let next: Option<i64> =
            sqlx::query_scalar("SELECT min(next_attempt_at) FROM automatic_starts WHERE next_attempt_at IS NOT NULL")
                .fetch_one(&mut *self.read().await?)
                .await?;
        Ok(next.map(Timestamp::from_millis))
    }

    pub async fn due_starts(&self, most: u32, now: Timestamp) -> Result<Vec<Start>, Error> {
        let mut connection = self.read().await?;
        let rows: Vec<DueRow> = sqlx::query_as(
            "SELECT conference_id, union_id, wanted_at, attempts FROM automatic_starts
             WHERE next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $2",
        )
        .bind(now.as_millis())
        .bind(i64::from(most))
        .fetch_all(&mut *connection)
        .await?;
        let ids: Vec<&str> = rows.iter().map(|row| row.conference_id.as_str()).collect();
        let mut conferences = due::by_id(&mut connection, &ids).await?;
        Ok(rows.into_iter().filter_map(|row| row.start(&mut conferences)).collect())
    }

    pub async fn starts_tried(&self, tried: &[Tried], now: Timestamp) -> Result<(), Error> {
        let (rows, entries) = tried_rows(tried);
        let mut transaction = self.write().await?;
        sqlx::query(
            "UPDATE automatic_starts
             SET attempts = (value ->> 2)::bigint, next_attempt_at = (value ->> 3)::bigint, outcome = value ->> 4,
                 finished_at = CASE WHEN value ->> 4 IS NOT NULL THEN $2::bigint END
             FROM json_array_elements($1::json)
             WHERE conference_id = value ->> 0 AND wanted_at = (value ->> 1)::bigint AND next_attempt_at IS NOT NULL",
        )
        .bind(Value::from(rows).to_string())
        .bind(now.as_millis())
        .execute(&mut *transaction)
        .await?;
        journal::enter(&mut transaction, entries, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn starts_fail(&self) -> Result<bool, Error> {
        let failed = sqlx::query_scalar(
            "SELECT count(*) FROM
                 (SELECT outcome FROM automatic_starts WHERE finished_at >= 0 ORDER BY finished_at DESC LIMIT $1) latest
             WHERE outcome = 'recordStartError'",
        );
        let failed = failed.bind(i64::from(FAILING)).fetch_one(&mut *self.read().await?).await?;
        Ok(count(failed) >= u64::from(FAILING))
    }

    pub async fn automatic_starts(&self, since: Timestamp) -> Result<Starts, Error> {
        let mut connection = self.read().await?;
        let (started, not_started, pending): (i64, i64, i64) = sqlx::query_as(
            "SELECT count(*) FILTER (WHERE outcome = 'ok'), count(*) FILTER (WHERE outcome <> 'ok'),
                    (SELECT count(*) FROM automatic_starts WHERE next_attempt_at >= 0)
             FROM automatic_starts WHERE finished_at >= $1",
        )
        .bind(since.as_millis())
        .fetch_one(&mut *connection)
        .await?;
        let last_not_started: Option<NotStarted> = sqlx::query_as(
            "SELECT conference_id, outcome, finished_at FROM automatic_starts
             WHERE finished_at >= $1 AND outcome <> 'ok' ORDER BY finished_at DESC LIMIT 1",
        )
        .bind(since.as_millis())
        .fetch_optional(&mut *connection)
        .await?;
        Ok(Starts {
            started: count(started),
            not_started: count(not_started),
            pending: count(pending),
            last_not_started,
        })
    }
}

/// Writes down recordings that are to be started, and the journal of it; answers how many were not written down before.
pub(super) async fn want(connection: &mut PgConnection, wanted: &[Wanted<'_>], now: Timestamp) -> Result<usize, Error> {
    if wanted.is_empty() {
        return Ok(0);
    }
    let written: Vec<(String, String)> = sqlx::query_as(
        "INSERT INTO automatic_starts AS a (conference_id, union_id, session_started_at, wanted_at, next_attempt_at)
         SELECT c.conference_id, value ->> 1, (value ->> 2)::bigint, $2::bigint, $2::bigint
         FROM json_array_elements($1::json) JOIN conferences c ON c.conference_id = value ->> 0
         ON CONFLICT (conference_id) DO UPDATE
         SET union_id = excluded.union_id, session_started_at = excluded.session_started_at,
             wanted_at = excluded.wanted_at, attempts = 0, next_attempt_at = excluded.next_attempt_at, outcome = NULL,
             finished_at = NULL
         WHERE excluded.session_started_at > coalesce(a.session_started_at, a.wanted_at)
         RETURNING conference_id, union_id",
    )
    .bind(wanted.iter().map(wanted_row).collect::<Value>().to_string())
    .bind(now.as_millis())
    .fetch_all(&mut *connection)
    .await?;
    journal::enter(connection, wanted_entries(&written), now).await?;
    Ok(written.len())
}
