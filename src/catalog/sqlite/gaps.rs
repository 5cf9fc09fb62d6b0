//! Gaps: since when nobody watched, what is written down of it, and what is shown.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use sqlx::SqliteConnection;

use super::lists::limit;
use super::rows::gaps::{GapRow, GapSummary, JoinedRow, join};
use super::rows::lists::Listed;
use super::{Catalog, Error, count, duration};
use crate::domain::clock::{Timestamp, millis};
use crate::domain::gap::{Gap, Reason, Watched};

impl Catalog {
    /// The last instant at which it is known that somebody watched; `None` before the first.
    pub async fn watched(&self) -> Result<Option<Watched>, Error> {
        let row = sqlx::query!("SELECT watched_at, interval_ms FROM watched_until")
            .fetch_optional(&mut *self.read().await?)
            .await?;
        let watched = |at, interval_ms| Watched { at: Timestamp::from_millis(at), interval: duration(interval_ms) };
        Ok(row.map(|row| watched(row.watched_at, row.interval_ms)))
    }

    /// Writes down that somebody watched, and the gap that this ended, in one transaction.
    pub async fn set_watched(&self, watched: &Watched, gap: Option<&Gap>) -> Result<(), Error> {
        let (at, interval_ms) = (watched.at.as_millis(), millis(watched.interval));
        let mut transaction = self.write().await?;
        if let Some(gap) = gap {
            add(&mut transaction, *gap).await?;
        }
        sqlx::query!(
            "INSERT INTO watched_until (id, watched_at, interval_ms) VALUES (1, ?1, ?2)
             ON CONFLICT (id) DO UPDATE SET watched_at = ?1, interval_ms = ?2",
            at,
            interval_ms,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The next look is to come so long after that.
    pub async fn stretch_watched(&self, interval: Duration) -> Result<(), Error> {
        let interval_ms = millis(interval);
        sqlx::query!("UPDATE watched_until SET interval_ms = ?", interval_ms).execute(self.writer()).await?;
        Ok(())
    }

    /// Forgets it: nothing looks for meetings any more, and nothing is missed.
    pub async fn forget_watched(&self) -> Result<(), Error> {
        sqlx::query!("DELETE FROM watched_until").execute(self.writer()).await?;
        Ok(())
    }

    /// Writes down a time that an operator wants searched; answers its number.
    pub async fn ask_for(&self, began_at: Timestamp, ended_at: Timestamp) -> Result<i64, Error> {
        let mut transaction = self.write().await?;
        let gap_id = add(&mut transaction, Gap { began_at, ended_at, reason: Reason::Asked }).await?;
        transaction.commit().await?;
        Ok(gap_id)
    }

    /// Gaps that ended since an instant, `most` of them at the most, those that ended last first.
    pub fn list_gaps(
        &self,
        since: Option<Timestamp>,
        most: Option<u64>,
    ) -> BoxStream<'_, Result<Listed<GapRow>, Error>> {
        let rows = sqlx::query_scalar!(
            r#"SELECT json_array(gap_id, began_at, ended_at, reason, planned_at, searched_at, found, is_complete,
                   unanswered) AS "row!: String"
               FROM watch_gaps INDEXED BY watch_gaps_by_end WHERE ended_at >= ? ORDER BY ended_at DESC LIMIT ?"#,
            since.map_or(i64::MIN, Timestamp::as_millis),
            limit(most),
        );
        rows.fetch(self.readers()).map(|row| Ok(Listed::new(row?))).boxed()
    }

    /// How many there are of them.
    pub async fn count_gaps(&self, since: Option<Timestamp>) -> Result<u64, Error> {
        let since = since.map_or(i64::MIN, Timestamp::as_millis);
        let number = sqlx::query_scalar!(
            r#"SELECT count(*) AS "number!: i64" FROM watch_gaps INDEXED BY watch_gaps_by_end WHERE ended_at >= ?"#,
            since
        );
        Ok(count(number.fetch_one(self.readers()).await?))
    }

    /// A gap; `None`: it has become part of another.
    pub async fn gap(&self, gap_id: i64) -> Result<Option<GapRow>, Error> {
        let row = sqlx::query_as!(
            GapRow,
            "SELECT gap_id, began_at, ended_at, reason, planned_at, searched_at, found, is_complete, unanswered
             FROM watch_gaps WHERE gap_id = ?",
            gap_id
        );
        Ok(row.fetch_optional(self.readers()).await?)
    }

    /// How it stands with the gaps that ended since an instant.
    pub async fn gap_summary(&self, since: Timestamp) -> Result<GapSummary, Error> {
        let since = since.as_millis();
        let row = sqlx::query_as!(
            GapSummary,
            r#"SELECT count(*) AS "gaps!: i64", coalesce(sum(ended_at - began_at), 0) AS "duration_ms!: i64",
                      count(*) FILTER (WHERE searched_at IS NULL) AS "unsearched!: i64",
                      count(*) FILTER (WHERE unanswered > 0) AS "unanswered!: i64",
                      coalesce(sum(found), 0) AS "found!: i64", max(began_at) AS "last_began_at?: i64",
                      max(ended_at) AS "last_ended_at?: i64"
               FROM watch_gaps INDEXED BY watch_gaps_by_end WHERE ended_at >= ? AND reason <> 'asked'"#,
            since,
        );
        Ok(row.fetch_one(self.readers()).await?)
    }

    /// Drops gaps that ended longer ago than `keep` and are searched.
    pub async fn tidy_gaps(&self, keep: Duration, now: Timestamp) -> Result<(), Error> {
        let before = now.as_millis().saturating_sub(millis(keep));
        sqlx::query!("DELETE FROM watch_gaps WHERE ended_at < ? AND searched_at IS NOT NULL", before)
            .execute(self.writer())
            .await?;
        Ok(())
    }
}

/// Adds a gap; together with those that it joins it is one, which is searched as a whole. Answers its number.
async fn add(connection: &mut SqliteConnection, gap: Gap) -> Result<i64, Error> {
    let (began_at, ended_at) = (gap.began_at.as_millis(), gap.ended_at.as_millis());
    let rows = sqlx::query_as!(
        JoinedRow,
        "DELETE FROM watch_gaps
         WHERE gap_id IN (SELECT gap_id FROM watch_gaps INDEXED BY watch_gaps_by_end
                          WHERE ended_at >= ?1 AND began_at <= ?2 AND (reason = 'asked') = (?3 = 'asked'))
         RETURNING began_at, ended_at, reason, found",
        began_at,
        ended_at,
        gap.reason.as_str(),
    )
    .fetch_all(&mut *connection)
    .await?;
    let (gap, found) = join(gap, &rows);
    let (began_at, ended_at) = (gap.began_at.as_millis(), gap.ended_at.as_millis());
    let gap_id = sqlx::query_scalar!(
        "INSERT INTO watch_gaps (began_at, ended_at, reason, found) VALUES (?, ?, ?, ?) RETURNING gap_id",
        began_at,
        ended_at,
        gap.reason.as_str(),
        found,
    )
    .fetch_one(connection)
    .await?;
    Ok(gap_id)
}
