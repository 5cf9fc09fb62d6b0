//! Which conferences are to be asked about, and what is known of them.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::rows::due::{After, NextAttempts, NextAttemptsRow, Row, by_conference};
use super::{Catalog, Error};
use crate::domain::clock::Timestamp;
use crate::domain::conference::Conference;
use crate::domain::recording::Known;

/// The rows of `conferences`, each beside its row of `conference_waits`, that a condition names.
macro_rules! conferences {
    ($condition:literal) => {
        sqlx::query_as::<_, Row>(concat!(
            "SELECT c.conference_id, c.state, c.title, c.discovered_by, c.discovered_at, c.last_active_at, c.ended_at,
                    c.attempts, c.next_attempt_at, c.record_status, c.union_id_hint, c.record_owner_union_id,
                    c.creator_union_id, w.counted_until, w.awaited_ms, w.accepted_union_id, w.list_changed_at,
                    w.list_changes, w.failing_since, w.generated_at
             FROM conferences c LEFT JOIN conference_waits w ON w.conference_id = c.conference_id
             WHERE ",
            $condition
        ))
    };
}

fn parse(rows: Vec<Row>) -> Result<Vec<Conference>, Error> {
    rows.into_iter().map(Conference::try_from).collect()
}

impl Catalog {
    pub async fn candidates(
        &self,
        most_due: u32,
        most_new: u32,
        new_since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Conference>, Error> {
        let now = now.as_millis();
        let mut connection = self.read().await?;
        let active = conferences!(
            "c.state = 'active' AND (c.next_attempt_at IS NULL OR c.next_attempt_at <= $1) ORDER BY c.discovered_at"
        );
        let due = conferences!(
            "c.state IN ('waiting', 'failed') AND c.next_attempt_at <= $1 ORDER BY c.next_attempt_at LIMIT $2"
        );
        let new = conferences!(
            "c.state = 'waiting' AND c.next_attempt_at IS NULL AND c.discovered_at <= $2 ORDER BY c.rowid LIMIT $1"
        );
        let mut candidates = active.bind(now).fetch_all(&mut *connection).await?;
        candidates.extend(due.bind(now).bind(i64::from(most_due)).fetch_all(&mut *connection).await?);
        let new = new.bind(i64::from(most_new)).bind(new_since.as_millis());
        candidates.extend(new.fetch_all(&mut *connection).await?);
        parse(candidates)
    }

    pub async fn told_over(&self, most: u32, now: Timestamp) -> Result<Vec<Conference>, Error> {
        let rows = conferences!(
            "c.state = 'active' AND c.attempts = 0 AND c.next_attempt_at IS NOT NULL AND c.next_attempt_at <= $1
             ORDER BY c.next_attempt_at LIMIT $2"
        );
        parse(rows.bind(now.as_millis()).bind(i64::from(most)).fetch_all(&mut *self.read().await?).await?)
    }

    pub async fn due(
        &self,
        long_ago: Timestamp,
        is_old: bool,
        after: &After,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<Conference>, Error> {
        let rows = conferences!(
            "c.state IN ('ended', 'archived') AND c.next_attempt_at <= $1
             AND (c.next_attempt_at, c.conference_id) > ($2, $3) AND (coalesce(c.ended_at, $4) < $4) = $5
             ORDER BY c.next_attempt_at, c.conference_id LIMIT $6"
        )
        .bind(now.as_millis())
        .bind(after.0.map_or(i64::MIN, Timestamp::as_millis))
        .bind(&after.1)
        .bind(long_ago.as_millis())
        .bind(is_old)
        .bind(i64::from(most));
        parse(rows.fetch_all(&mut *self.read().await?).await?)
    }

    pub async fn conferences_by_id(&self, conference_ids: &[&str]) -> Result<HashMap<String, Conference>, Error> {
        by_id(&mut *self.read().await?, conference_ids).await
    }

    pub async fn next_attempts(&self) -> Result<NextAttempts, Error> {
        let row: NextAttemptsRow = sqlx::query_as(
            "SELECT (SELECT coalesce(next_attempt_at, 0) FROM conferences WHERE state = 'waiting'
                     ORDER BY next_attempt_at NULLS FIRST LIMIT 1) AS waiting,
                    (SELECT coalesce(next_attempt_at, 0) FROM conferences WHERE state = 'active'
                     ORDER BY next_attempt_at NULLS FIRST LIMIT 1) AS active,
                    (SELECT min(next_attempt_at) FROM conferences
                     WHERE state = 'active' AND attempts = 0 AND next_attempt_at IS NOT NULL) AS told_over,
                    (SELECT min(next_attempt_at) FROM conferences WHERE state = 'failed') AS failed,
                    (SELECT min(next_attempt_at) FROM conferences WHERE state = 'ended') AS ended,
                    (SELECT min(next_attempt_at) FROM conferences WHERE state = 'archived') AS archived,
                    (SELECT min(c.next_attempt_at)
                     FROM conference_waits w JOIN conferences c ON c.conference_id = w.conference_id
                     WHERE w.generated_at IS NOT NULL AND c.state IN ('ended', 'archived')) AS generated",
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(row.into())
    }

    pub async fn has_answered_since(&self, since: Timestamp) -> Result<bool, Error> {
        let answered = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM job_runs
                            WHERE stage <> 'maintain' AND (last_ok_at > $1 OR (last_ok_at = $1 AND failures = 0)))
                 OR EXISTS (SELECT 1 FROM conference_events
                            WHERE at >= $1 AND outcome IN ('ok', 'cloudRecordNotFound'))",
        );
        Ok(answered.bind(since.as_millis()).fetch_one(&mut *self.read().await?).await?)
    }

    pub async fn recordings_of(&self, conference_ids: &[&str]) -> Result<HashMap<String, Vec<Known>>, Error> {
        let rows = sqlx::query_as(
            "SELECT conference_id, media_id, record_id, recorder_union_id, record_type, started_at, ended_at, duration_ms,
                    file_size, region_id, raw, last_changed_at, missing_since
             FROM recordings WHERE conference_id = ANY ($1) ORDER BY conference_id, media_id",
        )
        .bind(conference_ids)
        .fetch_all(&mut *self.read().await?)
        .await?;
        Ok(by_conference(rows))
    }
}

/// Those of these conferences that are known, by their ids.
pub(super) async fn by_id(
    connection: &mut PgConnection,
    conference_ids: &[&str],
) -> Result<HashMap<String, Conference>, Error> {
    let rows = conferences!("c.conference_id = ANY ($1)").bind(conference_ids).fetch_all(connection).await?;
    Ok(parse(rows)?.into_iter().map(|conference| (conference.conference_id.clone(), conference)).collect())
}
