//! What was spent: the ledger of calls, and what was learned about what they cost.

use std::collections::HashMap;

use super::rows::quota::{Charged, LearnedLimits, Limit, month};
use super::{Catalog, Error, count};
use crate::domain::clock::Timestamp;
use crate::domain::endpoint::Endpoint;

impl Catalog {
    pub async fn charge(&self, day: &str, endpoint: Endpoint, calls: usize, most: Option<u64>) -> Result<bool, Error> {
        let counted = sqlx::query(
            "INSERT INTO api_calls AS a (day, endpoint, outcome, calls)
             SELECT $1, $2, 'reserved', $5::bigint
             WHERE $3::bigint IS NULL
                OR (SELECT coalesce(sum(calls), 0) FROM api_calls
                    WHERE day >= $4 || '-01' AND day <= $4 || '-31' AND outcome NOT IN ('unreached', 'throttled')) + $5::bigint
                   <= $3
             ON CONFLICT (day, endpoint, outcome) DO UPDATE SET calls = a.calls + excluded.calls",
        )
        .bind(day)
        .bind(endpoint.as_str())
        .bind(most.map(|most| i64::try_from(most).unwrap_or(i64::MAX)))
        .bind(month(day))
        .bind(i64::try_from(calls).unwrap_or(i64::MAX));
        Ok(self.execute(counted).await? > 0)
    }

    pub async fn enter_outcomes(&self, charged: &HashMap<Charged, i64>) -> Result<(), Error> {
        if charged.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write().await?;
        for (Charged { day, endpoint, outcome }, calls) in charged {
            sqlx::query(
                "INSERT INTO api_calls AS a (day, endpoint, outcome, calls) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (day, endpoint, outcome) DO UPDATE SET calls = a.calls + $4",
            )
            .bind(day)
            .bind(endpoint.as_str())
            .bind(outcome)
            .bind(calls)
            .execute(&mut *transaction)
            .await?;
            sqlx::query(
                "UPDATE api_calls SET calls = greatest(calls - $3, 0)
                 WHERE day = $1 AND endpoint = $2 AND outcome = 'reserved'",
            )
            .bind(day)
            .bind(endpoint.as_str())
            .bind(calls)
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query("DELETE FROM api_calls WHERE outcome = 'reserved' AND calls = 0")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn spent(&self, day: &str) -> Result<u64, Error> {
        let calls = sqlx::query_scalar(
            "SELECT coalesce(sum(calls), 0)::bigint FROM api_calls
             WHERE day >= $1 || '-01' AND day <= $1 || '-31' AND outcome NOT IN ('unreached', 'throttled')",
        );
        Ok(count(calls.bind(month(day)).fetch_one(&mut *self.read().await?).await?))
    }

    pub async fn tidy_calls(&self, months: u32) -> Result<(), Error> {
        let tidy = sqlx::query(
            "DELETE FROM api_calls WHERE substr(day, 1, 7) NOT IN
                 (SELECT DISTINCT substr(day, 1, 7) FROM api_calls ORDER BY 1 DESC LIMIT $1)",
        );
        self.execute(tidy.bind(i64::from(months))).await?;
        Ok(())
    }

    pub async fn set_share(&self, calls_per_month: u64) -> Result<(), Error> {
        let share = sqlx::query(
            "INSERT INTO quota AS q (id, calls_per_month) VALUES (1, $1)
             ON CONFLICT (id) DO UPDATE SET calls_per_month = $1 WHERE q.calls_per_month <> $1",
        );
        self.execute(share.bind(i64::try_from(calls_per_month).unwrap_or(i64::MAX))).await?;
        Ok(())
    }

    pub async fn learned_limits(&self) -> Result<LearnedLimits, Error> {
        let rows = sqlx::query_as("SELECT name, value, learned_at FROM learned_limits");
        Ok(LearnedLimits::of(&rows.fetch_all(&mut *self.read().await?).await?))
    }

    pub async fn learn_limit(&self, limit: Limit, value: u64, now: Timestamp) -> Result<(), Error> {
        let learned = sqlx::query(
            "INSERT INTO learned_limits (name, value, learned_at) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET value = $2, learned_at = $3",
        )
        .bind(limit.as_str())
        .bind(i64::try_from(value).unwrap_or(i64::MAX))
        .bind(now.as_millis());
        self.execute(learned).await?;
        Ok(())
    }
}
