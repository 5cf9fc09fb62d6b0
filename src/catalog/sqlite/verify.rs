//! Whether a catalog is valid: SQLite's own checks, the schema, and what this program's rules promise of the rows.
//!
//! Reads only, and all of it from one instant. An invariant stands here only if a daemon that does its duty cannot break
//! it: neither by an operator's `retry`, which keeps the recordings of a conference that is open again, nor by a clock
//! that is set back. So no two instants are put in order that were read off the clock at different times.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use sqlx::{Connection, SqliteConnection};

use super::damage::{foreign_keys, integrity, raw, schema};
use super::rows::verify::{Finding, StandingRow, Standings};
use super::{Catalog, Error, code, count};

impl Catalog {
    /// What is wrong with this catalog; nothing, if it is valid. Damage is a finding; an error is what keeps it from
    /// being looked at: a lock, a disk that does not read.
    pub async fn verify(&self) -> Result<Vec<Finding>, Error> {
        let mut connection = self.read().await?;
        let mut instant = connection.begin().await?;
        let mut findings = Vec::new();
        for (check, offenders) in CHECKS {
            let mut finding = Finding::of(check);
            let mut offenders = offenders(&mut instant);
            while let Some(offender) = offenders.next().await {
                match offender {
                    Ok(offender) => finding.add(offender),
                    Err(error) => {
                        finding.add(format!("could not be checked: {}", damage(error)?));
                        break;
                    }
                }
            }
            findings.push(finding);
        }
        findings.extend(standings(&mut instant).await?);
        findings.retain(|finding| !finding.offenders.is_empty());
        Ok(findings)
    }

    /// What is checked, in words.
    pub fn checks(&self) -> Vec<&'static str> {
        CHECKS.iter().map(|(check, _)| *check).chain(Standings::checks()).collect()
    }

    /// How many conferences and recordings there are.
    pub async fn size(&self) -> Result<(u64, u64), Error> {
        let row = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM conferences) AS "conferences!: i64",
                      (SELECT count(*) FROM recordings) AS "recordings!: i64""#
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok((count(row.conferences), count(row.recordings)))
    }
}

/// Holds every conference against the invariants of its life.
async fn standings(connection: &mut SqliteConnection) -> Result<Vec<Finding>, Error> {
    let mut standings = Standings::default();
    let mut rows = sqlx::query_as!(
        StandingRow,
        r#"SELECT c.conference_id, c.state, c.closed_at IS NOT NULL AS "is_closed!: bool",
                  c.next_attempt_at IS NOT NULL AS "is_planned!: bool", c.last_active_at IS NOT NULL AS "was_active!: bool",
                  c.last_error_code IS NOT NULL AS "has_error!: bool",
                  EXISTS (SELECT 1 FROM conference_waits w WHERE w.conference_id = c.conference_id) AS "is_remembered!: bool",
                  EXISTS (SELECT 1 FROM conference_waits w
                          WHERE w.conference_id = c.conference_id AND w.list_changes > 0) AS "was_listed!: bool",
                  EXISTS (SELECT 1 FROM recordings r WHERE r.conference_id = c.conference_id) AS "has_recording!: bool"
           FROM conferences c"#
    )
    .fetch(connection);
    while let Some(row) = rows.next().await {
        match row {
            Ok(row) => standings.hold(&row),
            // Another check has found what is damaged.
            Err(error) => return damage(error).map(|_| Vec::new()).map_err(Error::from),
        }
    }
    Ok(standings.findings)
}

/// What damage to the file is called: an intact one never answers so. Any other error is handed back.
fn damage(error: sqlx::Error) -> Result<String, sqlx::Error> {
    // 1 SQLITE_ERROR: a table or a column is not there. 11 SQLITE_CORRUPT, 26 SQLITE_NOTADB.
    let is_damage = code(&error).is_some_and(|code| matches!(code & 0xff, 1 | 11 | 26));
    match error {
        sqlx::Error::Database(said) if is_damage => Ok(said.message().to_owned()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Ok(error.to_string()),
        _ => Err(error),
    }
}

/// Those that break a check.
type Offenders = for<'c> fn(&'c mut SqliteConnection) -> BoxStream<'c, sqlx::Result<String>>;

/// What should hold, and a query that yields those for which it does not, in words; checked when it is compiled.
macro_rules! check {
    ($should_hold:literal, $sql:literal) => {
        ($should_hold, |connection| sqlx::query_scalar!($sql).fetch(connection).boxed())
    };
}

/// Every check: what should hold, and those for which it does not.
const CHECKS: &[(&str, Offenders)] = &[
    ("the file is intact (SQLite's integrity_check)", integrity),
    ("what a row refers to is there (SQLite's foreign_key_check)", foreign_keys),
    ("tables, triggers and views are the ones that this program makes", schema),
    check!(
        "a conference's state is one of the six",
        r#"SELECT conference_id || ': ' || state AS "offender!: String" FROM conferences
           WHERE state NOT IN ('waiting', 'active', 'ended', 'archived', 'unrecorded', 'failed')"#
    ),
    check!(
        "how a conference was discovered is a known word",
        r#"SELECT conference_id || ': ' || discovered_by AS "offender!: String" FROM conferences
           WHERE discovered_by NOT IN ('config', 'cli', 'organization', 'user', 'event', 'history')"#
    ),
    check!(
        "an error beside a conference is complete: code, message and instant",
        r#"SELECT conference_id AS "offender!: String" FROM conferences
           WHERE (last_error_code IS NULL) + (last_error_message IS NULL) + (last_error_at IS NULL) NOT IN (0, 3)"#
    ),
    check!(
        "the counts kept of conferences and recordings are right",
        r#"SELECT counted || ': ' || number AS "offender!: String" FROM row_counts k
           WHERE number <> CASE counted WHEN 'recordings' THEN (SELECT count(*) FROM recordings)
                                ELSE (SELECT count(*) FROM conferences c WHERE c.state = k.counted) END
           UNION ALL SELECT 'found: ' || (SELECT sum(found) FROM conferences_by_hour)
           WHERE (SELECT total(found) FROM conferences_by_hour) <> (SELECT count(*) FROM conferences)
           UNION ALL SELECT 'begun: ' || (SELECT sum(begun) FROM conferences_by_hour)
           WHERE (SELECT total(begun) FROM conferences_by_hour) <> (SELECT count(*) FROM conferences)"#
    ),
    ("a recording's JSON, and that of each revision, is complete and has its mediaId", raw),
    check!(
        "a recording last changed when its last revision was replaced; without one, when it was first seen",
        r#"SELECT conference_id || ' ' || media_id AS "offender!: String" FROM recordings r
           WHERE last_changed_at <> coalesce(
               (SELECT replaced_at FROM recording_revisions v
                WHERE v.conference_id = r.conference_id AND v.media_id = r.media_id
                ORDER BY revision_id DESC LIMIT 1),
               first_seen_at)"#
    ),
    check!(
        "a recording that is missing has not changed since",
        r#"SELECT conference_id || ' ' || media_id AS "offender!: String" FROM recordings
           WHERE missing_since <> last_changed_at"#
    ),
    check!(
        "the days of the ledger are dates",
        r#"SELECT DISTINCT day AS "offender!: String" FROM api_calls WHERE day IS NOT date(day)"#
    ),
    check!(
        "no count is negative",
        r#"SELECT 'conferences.attempts of ' || conference_id AS "offender!: String" FROM conferences WHERE attempts < 0
           UNION ALL SELECT 'conference_waits.awaited_ms of ' || conference_id FROM conference_waits WHERE awaited_ms < 0
           UNION ALL SELECT 'api_calls.calls of ' || day || ' ' || endpoint || ' ' || outcome FROM api_calls WHERE calls < 0
           UNION ALL SELECT 'quota.calls_per_month' FROM quota WHERE calls_per_month < 0
           UNION ALL SELECT 'pauses.failures of ' || scope FROM pauses WHERE failures < 0"#
    ),
    check!(
        "a stage that ran is one of the four, and its run did not end before it began",
        r#"SELECT stage AS "offender!: String" FROM job_runs
           WHERE stage NOT IN ('discover', 'poll', 'collect', 'maintain') OR last_finished_at < last_started_at"#
    ),
    check!(
        "gaps in which nobody looked neither touch nor overlap, and end after they begin",
        r#"SELECT g.gap_id || ': ' || g.began_at || ' to ' || g.ended_at AS "offender!: String"
           FROM watch_gaps g INDEXED BY watch_gaps_by_end
           WHERE g.began_at >= g.ended_at
              OR EXISTS (SELECT 1 FROM watch_gaps o INDEXED BY watch_gaps_by_end
                         WHERE o.ended_at >= g.began_at AND o.began_at <= g.ended_at AND o.gap_id <> g.gap_id
                           AND (o.reason = 'asked') = (g.reason = 'asked'))"#
    ),
    check!(
        "a gap that is searched is not being searched",
        r#"SELECT gap_id || ': ' || reason AS "offender!: String" FROM watch_gaps
           WHERE planned_at IS NOT NULL AND searched_at IS NOT NULL"#
    ),
    check!(
        "that a conference is archived is over at once",
        r#"SELECT notice_id || ': ' || kind || ' ' || subject AS "offender!: String" FROM notices INDEXED BY notices_open
           WHERE kind = 'archived' AND over_at IS NULL"#
    ),
    check!(
        "a receiver that fails says why and since when, and one that does not has failed no message",
        r#"SELECT receiver AS "offender!: String" FROM notice_receivers
           WHERE (failing_since IS NULL) + (last_error IS NULL) + (attempts = 0) NOT IN (0, 3)"#
    ),
];
