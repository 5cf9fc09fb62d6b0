//! What is measured of the catalog for those who watch it: counts, ages and lags.

use std::time::Duration;

use futures_util::TryStreamExt;

use super::rows::measures::{Calls, Oldest};
use super::{Catalog, Error, count, duration};
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;

impl Catalog {
    pub async fn calls(&self) -> Result<Vec<Calls>, Error> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT endpoint, outcome, sum(calls)::bigint FROM api_calls GROUP BY endpoint, outcome
             ORDER BY endpoint, outcome",
        )
        .fetch_all(self.readers())
        .await?;
        let calls = |(endpoint, outcome, calls)| Calls { endpoint, outcome, calls: count(calls) };
        Ok(rows.into_iter().map(calls).collect())
    }

    pub async fn oldest_open(&self) -> Result<Vec<Oldest>, Error> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            r#"SELECT state, min(coalesce(ended_at, last_active_at, discovered_at)) FROM conferences
               WHERE state IN ('waiting', 'active', 'ended') GROUP BY state ORDER BY state COLLATE "C""#,
        )
        .fetch_all(self.readers())
        .await?;
        let oldest = |(state, since)| Oldest { state, since: Timestamp::from_millis(since) };
        Ok(rows.into_iter().map(oldest).collect())
    }

    pub async fn latest_lags(&self, most: u32) -> Result<Vec<Duration>, Error> {
        let lags: Vec<i64> = sqlx::query_scalar(
            "SELECT r.first_seen_at - c.ended_at
             FROM (SELECT conference_id, first_seen_at FROM recordings ORDER BY rowid DESC LIMIT $1) r
             JOIN conferences c ON c.conference_id = r.conference_id
             WHERE c.ended_at IS NOT NULL ORDER BY 1",
        )
        .bind(i64::from(most))
        .fetch_all(self.readers())
        .await?;
        Ok(lags.into_iter().map(duration).collect())
    }

    pub async fn count_lags(&self, counted_to: &mut i64, mut each: impl FnMut(Duration)) -> Result<(), Error> {
        let mut rows = sqlx::query_as::<_, (i64, Option<i64>)>(
            "SELECT r.rowid, r.first_seen_at - c.ended_at
             FROM recordings r JOIN conferences c ON c.conference_id = r.conference_id
             WHERE r.rowid > $1 ORDER BY r.rowid",
        )
        .bind(*counted_to)
        .fetch(self.readers());
        while let Some((rowid, lag)) = rows.try_next().await? {
            *counted_to = rowid;
            lag.map(duration).into_iter().for_each(&mut each);
        }
        Ok(())
    }

    pub async fn poll_wanted_since(&self) -> Result<Option<Timestamp>, Error> {
        let since: Option<i64> = sqlx::query_scalar(
            "SELECT min(coalesce(next_attempt_at, last_active_at, discovered_at)) FROM conferences
             WHERE state IN ('waiting', 'active')",
        )
        .fetch_one(self.readers())
        .await?;
        Ok(since.map(Timestamp::from_millis))
    }

    pub async fn count_by_state(&self) -> Result<Vec<(State, u64)>, Error> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT counted, number FROM row_counts").fetch_all(self.readers()).await?;
        let of = |state: State| rows.iter().find(|(counted, _)| counted == state.as_str());
        Ok(State::ALL.into_iter().map(|state| (state, of(state).map_or(0, |(_, number)| count(*number)))).collect())
    }

    pub async fn count_recordings(&self) -> Result<u64, Error> {
        let number = sqlx::query_scalar("SELECT number FROM row_counts WHERE counted = 'recordings'");
        Ok(count(number.fetch_one(self.readers()).await?))
    }
}
