//! What a clock that was ahead, and has been set back, leaves in the catalog: instants that lie in the future.

use std::time::Duration;

use super::{Catalog, Error};
use crate::domain::clock::{Timestamp, millis};

impl Catalog {
    /// How far the clock of the last stage that ran was ahead of `now`, which is the clock's word today; `None` if it was
    /// not.
    async fn ahead(&self, now: Timestamp) -> Result<Option<Duration>, Error> {
        let last =
            sqlx::query_scalar!(r#"SELECT max(max(last_started_at, last_finished_at)) AS "at: i64" FROM job_runs"#)
                .fetch_one(&mut *self.read().await?)
                .await?;
        Ok(last.map(|last| Timestamp::from_millis(last).since(now)).filter(|ahead| !ahead.is_zero()))
    }

    /// Where the clock was ahead of `now`, moves what was planned by it back by as much, so that nothing waits longer than
    /// it was meant to: plans, waits, pauses and the stages' last runs. What was recorded keeps the instants it was given.
    /// Answers by how much, or `None` where the clock was not ahead.
    pub async fn set_back(&self, now: Timestamp) -> Result<Option<Duration>, Error> {
        let Some(ahead) = self.ahead(now).await? else { return Ok(None) };
        let (now, ahead_ms) = (now.as_millis(), millis(ahead));
        let mut transaction = self.write().await?;
        sqlx::query!(
            "UPDATE conferences SET next_attempt_at = max(next_attempt_at - ?2, ?1) WHERE next_attempt_at > ?1",
            now,
            ahead_ms,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE recording_waits SET counted_until = counted_until - ?2 WHERE counted_until > ?1",
            now,
            ahead_ms,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE pauses
             SET since = CASE WHEN since > ?1 THEN since - ?2 ELSE since END, paused_until = paused_until - ?2
             WHERE paused_until > ?1",
            now,
            ahead_ms,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE job_runs
             SET last_started_at = CASE WHEN last_started_at > ?1 THEN last_started_at - ?2 ELSE last_started_at END,
                 last_finished_at = min(last_finished_at, ?1), next_due_at = next_due_at - ?2
             WHERE max(last_started_at, last_finished_at) > ?1",
            now,
            ahead_ms,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Some(ahead))
    }
}
