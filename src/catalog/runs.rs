//! When each stage last ran, and what experience says about the work to come.

use std::iter::repeat_n;

use serde::Serialize;

use super::{Catalog, Error, column, count};
use crate::domain::clock::Timestamp;

const HOUR_MS: i64 = 3_600_000;

/// When a stage last ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobRun {
    /// `discover`, `poll`, `collect` or `maintain`.
    pub stage: String,
    pub last_started_at: Timestamp,
    pub last_finished_at: Timestamp,
    /// `ok`, or what stopped it.
    pub outcome: String,
    /// When it is due again, as far as could be told then.
    pub next_due_at: Option<Timestamp>,
    /// When its last untroubled run began; until there is one, its first. [`Catalog::job_ran`] works it out by itself.
    #[serde(skip)]
    pub last_ok_at: Timestamp,
    /// How many runs in a row something stopped since then. So it does this.
    #[serde(skip)]
    pub failures: u32,
}

/// What experience and the open work say about the calls to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// Conferences that have not begun, as far as is known.
    pub waiting: u64,
    /// Conferences that go on, as far as is known.
    pub active: u64,
    /// Conferences that have ended and will be read at least once more, archived ones for their last look.
    pub awaited: u64,
    /// Conferences found since a given instant that have ended, closed ones among them.
    pub ended: u64,
    /// Calls spent on confirming, collecting and starting recordings since then.
    pub calls: u64,
}

impl JobRun {
    /// The run of `stage` that begins at `now`, as it will be if nothing stops it.
    pub fn begun(stage: &str, now: Timestamp) -> Self {
        Self {
            stage: stage.to_owned(),
            last_started_at: now,
            last_finished_at: now,
            outcome: "ok".to_owned(),
            next_due_at: None,
            last_ok_at: now,
            failures: 0,
        }
    }
}

impl Catalog {
    /// When each stage last ran.
    pub async fn job_runs(&self) -> Result<Vec<JobRun>, Error> {
        let rows = sqlx::query!(
            "SELECT stage, last_started_at, last_finished_at, outcome, next_due_at, last_ok_at, failures
             FROM job_runs ORDER BY last_started_at"
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        let run = rows.into_iter().map(|row| JobRun {
            stage: row.stage,
            last_started_at: Timestamp::from_millis(row.last_started_at),
            last_finished_at: Timestamp::from_millis(row.last_finished_at),
            outcome: row.outcome,
            next_due_at: row.next_due_at.map(Timestamp::from_millis),
            last_ok_at: Timestamp::from_millis(row.last_ok_at),
            failures: u32::try_from(row.failures).unwrap_or(u32::MAX),
        });
        Ok(run.collect())
    }

    /// Writes down that a stage ran.
    pub async fn job_ran(&self, run: &JobRun) -> Result<(), Error> {
        let (started, finished) = (run.last_started_at.as_millis(), run.last_finished_at.as_millis());
        let next_due_at = column(run.next_due_at);
        sqlx::query!(
            "INSERT INTO job_runs (stage, last_started_at, last_finished_at, outcome, next_due_at, last_ok_at,
                 failures)
             VALUES (?1, ?2, ?3, ?4, ?5, ?2, ?4 <> 'ok')
             ON CONFLICT (stage) DO UPDATE
             SET last_started_at = excluded.last_started_at, last_finished_at = excluded.last_finished_at,
                 outcome = excluded.outcome, next_due_at = excluded.next_due_at,
                 last_ok_at = CASE WHEN excluded.outcome = 'ok' THEN excluded.last_ok_at ELSE last_ok_at END,
                 failures = CASE WHEN excluded.outcome = 'ok' THEN 0 ELSE failures + 1 END",
            run.stage,
            started,
            finished,
            run.outcome,
            next_due_at,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// When meetings began since `since`, to the hour and as far as the catalog knows, and when it first knew of any.
    pub async fn starts(&self, since: Timestamp) -> Result<(Vec<Timestamp>, Option<Timestamp>), Error> {
        let since_hour = since.as_millis() / HOUR_MS;
        let mut connection = self.read().await?;
        let hours = sqlx::query!("SELECT hour, begun FROM conferences_by_hour WHERE hour >= ?", since_hour)
            .fetch_all(&mut *connection)
            .await?;
        let starts = hours.into_iter().flat_map(|row| {
            repeat_n(Timestamp::from_millis(row.hour * HOUR_MS).max(since), usize::try_from(row.begun).unwrap_or(0))
        });
        let first = sqlx::query_scalar!(
            "SELECT discovered_at FROM conferences WHERE rowid = (SELECT min(rowid) FROM conferences)"
        )
        .fetch_optional(&mut *connection)
        .await?;
        Ok((starts.collect(), first.map(Timestamp::from_millis)))
    }

    /// What experience since `since` (of which `day` is the day) and the open work say about the calls to come.
    pub async fn workload(&self, since: Timestamp, day: &str) -> Result<Workload, Error> {
        let since_hour = since.as_millis() / HOUR_MS;
        let row = sqlx::query!(
            r#"SELECT (SELECT number FROM row_counts WHERE counted = 'waiting') AS "waiting!: i64",
                      (SELECT number FROM row_counts WHERE counted = 'active') AS "active!: i64",
                      (SELECT count(*) FROM conferences
                       WHERE state IN ('ended', 'archived') AND next_attempt_at >= 0) AS "awaited!: i64",
                      (SELECT coalesce(sum(found), 0) FROM conferences_by_hour WHERE hour >= ?1) AS "found!: i64",
                      (SELECT coalesce(sum(calls), 0) FROM api_calls
                       WHERE day >= ?2 AND endpoint IN ('get', 'getVideos', 'start')
                         AND outcome NOT IN ('unreached', 'throttled')) AS "calls!: i64""#,
            since_hour,
            day,
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(Workload {
            waiting: count(row.waiting),
            active: count(row.active),
            awaited: count(row.awaited),
            // One that is open for longer than experience reaches is a rare exception.
            ended: count(row.found - row.waiting - row.active),
            calls: count(row.calls),
        })
    }
}
