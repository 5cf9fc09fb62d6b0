//! What was spent: the ledger of calls, and what was learned about what they cost.

use std::collections::HashMap;

use super::rows::quota::{Charged, LearnedLimits, Limit, LimitRow, month};
use super::{Catalog, Error, count};
use crate::domain::clock::Timestamp;
use crate::domain::endpoint::Endpoint;

impl Catalog {
    /// Counts calls at `endpoint` on `day` before they are sent, if the month has no more than `most` with them (`None`:
    /// unmetered); answers whether it has.
    pub async fn charge(&self, day: &str, endpoint: Endpoint, calls: usize, most: Option<u64>) -> Result<bool, Error> {
        let (month, endpoint) = (month(day), endpoint.as_str());
        let calls = i64::try_from(calls).unwrap_or(i64::MAX);
        let most = most.map(|most| i64::try_from(most).unwrap_or(i64::MAX));
        let counted = sqlx::query!(
            "INSERT INTO api_calls (day, endpoint, outcome, calls)
             SELECT ?1, ?2, 'reserved', ?5
             WHERE ?3 IS NULL
                OR (SELECT coalesce(sum(calls), 0) FROM api_calls
                    WHERE day >= ?4 || '-01' AND day <= ?4 || '-31' AND outcome NOT IN ('unreached', 'throttled')) + ?5
                   <= ?3
             ON CONFLICT (day, endpoint, outcome) DO UPDATE SET calls = calls + ?5",
            day,
            endpoint,
            most,
            month,
            calls,
        )
        .execute(self.writer())
        .await?;
        Ok(counted.rows_affected() > 0)
    }

    /// Enters what became of calls that were charged: of each kind, how many.
    pub async fn enter_outcomes(&self, charged: &HashMap<Charged, i64>) -> Result<(), Error> {
        if charged.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write().await?;
        for (Charged { day, endpoint, outcome }, calls) in charged {
            let endpoint = endpoint.as_str();
            sqlx::query!(
                "INSERT INTO api_calls (day, endpoint, outcome, calls) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (day, endpoint, outcome) DO UPDATE SET calls = calls + ?4",
                day,
                endpoint,
                outcome,
                calls,
            )
            .execute(&mut *transaction)
            .await?;
            sqlx::query!(
                "UPDATE api_calls SET calls = max(calls - ?3, 0) WHERE day = ?1 AND endpoint = ?2 AND outcome = 'reserved'",
                day,
                endpoint,
                calls,
            )
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query!("DELETE FROM api_calls WHERE outcome = 'reserved' AND calls = 0")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Metered calls of the month that `day` lies in, those without an outcome included.
    pub async fn spent(&self, day: &str) -> Result<u64, Error> {
        let month = month(day);
        let calls = sqlx::query_scalar!(
            r#"SELECT coalesce(sum(calls), 0) AS "calls!: i64" FROM api_calls
               WHERE day >= ?1 || '-01' AND day <= ?1 || '-31' AND outcome NOT IN ('unreached', 'throttled')"#,
            month,
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(count(calls))
    }

    /// Keeps the newest `months` months of the ledger, and drops the rest.
    pub async fn tidy_calls(&self, months: u32) -> Result<(), Error> {
        sqlx::query!(
            "DELETE FROM api_calls WHERE substr(day, 1, 7) NOT IN
                 (SELECT DISTINCT substr(day, 1, 7) FROM api_calls ORDER BY 1 DESC LIMIT ?)",
            months,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Writes down this daemon's share, for the view that shows it.
    pub async fn set_share(&self, calls_per_month: u64) -> Result<(), Error> {
        let calls_per_month = i64::try_from(calls_per_month).unwrap_or(i64::MAX);
        sqlx::query!(
            "INSERT INTO quota (id, calls_per_month) VALUES (1, ?1)
             ON CONFLICT (id) DO UPDATE SET calls_per_month = ?1 WHERE calls_per_month <> ?1",
            calls_per_month,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// What was learned about DingTalk's limits.
    pub async fn learned_limits(&self) -> Result<LearnedLimits, Error> {
        let rows = sqlx::query_as!(LimitRow, "SELECT name, value, learned_at FROM learned_limits")
            .fetch_all(&mut *self.read().await?)
            .await?;
        Ok(LearnedLimits::of(&rows))
    }

    /// Writes down a limit that was learned at `now`; one that is as it was is not written.
    pub async fn learn_limit(&self, limit: Limit, value: u64, now: Timestamp) -> Result<(), Error> {
        let (name, now) = (limit.as_str(), now.as_millis());
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        sqlx::query!(
            "INSERT INTO learned_limits (name, value, learned_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET value = ?2, learned_at = ?3",
            name,
            value,
            now,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }
}
