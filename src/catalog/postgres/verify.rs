//! Whether a catalog is valid: what this program's rules promise of the rows. That what a row refers to is there, and the
//! files are intact, is PostgreSQL's.
//!
//! Reads only, and all of it from one instant.

use futures_util::TryStreamExt;
use sqlx::PgConnection;

use super::rows::verify::{Finding, Standings, bears};
use super::{Catalog, Error, count};

impl Catalog {
    pub async fn verify(&self) -> Result<Vec<Finding>, Error> {
        let mut instant = self.instant().await?;
        let mut findings = Vec::new();
        for (check, sql) in CHECKS {
            let mut finding = Finding::of(check);
            let mut offenders = sqlx::query_scalar(*sql).fetch(&mut *instant);
            while let Some(offender) = offenders.try_next().await? {
                finding.add(offender);
            }
            findings.push(finding);
        }
        findings.push(raw(&mut instant).await?);
        findings.extend(standings(&mut instant).await?);
        findings.retain(|finding| !finding.offenders.is_empty());
        Ok(findings)
    }

    /// What is checked, in words.
    pub fn checks(&self) -> Vec<&'static str> {
        CHECKS.iter().map(|(check, _)| *check).chain([RAW]).chain(Standings::checks()).collect()
    }

    pub async fn size(&self) -> Result<(u64, u64), Error> {
        let (conferences, recordings): (i64, i64) =
            sqlx::query_as("SELECT (SELECT count(*) FROM conferences), (SELECT count(*) FROM recordings)")
                .fetch_one(&mut *self.read().await?)
                .await?;
        Ok((count(conferences), count(recordings)))
    }
}

/// Holds every conference against the invariants of its life.
async fn standings(connection: &mut PgConnection) -> Result<Vec<Finding>, Error> {
    let mut standings = Standings::default();
    let mut rows = sqlx::query_as(
        "SELECT c.conference_id, c.state, c.closed_at IS NOT NULL AS is_closed, c.next_attempt_at IS NOT NULL AS is_planned,
                c.last_active_at IS NOT NULL AS was_active, c.last_error_code IS NOT NULL AS has_error,
                EXISTS (SELECT 1 FROM conference_waits w WHERE w.conference_id = c.conference_id) AS is_remembered,
                EXISTS (SELECT 1 FROM conference_waits w
                        WHERE w.conference_id = c.conference_id AND w.list_changes > 0) AS was_listed,
                EXISTS (SELECT 1 FROM recordings r WHERE r.conference_id = c.conference_id) AS has_recording
         FROM conferences c",
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        standings.hold(&row);
    }
    Ok(standings.findings)
}

const RAW: &str = "a recording's JSON, and that of each revision, is complete and has its mediaId";

/// Whether the JSON that DingTalk sent is complete, and of the recording that it stands beside.
async fn raw(connection: &mut PgConnection) -> Result<Finding, Error> {
    let mut finding = Finding::of(RAW);
    let mut rows = sqlx::query_as::<_, (String, String, String)>(
        "SELECT conference_id || ' ' || media_id, media_id, raw FROM recordings
         UNION ALL
         SELECT conference_id || ' ' || media_id || ', revision ' || revision_id, media_id, raw FROM recording_revisions",
    )
    .fetch(connection);
    while let Some((offender, media_id, raw)) = rows.try_next().await? {
        if !bears(&raw, &media_id) {
            finding.add(offender);
        }
    }
    Ok(finding)
}

/// Every check: what should hold, and a query that yields those for which it does not, in words.
const CHECKS: &[(&str, &str)] = &[
    (
        "an error beside a conference is complete: code, message and instant",
        "SELECT conference_id FROM conferences
         WHERE num_nulls(last_error_code, last_error_message, last_error_at) NOT IN (0, 3)",
    ),
    (
        "the counts kept of conferences and recordings are right",
        "SELECT counted || ': ' || number FROM row_counts k
         WHERE number <> CASE counted WHEN 'recordings' THEN (SELECT count(*) FROM recordings)
                              ELSE (SELECT count(*) FROM conferences c WHERE c.state = k.counted) END
         UNION ALL SELECT 'found: ' || coalesce(sum(found), 0) FROM conferences_by_hour
         HAVING coalesce(sum(found), 0) <> (SELECT count(*) FROM conferences)
         UNION ALL SELECT 'begun: ' || coalesce(sum(begun), 0) FROM conferences_by_hour
         HAVING coalesce(sum(begun), 0) <> (SELECT count(*) FROM conferences)",
    ),
    (
        "a recording last changed when its last revision was replaced; without one, when it was first seen",
        "SELECT conference_id || ' ' || media_id FROM recordings r
         WHERE last_changed_at <> coalesce(
             (SELECT replaced_at FROM recording_revisions v
              WHERE v.conference_id = r.conference_id AND v.media_id = r.media_id
              ORDER BY revision_id DESC LIMIT 1),
             first_seen_at)",
    ),
    (
        "a recording that is missing has not changed since",
        "SELECT conference_id || ' ' || media_id FROM recordings WHERE missing_since <> last_changed_at",
    ),
    (
        "the days of the ledger are dates",
        r"SELECT DISTINCT day FROM api_calls
          WHERE CASE WHEN day ~ '^\d{4}-(0[1-9]|1[0-2])-\d\d$'
                     THEN to_char((substr(day, 1, 8) || '01')::date + substr(day, 9)::int - 1, 'YYYY-MM-DD') <> day
                     ELSE TRUE END",
    ),
    (
        "no count is negative",
        "SELECT 'conferences.attempts of ' || conference_id FROM conferences WHERE attempts < 0
         UNION ALL SELECT 'conference_waits.awaited_ms of ' || conference_id FROM conference_waits WHERE awaited_ms < 0
         UNION ALL SELECT 'quota.calls_per_month' FROM quota WHERE calls_per_month < 0
         UNION ALL SELECT 'pauses.failures of ' || scope FROM pauses WHERE failures < 0",
    ),
    (
        "a stage that ran is one of the four, and its run did not end before it began",
        "SELECT stage FROM job_runs
         WHERE stage NOT IN ('discover', 'poll', 'collect', 'maintain') OR last_finished_at < last_started_at",
    ),
    (
        "gaps in which nobody looked neither touch nor overlap, and end after they begin",
        "SELECT g.gap_id || ': ' || g.began_at || ' to ' || g.ended_at FROM watch_gaps g
         WHERE EXISTS (SELECT 1 FROM watch_gaps o
                       WHERE o.ended_at >= g.began_at AND o.began_at <= g.ended_at AND o.gap_id <> g.gap_id
                         AND (o.reason = 'asked') = (g.reason = 'asked'))",
    ),
    (
        "a gap that is searched is not being searched",
        "SELECT gap_id || ': ' || reason FROM watch_gaps WHERE planned_at IS NOT NULL AND searched_at IS NOT NULL",
    ),
    (
        "a receiver that fails says why and since when, and one that does not has failed no message",
        "SELECT receiver FROM notice_receivers
         WHERE (failing_since IS NULL)::int + (last_error IS NULL)::int + (attempts = 0)::int NOT IN (0, 3)",
    ),
];
