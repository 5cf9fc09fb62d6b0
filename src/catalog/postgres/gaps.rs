//! Gaps: since when nobody watched, what is written down of it, and what is shown.

use std::time::Duration;

use futures_util::stream::BoxStream;
use sqlx::PgConnection;

use super::lists::{limit, listed};
use super::rows::gaps::{GapRow, GapSummary, JoinedRow, join};
use super::rows::lists::Listed;
use super::{Catalog, Error, count, duration};
use crate::domain::clock::{Timestamp, millis};
use crate::domain::gap::{Gap, Reason, Watched};

impl Catalog {
    pub async fn watched(&self) -> Result<Option<Watched>, Error> {
        let row: Option<(i64, i64)> = sqlx::query_as("SELECT watched_at, interval_ms FROM watched_until")
            .fetch_optional(&mut *self.read().await?)
            .await?;
        let watched = |(at, interval_ms)| Watched { at: Timestamp::from_millis(at), interval: duration(interval_ms) };
        Ok(row.map(watched))
    }

    pub async fn set_watched(&self, watched: &Watched, gap: Option<&Gap>) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        if let Some(gap) = gap {
            add(&mut transaction, *gap).await?;
        }
        sqlx::query(
            "INSERT INTO watched_until (id, watched_at, interval_ms) VALUES (1, $1, $2)
             ON CONFLICT (id) DO UPDATE SET watched_at = $1, interval_ms = $2",
        )
        .bind(watched.at.as_millis())
        .bind(millis(watched.interval))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn stretch_watched(&self, interval: Duration) -> Result<(), Error> {
        self.execute(sqlx::query("UPDATE watched_until SET interval_ms = $1").bind(millis(interval))).await?;
        Ok(())
    }

    pub async fn forget_watched(&self) -> Result<(), Error> {
        self.execute(sqlx::query("DELETE FROM watched_until")).await?;
        Ok(())
    }

    pub async fn ask_for(&self, began_at: Timestamp, ended_at: Timestamp) -> Result<i64, Error> {
        let mut transaction = self.write().await?;
        let gap_id = add(&mut transaction, Gap { began_at, ended_at, reason: Reason::Asked }).await?;
        transaction.commit().await?;
        Ok(gap_id)
    }

    pub fn list_gaps(
        &self,
        since: Option<Timestamp>,
        most: Option<u64>,
    ) -> BoxStream<'_, Result<Listed<GapRow>, Error>> {
        let rows = sqlx::query_scalar(
            "SELECT json_build_array(gap_id, began_at, ended_at, reason, planned_at, searched_at, found, is_complete,
                 unanswered)::text
             FROM watch_gaps WHERE ended_at >= $1 ORDER BY ended_at DESC LIMIT $2",
        );
        let rows = rows.bind(since.map_or(i64::MIN, Timestamp::as_millis)).bind(limit(most));
        listed(rows.fetch(self.readers()))
    }

    pub async fn count_gaps(&self, since: Option<Timestamp>) -> Result<u64, Error> {
        let number = sqlx::query_scalar("SELECT count(*) FROM watch_gaps WHERE ended_at >= $1");
        let number = number.bind(since.map_or(i64::MIN, Timestamp::as_millis));
        Ok(count(number.fetch_one(self.readers()).await?))
    }

    pub async fn gap(&self, gap_id: i64) -> Result<Option<GapRow>, Error> {
        let row = sqlx::query_as(
            "SELECT gap_id, began_at, ended_at, reason, planned_at, searched_at, found, is_complete, unanswered
             FROM watch_gaps WHERE gap_id = $1",
        );
        Ok(row.bind(gap_id).fetch_optional(self.readers()).await?)
    }

    pub async fn gap_summary(&self, since: Timestamp) -> Result<GapSummary, Error> {
        let row = sqlx::query_as(
            "SELECT count(*) AS gaps, coalesce(sum(ended_at - began_at), 0)::bigint AS duration_ms,
                    count(*) FILTER (WHERE searched_at IS NULL) AS unsearched,
                    count(*) FILTER (WHERE unanswered > 0) AS unanswered,
                    coalesce(sum(found), 0)::bigint AS found, max(began_at) AS last_began_at,
                    max(ended_at) AS last_ended_at
             FROM watch_gaps WHERE ended_at >= $1 AND reason <> 'asked'",
        );
        Ok(row.bind(since.as_millis()).fetch_one(self.readers()).await?)
    }

    pub async fn tidy_gaps(&self, keep: Duration, now: Timestamp) -> Result<(), Error> {
        let before = now.as_millis().saturating_sub(millis(keep));
        let tidy = sqlx::query("DELETE FROM watch_gaps WHERE ended_at < $1 AND searched_at IS NOT NULL");
        self.execute(tidy.bind(before)).await?;
        Ok(())
    }
}

/// Adds a gap; together with those that it joins it is one, which is searched as a whole. Answers its number.
async fn add(connection: &mut PgConnection, gap: Gap) -> Result<i64, Error> {
    let rows: Vec<JoinedRow> = sqlx::query_as(
        "DELETE FROM watch_gaps
         WHERE ended_at >= $1 AND began_at <= $2 AND (reason = 'asked') = ($3 = 'asked')
         RETURNING began_at, ended_at, reason, found",
    )
    .bind(gap.began_at.as_millis())
    .bind(gap.ended_at.as_millis())
    .bind(gap.reason.as_str())
    .fetch_all(&mut *connection)
    .await?;
    let (gap, found) = join(gap, &rows);
    let gap_id = sqlx::query_scalar(
        "INSERT INTO watch_gaps (began_at, ended_at, reason, found) VALUES ($1, $2, $3, $4) RETURNING gap_id",
    )
    .bind(gap.began_at.as_millis())
    .bind(gap.ended_at.as_millis())
    .bind(gap.reason.as_str())
    .bind(found)
    .fetch_one(connection)
    .await?;
    Ok(gap_id)
}
