//! What happened in a time, added up for the page that shows it: recordings, how soon they came, calls, and what is open.

use std::time::Duration;

use super::rows::history::{CallsOfDay, OpenOfAge, PushesOfDay, Recorded};
use super::{Catalog, Error, count, duration};
use crate::domain::clock::{Timestamp, millis};

/// Sums of regions: a region, a type, how many, how long, how large.
type RecordedRow = (Option<String>, Option<i64>, i64, f64, f64);

impl Catalog {
    pub async fn recorded(&self, since: Timestamp, until: Timestamp) -> Result<Vec<Recorded>, Error> {
        // What DingTalk gives need not add up in 64 bits.
        let rows: Vec<RecordedRow> = sqlx::query_as(
            "SELECT region_id, record_type, count(*), coalesce(sum(greatest(duration_ms, 0)::double precision), 0),
                    coalesce(sum(greatest(file_size, 0)::double precision), 0)
             FROM recordings
             WHERE coalesce(started_at, first_seen_at) >= $1 AND coalesce(started_at, first_seen_at) < $2
             GROUP BY region_id, record_type ORDER BY region_id NULLS FIRST, record_type NULLS FIRST",
        )
        .bind(since.as_millis())
        .bind(until.as_millis())
        .fetch_all(self.readers())
        .await?;
        let recorded = |(region_id, record_type, recordings, duration_ms, file_size)| Recorded {
            region_id,
            record_type,
            recordings: count(recordings),
            duration_ms,
            file_size,
        };
        Ok(rows.into_iter().map(recorded).collect())
    }

    pub async fn first_recording(&self, since: Timestamp) -> Result<Option<Timestamp>, Error> {
        let first: Option<i64> = sqlx::query_scalar(
            "SELECT coalesce(started_at, first_seen_at) FROM recordings
             WHERE coalesce(started_at, first_seen_at) >= $1 ORDER BY coalesce(started_at, first_seen_at) LIMIT 1",
        )
        .bind(since.as_millis())
        .fetch_optional(self.readers())
        .await?;
        Ok(first.map(Timestamp::from_millis))
    }

    pub async fn lags(&self, since: Timestamp, until: Timestamp, most: u32) -> Result<Vec<Duration>, Error> {
        let lags: Vec<i64> = sqlx::query_scalar(
            "SELECT first_seen_at - c.ended_at
             FROM (SELECT conference_id, first_seen_at FROM recordings
                   WHERE coalesce(started_at, first_seen_at) >= $1 AND coalesce(started_at, first_seen_at) < $2
                   ORDER BY coalesce(started_at, first_seen_at) DESC LIMIT $3) latest
             JOIN conferences c USING (conference_id)
             WHERE c.ended_at IS NOT NULL ORDER BY 1",
        )
        .bind(since.as_millis())
        .bind(until.as_millis())
        .bind(i64::from(most))
        .fetch_all(self.readers())
        .await?;
        Ok(lags.into_iter().map(duration).collect())
    }

    pub async fn calls_by_day(&self, first: &str, last: &str) -> Result<Vec<CallsOfDay>, Error> {
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT day, endpoint, sum(calls)::bigint,
                    sum(CASE WHEN outcome IN ('ok', 'reserved', 'cloudRecordNotFound', 'resourceClose') THEN 0 ELSE calls END)::bigint
             FROM api_calls
             WHERE day >= $1 AND day <= $2 AND outcome NOT IN ('unreached', 'throttled')
             GROUP BY day, endpoint ORDER BY day, endpoint",
        )
        .bind(first)
        .bind(last)
        .fetch_all(self.readers())
        .await?;
        let calls =
            |(day, endpoint, calls, failed)| CallsOfDay { day, endpoint, calls: count(calls), failed: count(failed) };
        Ok(rows.into_iter().map(calls).collect())
    }

    pub async fn pushes_by_day(&self, first: &str, last: &str) -> Result<Vec<PushesOfDay>, Error> {
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT day, event_type, sum(pushes)::bigint,
                    sum(CASE WHEN outcome = 'taken' THEN 0 ELSE pushes END)::bigint
             FROM pushes
             WHERE day >= $1 AND day <= $2
             GROUP BY day, event_type ORDER BY day, event_type",
        )
        .bind(first)
        .bind(last)
        .fetch_all(self.readers())
        .await?;
        let pushes = |(day, event_type, pushes, unused)| PushesOfDay {
            day,
            event_type,
            pushes: count(pushes),
            unused: count(unused),
        };
        Ok(rows.into_iter().map(pushes).collect())
    }

    pub async fn open_by_age(&self, limits: &[Duration], now: Timestamp) -> Result<Vec<OpenOfAge>, Error> {
        let limits: Vec<i64> = limits.iter().copied().map(millis).collect();
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT state, count(*),
                    (SELECT count(*) FROM unnest($2::bigint[]) AS age
                     WHERE $1 - coalesce(ended_at, last_active_at, discovered_at) >= age) AS limits
             FROM conferences
             WHERE state IN ('waiting', 'active', 'ended')
             GROUP BY 1, 3",
        )
        .bind(now.as_millis())
        .bind(limits)
        .fetch_all(self.readers())
        .await?;
        let open = |(state, conferences, limits)| OpenOfAge {
            state,
            limits: usize::try_from(count(limits)).unwrap_or_default(),
            conferences: count(conferences),
        };
        Ok(rows.into_iter().map(open).collect())
    }
}
