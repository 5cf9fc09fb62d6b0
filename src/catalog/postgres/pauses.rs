//! Until when DingTalk is left alone, and why.

use super::rows::pauses::{Pause, PauseRow};
use super::{Catalog, Error};
use crate::domain::clock::Timestamp;

impl Catalog {
    pub async fn pauses(&self) -> Result<Vec<Pause>, Error> {
        let rows: Vec<PauseRow> =
            sqlx::query_as("SELECT scope, paused_until, since, failures, code, message FROM pauses ORDER BY scope")
                .fetch_all(&mut *self.read().await?)
                .await?;
        Ok(rows.into_iter().filter_map(PauseRow::pause).collect())
    }

    pub async fn pause(&self, pause: &Pause, is_outage: bool) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "INSERT INTO pauses (scope, paused_until, since, failures, code, message) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (scope) DO UPDATE
             SET paused_until = excluded.paused_until, since = excluded.since, failures = excluded.failures,
                 code = excluded.code, message = excluded.message",
        )
        .bind(pause.scope.as_str())
        .bind(pause.until.as_millis())
        .bind(pause.since.as_millis())
        .bind(i64::from(pause.failures))
        .bind(&pause.code)
        .bind(&pause.message)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "UPDATE conferences SET next_attempt_at = $1
             WHERE $2 AND next_attempt_at > $1 AND state <> 'failed'
               AND conference_id IN (SELECT conference_id FROM conference_waits WHERE failing_since IS NOT NULL)",
        )
        .bind(pause.until.as_millis())
        .bind(is_outage)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn unpause(&self, pause: &Pause, is_everybodys: bool, now: Timestamp) -> Result<(), Error> {
        let (since, now, scope) = (pause.since.as_millis(), now.as_millis(), pause.scope.as_str());
        let mut transaction = self.write().await?;
        sqlx::query("DELETE FROM pauses WHERE scope = $1").bind(scope).execute(&mut *transaction).await?;
        sqlx::query(
            "UPDATE conference_waits SET failing_since = failing_since + $2 - greatest(failing_since, $1)
             WHERE $3 AND failing_since IS NOT NULL AND greatest(failing_since, $1) < $2",
        )
        .bind(since)
        .bind(now)
        .bind(is_everybodys)
        .execute(&mut *transaction)
        .await?;
        if matches!(scope, "*" | "getVideos") {
            sqlx::query(
                "UPDATE conference_waits SET counted_until = counted_until + $2 - greatest(counted_until, $1)
                 WHERE greatest(counted_until, $1) < $2",
            )
            .bind(since)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
