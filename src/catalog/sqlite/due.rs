//! Which conferences are to be asked about, and what is known of them.

use std::collections::HashMap;

use sqlx::SqliteConnection;

use super::rows::due::{After, KnownRow, NextAttempts, NextAttemptsRow, Row, by_conference};
use super::{Catalog, Error, count};
use crate::domain::clock::Timestamp;
use crate::domain::conference::Conference;
use crate::domain::recording::Known;

/// The rows that a condition names, found `by` an index; checked when it is compiled.
macro_rules! conferences {
    ($connection:expr, $by:literal, $condition:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            Row,
            r#"SELECT c.conference_id AS "conference_id!", c.state AS "state!", c.title, c.discovered_by AS "discovered_by!",
                      c.discovered_at AS "discovered_at!", c.last_active_at, c.ended_at, c.attempts AS "attempts!",
                      c.next_attempt_at, c.record_status, c.union_id_hint, c.record_owner_union_id, c.creator_union_id,
                      w.counted_until AS "counted_until?", w.awaited_ms AS "awaited_ms?", w.accepted_union_id,
                      w.list_changed_at, w.list_changes AS "list_changes?", w.failing_since, w.generated_at
               FROM conferences c "# + $by + " LEFT JOIN conference_waits w ON w.conference_id = c.conference_id
               WHERE " + $condition,
            $($argument),*
        )
        .fetch_all($connection)
        .await?
        .into_iter()
        .map(Conference::try_from)
        .collect::<Result<Vec<_>, _>>()
    };
}

impl Catalog {
    /// The conferences of which it may be asked now whether they are in progress: all that are active, at most `most_due`
    /// that wait or failed and are to be asked about again, and at most `most_new` of which nothing was asked yet and that
    /// are known since `new_since` at the latest.
    pub async fn candidates(
        &self,
        most_due: u32,
        most_new: u32,
        new_since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Conference>, Error> {
        let (now, new_since) = (now.as_millis(), new_since.as_millis());
        let mut connection = self.read().await?;
        let active: Result<Vec<Conference>, Error> = conferences!(
            &mut *connection,
            "INDEXED BY conferences_by_state",
            "c.state = 'active' AND (c.next_attempt_at IS NULL OR c.next_attempt_at <= ?1) ORDER BY c.discovered_at",
            now
        );
        let due: Result<Vec<Conference>, Error> = conferences!(
            &mut *connection,
            "INDEXED BY conferences_by_state",
            "c.state IN ('waiting', 'failed') AND c.next_attempt_at <= ?1 ORDER BY c.next_attempt_at LIMIT ?2",
            now,
            most_due
        );
        let new: Result<Vec<Conference>, Error> = conferences!(
            &mut *connection,
            "INDEXED BY conferences_by_state",
            "c.state = 'waiting' AND c.next_attempt_at IS NULL AND c.discovered_at <= ?2 ORDER BY c.rowid LIMIT ?1",
            most_new,
            new_since
        );
        let mut candidates = active?;
        candidates.extend(due?);
        candidates.extend(new?);
        Ok(candidates)
    }

    /// Some `most` of the conferences that an event says are over, and that may be asked about now.
    pub async fn told_over(&self, most: u32, now: Timestamp) -> Result<Vec<Conference>, Error> {
        let now = now.as_millis();
        conferences!(
            &mut *self.read().await?,
            "INDEXED BY conferences_told_over",
            "c.state = 'active' AND c.attempts = 0 AND c.next_attempt_at IS NOT NULL AND c.next_attempt_at <= ?1
             ORDER BY c.next_attempt_at LIMIT ?2",
            now,
            most
        )
    }

    /// Some `most` of the conferences whose list is due, from `after` on: those that wait longest first. `is_old` are those
    /// that ended before `long_ago`.
    pub async fn due(
        &self,
        long_ago: Timestamp,
        is_old: bool,
        after: &After,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<Conference>, Error> {
        let (long_ago, now) = (long_ago.as_millis(), now.as_millis());
        let (after_at, after_id) = (after.0.map_or(i64::MIN, Timestamp::as_millis), after.1.as_str());
        conferences!(
            &mut *self.read().await?,
            "INDEXED BY conferences_due",
            r#"c.state IN ('ended', 'archived') AND c.next_attempt_at <= ?1
               AND (c.next_attempt_at, c.conference_id) > (?2, ?3) AND (coalesce(c.ended_at, ?4) < ?4) = ?5
               ORDER BY c.next_attempt_at, c.conference_id LIMIT ?6"#,
            now,
            after_at,
            after_id,
            long_ago,
            is_old,
            most
        )
    }

    /// Those of these conferences that the catalog knows, by their ids.
    pub async fn conferences_by_id(&self, conference_ids: &[&str]) -> Result<HashMap<String, Conference>, Error> {
        by_id(&mut *self.read().await?, conference_ids).await
    }

    /// When there is something to ask.
    pub async fn next_attempts(&self) -> Result<NextAttempts, Error> {
        // One that may be asked about at any time (NULL) comes first in the index.
        let row = sqlx::query_as!(
            NextAttemptsRow,
            r#"SELECT (SELECT coalesce(next_attempt_at, 0) FROM conferences WHERE state = 'waiting'
                       ORDER BY next_attempt_at LIMIT 1) AS "waiting?: i64",
                      (SELECT coalesce(next_attempt_at, 0) FROM conferences WHERE state = 'active'
                       ORDER BY next_attempt_at LIMIT 1) AS "active?: i64",
                      (SELECT min(next_attempt_at) FROM conferences INDEXED BY conferences_told_over
                       WHERE state = 'active' AND attempts = 0 AND next_attempt_at IS NOT NULL) AS "told_over?: i64",
                      (SELECT min(next_attempt_at) FROM conferences WHERE state = 'failed') AS "failed?: i64",
                      (SELECT min(next_attempt_at) FROM conferences WHERE state = 'ended') AS "ended?: i64",
                      (SELECT min(next_attempt_at) FROM conferences WHERE state = 'archived') AS "archived?: i64",
                      (SELECT min(c.next_attempt_at)
                       FROM conference_waits w INDEXED BY conference_waits_generated
                       CROSS JOIN conferences c ON c.conference_id = w.conference_id
                       WHERE w.generated_at IS NOT NULL AND c.state IN ('ended', 'archived')) AS "generated?: i64""#
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(row.into())
    }

    /// Whether DingTalk has answered since `since`: a stage came to its end untroubled, or the journal has an answer.
    pub async fn has_answered_since(&self, since: Timestamp) -> Result<bool, Error> {
        let since = since.as_millis();
        let answered = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM job_runs
                              WHERE stage <> 'maintain' AND (last_ok_at > ?1 OR (last_ok_at = ?1 AND failures = 0)))
                   OR EXISTS (SELECT 1 FROM conference_events INDEXED BY conference_events_by_time
                              WHERE at >= ?1 AND outcome IN ('ok', 'cloudRecordNotFound')) AS "answered!: i64""#,
            since,
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(count(answered) > 0)
    }

    /// The recordings of these conferences, as they were read last.
    pub async fn recordings_of(&self, conference_ids: &[&str]) -> Result<HashMap<String, Vec<Known>>, Error> {
        let conference_ids = serde_json::json!(conference_ids).to_string();
        let rows = sqlx::query_as!(
            KnownRow,
            "SELECT conference_id, media_id, record_id, recorder_union_id, record_type, started_at, ended_at, duration_ms,
                    file_size, region_id, raw, last_changed_at, missing_since
             FROM recordings WHERE conference_id IN (SELECT value FROM json_each(?)) ORDER BY conference_id, media_id",
            conference_ids,
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        Ok(by_conference(rows))
    }
}

/// Those of these conferences that are known, by their ids.
pub(super) async fn by_id(
    connection: &mut SqliteConnection,
    conference_ids: &[&str],
) -> Result<HashMap<String, Conference>, Error> {
    let conference_ids = serde_json::json!(conference_ids).to_string();
    let conferences: Result<Vec<Conference>, Error> =
        conferences!(connection, "", "c.conference_id IN (SELECT value FROM json_each(?1))", conference_ids);
    Ok(conferences?.into_iter().map(|conference| (conference.conference_id.clone(), conference)).collect())
}
