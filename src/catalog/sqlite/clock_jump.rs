//! What the catalog makes of clocks that are set, and of time in which nobody watched.

use std::time::Duration;

use super::{Catalog, Error};
use crate::domain::clock::{Timestamp, millis};

impl Catalog {
    /// The clock was `ahead` of `now`, and has been set back. What was planned by it is moved back by as much, so that
    /// nothing waits longer than it was meant to: plans, waits, pauses, messages, searches and the stages' last runs. What was recorded keeps
    /// the instants it was given.
    pub async fn set_back(&self, ahead: Duration, now: Timestamp) -> Result<(), Error> {
        let (now, ahead_ms) = (now.as_millis(), millis(ahead));
        let mut transaction = self.write().await?;
        sqlx::query!(
            "UPDATE conferences SET next_attempt_at = max(next_attempt_at - ?2, ?1)
             WHERE state IN ('waiting', 'active', 'ended', 'archived', 'failed') AND next_attempt_at > ?1",
            now,
            ahead_ms,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE conference_waits
             SET counted_until = CASE WHEN counted_until > ?1 THEN counted_until - ?2 ELSE counted_until END,
                 list_changed_at = CASE WHEN list_changed_at > ?1 THEN list_changed_at - ?2 ELSE list_changed_at END,
                 failing_since = CASE WHEN failing_since > ?1 THEN failing_since - ?2 ELSE failing_since END",
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
                 last_finished_at = min(last_finished_at, ?1), next_due_at = next_due_at - ?2,
                 last_ok_at = min(last_ok_at, ?1)
             WHERE max(last_started_at, last_finished_at) > ?1",
            now,
            ahead_ms,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE automatic_starts SET next_attempt_at = max(next_attempt_at - ?2, ?1) WHERE next_attempt_at > ?1",
            now,
            ahead_ms,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE notice_receivers SET next_attempt_at = max(next_attempt_at - ?2, ?1) WHERE next_attempt_at > ?1",
            now,
            ahead_ms,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE search_queue SET next_attempt_at = max(next_attempt_at - ?2, ?1) WHERE next_attempt_at > ?1",
            now,
            ahead_ms,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Takes time in which nobody watched, up to `now`, out of every wait.
    pub async fn unwatched(&self, time: Duration, now: Timestamp) -> Result<(), Error> {
        let (now, time_ms) = (now.as_millis(), millis(time));
        sqlx::query!(
            "UPDATE conference_waits
             SET counted_until = CASE WHEN counted_until < ?1 THEN min(counted_until + ?2, ?1) ELSE counted_until END,
                 failing_since = CASE WHEN failing_since < ?1 THEN min(failing_since + ?2, ?1) ELSE failing_since END",
            now,
            time_ms,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }
}
