//! What the catalog makes of clocks that are set, and of time in which nobody watched.

use std::time::Duration;

use super::{Catalog, Error};
use crate::domain::clock::{Timestamp, millis};

impl Catalog {
    pub async fn set_back(&self, ahead: Duration, now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        let statements = [
            sqlx::query(
                "UPDATE conferences SET next_attempt_at = greatest(next_attempt_at - $2, $1)
                 WHERE state IN ('waiting', 'active', 'ended', 'archived', 'failed') AND next_attempt_at > $1",
            ),
            sqlx::query(
                "UPDATE conference_waits
                 SET counted_until = CASE WHEN counted_until > $1 THEN counted_until - $2 ELSE counted_until END,
                     list_changed_at = CASE WHEN list_changed_at > $1 THEN list_changed_at - $2 ELSE list_changed_at END,
                     failing_since = CASE WHEN failing_since > $1 THEN failing_since - $2 ELSE failing_since END",
            ),
            sqlx::query(
                "UPDATE pauses
                 SET since = CASE WHEN since > $1 THEN since - $2 ELSE since END, paused_until = paused_until - $2
                 WHERE paused_until > $1",
            ),
            sqlx::query(
                "UPDATE job_runs
                 SET last_started_at = CASE WHEN last_started_at > $1 THEN last_started_at - $2 ELSE last_started_at END,
                     last_finished_at = least(last_finished_at, $1), next_due_at = next_due_at - $2,
                     last_ok_at = least(last_ok_at, $1)
                 WHERE greatest(last_started_at, last_finished_at) > $1",
            ),
            sqlx::query(
                "UPDATE automatic_starts SET next_attempt_at = greatest(next_attempt_at - $2, $1)
                 WHERE next_attempt_at > $1",
            ),
            sqlx::query(
                "UPDATE search_queue SET next_attempt_at = greatest(next_attempt_at - $2, $1) WHERE next_attempt_at > $1",
            ),
            sqlx::query(
                "UPDATE notice_receivers SET next_attempt_at = greatest(next_attempt_at - $2, $1)
                 WHERE next_attempt_at > $1",
            ),
        ];
        for statement in statements {
            statement.bind(now.as_millis()).bind(millis(ahead)).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub async fn unwatched(&self, time: Duration, now: Timestamp) -> Result<(), Error> {
        let unwatched = sqlx::query(
            "UPDATE conference_waits
             SET counted_until = CASE WHEN counted_until < $1 THEN least(counted_until + $2, $1) ELSE counted_until END,
                 failing_since = CASE WHEN failing_since < $1 THEN least(failing_since + $2, $1) ELSE failing_since END",
        );
        self.execute(unwatched.bind(now.as_millis()).bind(millis(time))).await?;
        Ok(())
    }
}
