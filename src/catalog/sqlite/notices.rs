//! What was noticed, and who has yet to be told. What follows from a notice (whom to tell) is a trigger of the schema.

use std::time::Duration;

use serde_json::json;

use super::rows::notices::{ReceiverRow, Recorded, Untold, names, open};
use super::{Catalog, Error};
use crate::domain::clock::{Timestamp, millis};
use crate::domain::notice::{Condition, Kind, Open};

impl Catalog {
    /// The notices that are open, without those about conferences.
    pub async fn open_notices(&self) -> Result<Vec<Open>, Error> {
        let kinds = names(|kind| !matches!(kind, Kind::Failed | Kind::Archived));
        let rows = sqlx::query!(
            "SELECT kind, subject FROM notices INDEXED BY notices_open
             WHERE over_at IS NULL AND kind IN (SELECT value FROM json_each(?))",
            kinds,
        )
        .fetch_all(self.readers())
        .await?;
        Ok(rows.into_iter().filter_map(|row| open(&row.kind, row.subject)).collect())
    }

    /// Whether a conference has failed and that was not noticed, or no longer has.
    pub async fn has_unnoticed_failures(&self) -> Result<bool, Error> {
        let has = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM conferences c INDEXED BY conferences_by_state
                              WHERE c.state = 'failed' AND NOT EXISTS
                                  (SELECT 1 FROM notices n
                                   WHERE n.kind = 'failed' AND n.subject = c.conference_id AND n.over_at IS NULL))
                   OR EXISTS (SELECT 1 FROM notices n INDEXED BY notices_open
                              WHERE n.kind = 'failed' AND n.over_at IS NULL AND NOT EXISTS
                                  (SELECT 1 FROM conferences c WHERE c.conference_id = n.subject AND c.state = 'failed'))
                   AS "has!: bool""#
        );
        Ok(has.fetch_one(self.readers()).await?)
    }

    /// Writes down what began and what is over, conferences that failed and that no longer have among them.
    pub async fn notice(&self, begun: &[&Condition], over: &[&Open], now: Timestamp) -> Result<(), Error> {
        let now = now.as_millis();
        let mut transaction = self.write().await?;
        sqlx::query!(
            "UPDATE notices INDEXED BY notices_open SET over_at = ?1
             WHERE kind = 'failed' AND over_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM conferences c WHERE c.conference_id = subject AND c.state = 'failed')",
            now,
        )
        .execute(&mut *transaction)
        .await?;
        for Open { kind, subject } in over {
            let kind = kind.as_str();
            sqlx::query!(
                "UPDATE notices SET over_at = ? WHERE kind = ? AND subject = ? AND over_at IS NULL",
                now,
                kind,
                subject,
            )
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query!(
            "INSERT INTO notices (kind, subject, began_at, noticed_at)
             SELECT 'failed', conference_id, coalesce(closed_at, ?1), ?1
             FROM conferences INDEXED BY conferences_by_state WHERE state = 'failed'
             ON CONFLICT DO NOTHING",
            now,
        )
        .execute(&mut *transaction)
        .await?;
        for Condition { kind, subject, since, .. } in begun {
            let (kind, since) = (kind.as_str(), since.as_millis());
            sqlx::query!(
                "INSERT INTO notices (kind, subject, began_at, noticed_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                kind,
                subject,
                since,
                now,
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Tells these `receivers` from here on, and no others. One that is new is told what is open; all may be tried at
    /// once: their addresses may be others. What was noticed before a time in which nobody was told is forgotten.
    pub async fn set_receivers(&self, receivers: &[&str], wants_archived: bool, now: Timestamp) -> Result<(), Error> {
        let (all, now) = (json!(receivers).to_string(), now.as_millis());
        let needs_a_person = names(|kind| kind != Kind::Archived);
        let mut transaction = self.write().await?;
        sqlx::query!(
            "DELETE FROM notices INDEXED BY notices_open
             WHERE over_at IS NULL AND kind IN (SELECT value FROM json_each(?))
               AND NOT EXISTS (SELECT 1 FROM notice_receivers)",
            needs_a_person,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!("DELETE FROM notice_receivers WHERE receiver NOT IN (SELECT value FROM json_each(?))", all)
            .execute(&mut *transaction)
            .await?;
        for receiver in receivers {
            let added = sqlx::query!(
                "INSERT INTO notice_receivers (receiver, wants_archived, next_attempt_at, attempts)
                 VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING",
                receiver,
                wants_archived,
                now,
            )
            .execute(&mut *transaction)
            .await?;
            if added.rows_affected() > 0 {
                sqlx::query!(
                    "INSERT INTO notices_untold (receiver, notice_id, since)
                     SELECT ?1, notice_id, ?2 FROM notices INDEXED BY notices_open
                     WHERE over_at IS NULL AND kind IN (SELECT value FROM json_each(?3))",
                    receiver,
                    now,
                    needs_a_person,
                )
                .execute(&mut *transaction)
                .await?;
            }
        }
        sqlx::query!("UPDATE notice_receivers SET wants_archived = ?, next_attempt_at = ?", wants_archived, now)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Who is told, and how they take it.
    pub async fn receivers(&self) -> Result<Vec<ReceiverRow>, Error> {
        let rows = sqlx::query_as!(
            ReceiverRow,
            r#"SELECT receiver, next_attempt_at, failing_since, attempts, last_error,
                      (SELECT count(*) FROM notices_untold u WHERE u.receiver = notice_receivers.receiver) AS "untold!: i64"
               FROM notice_receivers ORDER BY receiver DESC"#
        );
        Ok(rows.fetch_all(self.readers()).await?)
    }

    /// What `receiver` has not been told: of each kind the first `most`, begun ones and those that are over apart.
    pub async fn untold(&self, receiver: &str, most: u32) -> Result<Vec<Untold>, Error> {
        let rows = sqlx::query_as!(
            Untold,
            r#"SELECT notice_id AS "notice_id!", kind AS "kind!", subject AS "subject!", began_at AS "began_at!",
                      over_at AS "over_at?", alike AS "alike!: i64"
               FROM (SELECT n.notice_id, n.kind, n.subject, n.began_at, n.over_at,
                            count(*) OVER (PARTITION BY n.kind, n.over_at IS NULL) AS alike,
                            row_number() OVER (PARTITION BY n.kind, n.over_at IS NULL ORDER BY n.notice_id) AS nth
                     FROM notices_untold u JOIN notices n ON n.notice_id = u.notice_id
                     WHERE u.receiver = ?1)
               WHERE nth <= ?2 ORDER BY notice_id"#,
            receiver,
            most,
        );
        Ok(rows.fetch_all(self.readers()).await?)
    }

    /// `receiver` took a message: all that it had yet to be told, but of archived conferences only those `named` in it.
    pub async fn told(&self, receiver: &str, named: &[i64], next_attempt_at: Timestamp) -> Result<(), Error> {
        let (named, next_attempt_at) = (json!(named).to_string(), next_attempt_at.as_millis());
        let mut transaction = self.write().await?;
        sqlx::query!(
            "DELETE FROM notices_untold
             WHERE receiver = ?1 AND (notice_id IN (SELECT value FROM json_each(?2))
                OR (SELECT kind FROM notices n WHERE n.notice_id = notices_untold.notice_id) <> 'archived')",
            receiver,
            named,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE notice_receivers SET next_attempt_at = ?, failing_since = NULL, attempts = 0, last_error = NULL
             WHERE receiver = ?",
            next_attempt_at,
            receiver,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// `receiver` did not take a message, for this `error`. What it could not be told since `before` is given up; answers
    /// how many notices that are.
    pub async fn not_told(
        &self,
        receiver: &str,
        error: &str,
        next_attempt_at: Timestamp,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let (next_attempt_at, before, now) = (next_attempt_at.as_millis(), before.as_millis(), now.as_millis());
        let mut transaction = self.write().await?;
        sqlx::query!(
            "UPDATE notice_receivers
             SET next_attempt_at = ?2, failing_since = coalesce(failing_since, ?3), attempts = attempts + 1, last_error = ?4
             WHERE receiver = ?1",
            receiver,
            next_attempt_at,
            now,
            error,
        )
        .execute(&mut *transaction)
        .await?;
        let given_up = sqlx::query!("DELETE FROM notices_untold WHERE receiver = ? AND since <= ?", receiver, before)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(given_up.rows_affected())
    }

    /// How much was recorded of a conference.
    pub async fn recordings_in_all(&self, conference_id: &str) -> Result<Recorded, Error> {
        let recorded = sqlx::query_as!(
            Recorded,
            r#"SELECT count(*) AS "recordings!: i64", coalesce(sum(duration_ms), 0) AS "duration_ms!: i64"
               FROM recordings WHERE conference_id = ?"#,
            conference_id,
        );
        Ok(recorded.fetch_one(self.readers()).await?)
    }

    /// Drops what was noticed longer ago than `keep`, is over, and has been told.
    pub async fn tidy_notices(&self, keep: Duration, now: Timestamp) -> Result<(), Error> {
        let before = now.as_millis().saturating_sub(millis(keep));
        sqlx::query!(
            "DELETE FROM notices
             WHERE noticed_at < ? AND over_at IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM notices_untold u WHERE u.notice_id = notices.notice_id)",
            before,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }
}
