//! When each stage last ran, and what experience says about the work to come.

use std::iter::repeat_n;

use super::rows::quota::{Limit, month};
use super::rows::runs::{HOUR_MS, JobRun, JobRunRow, Workload, WorkloadRow};
use super::{Catalog, Error, column};
use crate::domain::clock::Timestamp;

impl Catalog {
    pub async fn job_runs(&self) -> Result<Vec<JobRun>, Error> {
        let rows: Vec<JobRunRow> = sqlx::query_as(
            "SELECT stage, last_started_at, last_finished_at, outcome, next_due_at, last_ok_at, failures
             FROM job_runs ORDER BY last_started_at, stage",
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        Ok(rows.into_iter().map(JobRun::from).collect())
    }

    pub async fn job_ran(&self, run: &JobRun) -> Result<(), Error> {
        let ran = sqlx::query(
            "INSERT INTO job_runs AS j (stage, last_started_at, last_finished_at, outcome, next_due_at, last_ok_at,
                 failures)
             VALUES ($1, $2, $3, $4, $5, $2, ($4 <> 'ok')::int)
             ON CONFLICT (stage) DO UPDATE
             SET last_started_at = excluded.last_started_at, last_finished_at = excluded.last_finished_at,
                 outcome = excluded.outcome, next_due_at = excluded.next_due_at,
                 last_ok_at = CASE WHEN excluded.outcome = 'ok' THEN excluded.last_ok_at ELSE j.last_ok_at END,
                 failures = CASE WHEN excluded.outcome = 'ok' THEN 0 ELSE j.failures + 1 END",
        )
        .bind(&run.stage)
        .bind(run.last_started_at.as_millis())
        .bind(run.last_finished_at.as_millis())
        .bind(&run.outcome)
        .bind(column(run.next_due_at));
        self.execute(ran).await?;
        Ok(())
    }

    pub async fn starts(&self, since: Timestamp) -> Result<(Vec<Timestamp>, Option<Timestamp>), Error> {
        let mut connection = self.read().await?;
        let hours: Vec<(i64, i64)> =
            sqlx::query_as("SELECT hour, begun FROM conferences_by_hour WHERE hour >= $1 ORDER BY hour")
                .bind(since.as_millis() / HOUR_MS)
                .fetch_all(&mut *connection)
                .await?;
        let starts = hours.into_iter().flat_map(|(hour, begun)| {
            repeat_n(Timestamp::from_millis(hour * HOUR_MS).max(since), usize::try_from(begun).unwrap_or(0))
        });
        let first: Option<i64> = sqlx::query_scalar("SELECT discovered_at FROM conferences ORDER BY rowid LIMIT 1")
            .fetch_optional(&mut *connection)
            .await?;
        Ok((starts.collect(), first.map(Timestamp::from_millis)))
    }

    pub async fn workload(&self, since: Timestamp, since_day: &str, today: &str) -> Result<Workload, Error> {
        let row: WorkloadRow = sqlx::query_as(
            "SELECT (SELECT number FROM row_counts WHERE counted = 'waiting') AS waiting,
                    (SELECT number FROM row_counts WHERE counted = 'active') AS active,
                    (SELECT count(*) FROM conferences
                     WHERE state IN ('ended', 'archived') AND next_attempt_at >= 0) AS awaited,
                    (SELECT coalesce(sum(found), 0)::bigint FROM conferences_by_hour WHERE hour >= $1) AS found,
                    (SELECT coalesce(sum(calls), 0)::bigint FROM api_calls
                     WHERE day >= $2 AND endpoint IN ('get', 'getVideos', 'start')
                       AND outcome NOT IN ('unreached', 'throttled')) AS calls,
                    (SELECT coalesce(sum(calls), 0)::bigint FROM api_calls
                     WHERE day >= $3 || '-01' AND day <= $3 || '-31'
                       AND outcome NOT IN ('unreached', 'throttled')) AS spent,
                    (SELECT value FROM learned_limits WHERE name = $4) AS most_ids,
                    (SELECT value FROM learned_limits WHERE name = $5) AS pages",
        )
        .bind(since.as_millis() / HOUR_MS)
        .bind(since_day)
        .bind(month(today))
        .bind(Limit::MostIds.as_str())
        .bind(Limit::Pages.as_str())
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(row.into())
    }
}
