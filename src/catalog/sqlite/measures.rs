//! What is measured of the catalog for those who watch it: counts, ages and lags.

use std::time::Duration;

use futures_util::TryStreamExt;

use super::rows::measures::{Calls, Oldest};
use super::{Catalog, Error, count, duration};
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;

impl Catalog {
    /// Every call that the ledger knows of.
    pub async fn calls(&self) -> Result<Vec<Calls>, Error> {
        let calls = sqlx::query_as!(
            Calls,
            r#"SELECT endpoint, outcome, sum(calls) AS "calls!: u64" FROM api_calls GROUP BY endpoint, outcome"#
        );
        Ok(calls.fetch_all(self.readers()).await?)
    }

    /// Of each open state, the conference that has stood longest in it.
    pub async fn oldest_open(&self) -> Result<Vec<Oldest>, Error> {
        let rows = sqlx::query!(
            r#"SELECT state AS "state!", min(coalesce(ended_at, last_active_at, discovered_at)) AS "since!: i64" FROM conferences
               WHERE state IN ('waiting', 'active', 'ended') GROUP BY state"#
        )
        .fetch_all(self.readers())
        .await?;
        let oldest = rows.into_iter().map(|row| Oldest { state: row.state, since: Timestamp::from_millis(row.since) });
        Ok(oldest.collect())
    }

    /// Of the latest recordings, at most `most`, the time from their meetings' ends to their first rows here, the shortest
    /// first; none, by clocks that differ.
    pub async fn latest_lags(&self, most: u32) -> Result<Vec<Duration>, Error> {
        let lags = sqlx::query_scalar!(
            r#"SELECT r.first_seen_at - c.ended_at AS "lag!: i64"
               FROM recordings r JOIN conferences c ON c.conference_id = r.conference_id
               WHERE r.rowid > (SELECT max(rowid) FROM recordings) - ? AND c.ended_at IS NOT NULL ORDER BY 1"#,
            most,
        )
        .fetch_all(self.readers())
        .await?;
        Ok(lags.into_iter().map(duration).collect())
    }

    /// Hands over the same of each recording after the row `counted_to`, and moves that on.
    pub async fn count_lags(&self, counted_to: &mut i64, mut each: impl FnMut(Duration)) -> Result<(), Error> {
        let mut rows = sqlx::query!(
            r#"SELECT r.rowid AS "rowid!: i64", r.first_seen_at - c.ended_at AS "lag: i64"
               FROM recordings r JOIN conferences c ON c.conference_id = r.conference_id
               WHERE r.rowid > ? ORDER BY r.rowid"#,
            *counted_to,
        )
        .fetch(self.readers());
        while let Some(row) = rows.try_next().await? {
            *counted_to = row.rowid;
            row.lag.map(duration).into_iter().for_each(&mut each);
        }
        Ok(())
    }

    /// Since when a conference may be asked about that no poll has asked about yet; `None` if there is none.
    pub async fn poll_wanted_since(&self) -> Result<Option<Timestamp>, Error> {
        let since = sqlx::query_scalar!(
            r#"SELECT min(coalesce(next_attempt_at, last_active_at, discovered_at)) AS "since: i64" FROM conferences
               WHERE state IN ('waiting', 'active')"#
        )
        .fetch_one(self.readers())
        .await?;
        Ok(since.map(Timestamp::from_millis))
    }

    /// How many conferences stand in each state, in the order of a conference's life.
    pub async fn count_by_state(&self) -> Result<Vec<(State, u64)>, Error> {
        let rows = sqlx::query!("SELECT counted, number FROM row_counts").fetch_all(self.readers()).await?;
        let of =
            |state: State| rows.iter().find(|row| row.counted == state.as_str()).map_or(0, |row| count(row.number));
        Ok(State::ALL.into_iter().map(|state| (state, of(state))).collect())
    }

    /// How many recordings there are.
    pub async fn count_recordings(&self) -> Result<u64, Error> {
        let number = sqlx::query_scalar!("SELECT number FROM row_counts WHERE counted = 'recordings'")
            .fetch_one(self.readers())
            .await?;
        Ok(count(number))
    }
}
