//! Until when DingTalk is left alone, and why.

use super::rows::pauses::{Pause, PauseRow};
use super::{Catalog, Error};
use crate::domain::clock::Timestamp;

impl Catalog {
    /// Every pause, lapsed ones too: the next one is longer.
    pub async fn pauses(&self) -> Result<Vec<Pause>, Error> {
        let rows = sqlx::query_as!(
            PauseRow,
            "SELECT scope, paused_until, since, failures, code, message FROM pauses ORDER BY scope"
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        Ok(rows.into_iter().filter_map(PauseRow::pause).collect())
    }

    /// Writes a pause down, over an older one of the same scope. In an outage, conferences that were put off for errors wait
    /// no longer than it: the errors were everybody's.
    pub async fn pause(&self, pause: &Pause, is_outage: bool) -> Result<(), Error> {
        let (until, since, failures) = (pause.until.as_millis(), pause.since.as_millis(), i64::from(pause.failures));
        let scope = pause.scope.as_str();
        let mut transaction = self.write().await?;
        sqlx::query!(
            "INSERT INTO pauses (scope, paused_until, since, failures, code, message) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (scope) DO UPDATE
             SET paused_until = excluded.paused_until, since = excluded.since, failures = excluded.failures,
                 code = excluded.code, message = excluded.message",
            scope,
            until,
            since,
            failures,
            pause.code,
            pause.message,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE conferences SET next_attempt_at = ?1
             WHERE ?2 AND next_attempt_at > ?1 AND state <> 'failed'
               AND conference_id IN (SELECT conference_id FROM conference_waits WHERE failing_since IS NOT NULL)",
            until,
            is_outage,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Ends a pause at `now`. The time since it began to fail is taken out of every wait: no conference is closed for an
    /// answer that could not be asked for, nor for errors that were everybody's.
    pub async fn unpause(&self, pause: &Pause, is_everybodys: bool, now: Timestamp) -> Result<(), Error> {
        let (since, now, scope) = (pause.since.as_millis(), now.as_millis(), pause.scope.as_str());
        let mut transaction = self.write().await?;
        sqlx::query!("DELETE FROM pauses WHERE scope = ?", scope).execute(&mut *transaction).await?;
        sqlx::query!(
            "UPDATE conference_waits SET failing_since = failing_since + ?2 - max(failing_since, ?1)
             WHERE ?3 AND max(failing_since, ?1) < ?2",
            since,
            now,
            is_everybodys,
        )
        .execute(&mut *transaction)
        .await?;
        if matches!(scope, "*" | "getVideos") {
            sqlx::query!(
                "UPDATE conference_waits SET counted_until = counted_until + ?2 - max(counted_until, ?1)
                 WHERE max(counted_until, ?1) < ?2",
                since,
                now,
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
