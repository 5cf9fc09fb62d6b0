//! What was noticed, and who has yet to be told. What follows from a notice (whom to tell) is a trigger of the schema.

use std::time::Duration;

use super::rows::notices::{ReceiverRow, Recorded, Untold, names, open};
use super::{Catalog, Error};
use crate::domain::clock::{Timestamp, millis};
use crate::domain::notice::{Condition, Kind, Open};

impl Catalog {
    pub async fn open_notices(&self) -> Result<Vec<Open>, Error> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT kind, subject FROM notices
             WHERE over_at IS NULL AND kind IN (SELECT json_array_elements_text($1::json))
             ORDER BY notice_id",
        )
        .bind(names(|kind| !matches!(kind, Kind::Failed | Kind::Archived)))
        .fetch_all(self.readers())
        .await?;
        Ok(rows.into_iter().filter_map(|(kind, subject)| open(&kind, subject)).collect())
    }

    pub async fn has_unnoticed_failures(&self) -> Result<bool, Error> {
        let has = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM conferences c
                            WHERE c.state = 'failed' AND NOT EXISTS
                                (SELECT 1 FROM notices n
                                 WHERE n.kind = 'failed' AND n.subject = c.conference_id AND n.over_at IS NULL))
                 OR EXISTS (SELECT 1 FROM notices n
                            WHERE n.kind = 'failed' AND n.over_at IS NULL AND NOT EXISTS
                                (SELECT 1 FROM conferences c WHERE c.conference_id = n.subject AND c.state = 'failed'))",
        );
        Ok(has.fetch_one(self.readers()).await?)
    }

    pub async fn notice(&self, begun: &[&Condition], over: &[&Open], now: Timestamp) -> Result<(), Error> {
        let now = now.as_millis();
        let mut transaction = self.write().await?;
        sqlx::query(
            "UPDATE notices SET over_at = $1
             WHERE kind = 'failed' AND over_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM conferences c WHERE c.conference_id = subject AND c.state = 'failed')",
        )
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        for Open { kind, subject } in over {
            sqlx::query("UPDATE notices SET over_at = $1 WHERE kind = $2 AND subject = $3 AND over_at IS NULL")
                .bind(now)
                .bind(kind.as_str())
                .bind(subject)
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query(
            "INSERT INTO notices (kind, subject, began_at, noticed_at)
             SELECT 'failed', conference_id, coalesce(closed_at, $1), $1 FROM conferences WHERE state = 'failed'
             ON CONFLICT DO NOTHING",
        )
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        for Condition { kind, subject, since, .. } in begun {
            sqlx::query(
                "INSERT INTO notices (kind, subject, began_at, noticed_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT DO NOTHING",
            )
            .bind(kind.as_str())
            .bind(subject)
            .bind(since.as_millis())
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub async fn set_receivers(&self, receivers: &[&str], wants_archived: bool, now: Timestamp) -> Result<(), Error> {
        let (now, wants_archived) = (now.as_millis(), i64::from(wants_archived));
        let needs_a_person = names(|kind| kind != Kind::Archived);
        let mut transaction = self.write().await?;
        sqlx::query(
            "DELETE FROM notices
             WHERE over_at IS NULL AND kind IN (SELECT json_array_elements_text($1::json))
               AND NOT EXISTS (SELECT 1 FROM notice_receivers)",
        )
        .bind(&needs_a_person)
        .execute(&mut *transaction)
        .await?;
        sqlx::query("DELETE FROM notice_receivers WHERE receiver <> ALL ($1)")
            .bind(receivers)
            .execute(&mut *transaction)
            .await?;
        for receiver in receivers {
            let added = sqlx::query(
                "INSERT INTO notice_receivers (receiver, wants_archived, next_attempt_at, attempts)
                 VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING",
            )
            .bind(receiver)
            .bind(wants_archived)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
            if added.rows_affected() > 0 {
                sqlx::query(
                    "INSERT INTO notices_untold (receiver, notice_id, since)
                     SELECT $1, notice_id, $2 FROM notices
                     WHERE over_at IS NULL AND kind IN (SELECT json_array_elements_text($3::json))",
                )
                .bind(receiver)
                .bind(now)
                .bind(&needs_a_person)
                .execute(&mut *transaction)
                .await?;
            }
        }
        sqlx::query("UPDATE notice_receivers SET wants_archived = $1, next_attempt_at = $2")
            .bind(wants_archived)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn receivers(&self) -> Result<Vec<ReceiverRow>, Error> {
        let rows = sqlx::query_as(
            "SELECT receiver, next_attempt_at, failing_since, attempts, last_error,
                    (SELECT count(*) FROM notices_untold u WHERE u.receiver = notice_receivers.receiver) AS untold
             FROM notice_receivers ORDER BY receiver DESC",
        );
        Ok(rows.fetch_all(self.readers()).await?)
    }

    pub async fn untold(&self, receiver: &str, most: u32) -> Result<Vec<Untold>, Error> {
        let rows = sqlx::query_as(
            "SELECT notice_id, kind, subject, began_at, over_at, alike
             FROM (SELECT n.notice_id, n.kind, n.subject, n.began_at, n.over_at,
                          count(*) OVER (PARTITION BY n.kind, n.over_at IS NULL) AS alike,
                          row_number() OVER (PARTITION BY n.kind, n.over_at IS NULL ORDER BY n.notice_id) AS nth
                   FROM notices_untold u JOIN notices n ON n.notice_id = u.notice_id
                   WHERE u.receiver = $1) numbered
             WHERE nth <= $2 ORDER BY notice_id",
        );
        Ok(rows.bind(receiver).bind(i64::from(most)).fetch_all(self.readers()).await?)
    }

    pub async fn told(&self, receiver: &str, named: &[i64], next_attempt_at: Timestamp) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "DELETE FROM notices_untold
             WHERE receiver = $1 AND (notice_id = ANY ($2)
                OR (SELECT kind FROM notices n WHERE n.notice_id = notices_untold.notice_id) <> 'archived')",
        )
        .bind(receiver)
        .bind(named)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "UPDATE notice_receivers SET next_attempt_at = $1, failing_since = NULL, attempts = 0, last_error = NULL
             WHERE receiver = $2",
        )
        .bind(next_attempt_at.as_millis())
        .bind(receiver)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn not_told(
        &self,
        receiver: &str,
        error: &str,
        next_attempt_at: Timestamp,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "UPDATE notice_receivers
             SET next_attempt_at = $2, failing_since = coalesce(failing_since, $3), attempts = attempts + 1, last_error = $4
             WHERE receiver = $1",
        )
        .bind(receiver)
        .bind(next_attempt_at.as_millis())
        .bind(now.as_millis())
        .bind(error)
        .execute(&mut *transaction)
        .await?;
        let given_up = sqlx::query("DELETE FROM notices_untold WHERE receiver = $1 AND since <= $2")
            .bind(receiver)
            .bind(before.as_millis())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(given_up.rows_affected())
    }

    pub async fn recordings_in_all(&self, conference_id: &str) -> Result<Recorded, Error> {
        // What DingTalk gives need not add up in 64 bits.
        let recorded = sqlx::query_as(
            "SELECT count(*) AS recordings,
                    least(coalesce(sum(greatest(duration_ms, 0)), 0), 9223372036854775807)::bigint AS duration_ms
             FROM recordings WHERE conference_id = $1",
        );
        Ok(recorded.bind(conference_id).fetch_one(self.readers()).await?)
    }

    pub async fn tidy_notices(&self, keep: Duration, now: Timestamp) -> Result<(), Error> {
        let tidy = sqlx::query(
            "DELETE FROM notices
             WHERE noticed_at < $1 AND over_at IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM notices_untold u WHERE u.notice_id = notices.notice_id)",
        );
        self.execute(tidy.bind(now.as_millis().saturating_sub(millis(keep)))).await?;
        Ok(())
    }
}
