//! When each stage last ran, and what experience says about the work to come.

use std::iter::repeat_n;

use super::rows::quota::{Limit, month};
use super::rows::runs::{HOUR_MS, JobRun, JobRunRow, Workload, WorkloadRow};
use super::{Catalog, Error, column};
use crate::domain::clock::Timestamp;

impl Catalog {
    /// When each stage last ran.
    pub async fn job_runs(&self) -> Result<Vec<JobRun>, Error> {
        let rows = sqlx::query_as!(
            JobRunRow,
            "SELECT stage, last_started_at, last_finished_at, outcome, next_due_at, last_ok_at, failures
             FROM job_runs ORDER BY last_started_at"
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        Ok(rows.into_iter().map(JobRun::from).collect())
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

    /// What experience since `since` (of which `since_day` is the day) and the open work say about the calls to come. Today
    /// is `today`. One statement, for each pass asks it.
    pub async fn workload(&self, since: Timestamp, since_day: &str, today: &str) -> Result<Workload, Error> {
        let (since_hour, month) = (since.as_millis() / HOUR_MS, month(today));
        let (most_ids, pages) = (Limit::MostIds.as_str(), Limit::Pages.as_str());
        let row = sqlx::query_as!(
            WorkloadRow,
            r#"SELECT (SELECT number FROM row_counts WHERE counted = 'waiting') AS "waiting!: i64",
                      (SELECT number FROM row_counts WHERE counted = 'active') AS "active!: i64",
                      (SELECT count(*) FROM conferences
                       WHERE state IN ('ended', 'archived') AND next_attempt_at >= 0) AS "awaited!: i64",
                      (SELECT coalesce(sum(found), 0) FROM conferences_by_hour WHERE hour >= ?1) AS "found!: i64",
                      (SELECT coalesce(sum(calls), 0) FROM api_calls
                       WHERE day >= ?2 AND endpoint IN ('get', 'getVideos', 'start')
                         AND outcome NOT IN ('unreached', 'throttled')) AS "calls!: i64",
                      (SELECT coalesce(sum(calls), 0) FROM api_calls
                       WHERE day >= ?3 || '-01' AND day <= ?3 || '-31'
                         AND outcome NOT IN ('unreached', 'throttled')) AS "spent!: i64",
                      (SELECT value FROM learned_limits WHERE name = ?4) AS "most_ids?: i64",
                      (SELECT value FROM learned_limits WHERE name = ?5) AS "pages?: i64""#,
            since_hour,
            since_day,
            month,
            most_ids,
            pages,
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(row.into())
    }
}
