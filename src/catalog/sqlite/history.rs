//! What happened in a time, added up for the page that shows it: recordings, how soon they came, calls, pushes, and what is
//! open.

use std::time::Duration;

use super::rows::history::{CallsOfDay, OpenOfAge, PushesOfDay, Recorded};
use super::{Catalog, Error, count, duration};
use crate::domain::clock::{Timestamp, millis};

impl Catalog {
    /// The recordings that began from `since` on and before `until`, by region and type.
    pub async fn recorded(&self, since: Timestamp, until: Timestamp) -> Result<Vec<Recorded>, Error> {
        let (since, until) = (since.as_millis(), until.as_millis());
        // What DingTalk gives need not add up in 64 bits: `total` is a float.
        let recorded = sqlx::query_as!(
            Recorded,
            r#"SELECT region_id, record_type, count(*) AS "recordings!: u64",
                      total(max(duration_ms, 0)) AS "duration_ms!: f64", total(max(file_size, 0)) AS "file_size!: f64"
               FROM recordings INDEXED BY recordings_by_start
               WHERE coalesce(started_at, first_seen_at) >= ? AND coalesce(started_at, first_seen_at) < ?
               GROUP BY region_id, record_type"#,
            since,
            until,
        );
        Ok(recorded.fetch_all(self.readers()).await?)
    }

    /// When the first recording began of those that began from `since` on.
    pub async fn first_recording(&self, since: Timestamp) -> Result<Option<Timestamp>, Error> {
        let since = since.as_millis();
        let first = sqlx::query_scalar!(
            r#"SELECT coalesce(started_at, first_seen_at) AS "at!: i64" FROM recordings INDEXED BY recordings_by_start
               WHERE coalesce(started_at, first_seen_at) >= ? ORDER BY coalesce(started_at, first_seen_at) LIMIT 1"#,
            since,
        );
        Ok(first.fetch_optional(self.readers()).await?.map(Timestamp::from_millis))
    }

    /// Of the recordings that began from `since` on and before `until`, the latest `most`: the time from their meetings'
    /// ends to their first rows here, the shortest first.
    pub async fn lags(&self, since: Timestamp, until: Timestamp, most: u32) -> Result<Vec<Duration>, Error> {
        let (since, until) = (since.as_millis(), until.as_millis());
        let lags = sqlx::query_scalar!(
            r#"SELECT first_seen_at - c.ended_at AS "lag!: i64"
               FROM (SELECT conference_id, first_seen_at FROM recordings INDEXED BY recordings_by_start
                     WHERE coalesce(started_at, first_seen_at) >= ? AND coalesce(started_at, first_seen_at) < ?
                     ORDER BY coalesce(started_at, first_seen_at) DESC LIMIT ?)
               JOIN conferences c USING (conference_id)
               WHERE c.ended_at IS NOT NULL ORDER BY 1"#,
            since,
            until,
            most,
        );
        Ok(lags.fetch_all(self.readers()).await?.into_iter().map(duration).collect())
    }

    /// Metered calls from the day `first` to the day `last`, by day and endpoint.
    pub async fn calls_by_day(&self, first: &str, last: &str) -> Result<Vec<CallsOfDay>, Error> {
        let calls = sqlx::query_as!(
            CallsOfDay,
            r#"SELECT day, endpoint, sum(calls) AS "calls!: u64",
                      sum(CASE WHEN outcome IN ('ok', 'reserved', 'cloudRecordNotFound', 'resourceClose') THEN 0 ELSE calls END) AS "failed!: u64"
               FROM api_calls
               WHERE day >= ? AND day <= ? AND outcome NOT IN ('unreached', 'throttled')
               GROUP BY day, endpoint ORDER BY day, endpoint"#,
            first,
            last,
        );
        Ok(calls.fetch_all(self.readers()).await?)
    }

    /// Pushed events from the day `first` to the day `last`, by day and type.
    pub async fn pushes_by_day(&self, first: &str, last: &str) -> Result<Vec<PushesOfDay>, Error> {
        let pushes = sqlx::query_as!(
            PushesOfDay,
            r#"SELECT day, event_type, sum(pushes) AS "pushes!: u64",
                      sum(CASE WHEN outcome = 'taken' THEN 0 ELSE pushes END) AS "unused!: u64"
               FROM pushes
               WHERE day >= ? AND day <= ?
               GROUP BY day, event_type ORDER BY day, event_type"#,
            first,
            last,
        );
        Ok(pushes.fetch_all(self.readers()).await?)
    }

    /// How many conferences are open at `now`, by state, and by how many of `limits` they have stood in it.
    pub async fn open_by_age(&self, limits: &[Duration], now: Timestamp) -> Result<Vec<OpenOfAge>, Error> {
        let now = now.as_millis();
        let limits = serde_json::json!(limits.iter().copied().map(millis).collect::<Vec<_>>()).to_string();
        let rows = sqlx::query!(
            r#"SELECT state AS "state!", count(*) AS "conferences!: u64",
                      (SELECT count(*) FROM json_each(?2)
                       WHERE ?1 - coalesce(ended_at, last_active_at, discovered_at) >= value) AS "limits!: i64"
               FROM conferences INDEXED BY conferences_by_state
               WHERE state IN ('waiting', 'active', 'ended')
               GROUP BY 1, 3"#,
            now,
            limits,
        )
        .fetch_all(self.readers())
        .await?;
        let open = rows.into_iter().map(|row| OpenOfAge {
            state: row.state,
            limits: usize::try_from(count(row.limits)).unwrap_or_default(),
            conferences: row.conferences,
        });
        Ok(open.collect())
    }
}
