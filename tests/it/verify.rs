//! `verify`: what a daemon writes is sound, and whatever a daemon does not write is found, check by check.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use recording_archiver::catalog::verify::Finding;
use recording_archiver::catalog::{Catalog, Error};
use recording_archiver::simulator::Meeting;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

use crate::world::{World, at, hours, meeting, minutes};

/// What each check says of `state`, and how a conference comes to break it. In the catalog of [`World`] below.
const BREAKS: &[(&str, &str, &str)] = &[
    (
        "foreign_key_check",
        "DELETE FROM conference_events; DELETE FROM conferences WHERE conference_id = 'changed'",
        "of recordings: no such row of conferences",
    ),
    (
        "foreign_key_check",
        "INSERT INTO recording_revisions (conference_id, media_id, replaced_at, raw) VALUES ('none', 'm', 1, '{\"mediaId\":\"m\"}')",
        "of recording_revisions: no such row of recordings",
    ),
    (
        "tables, triggers and views",
        "DROP TRIGGER recordings_keep_revision",
        "the trigger recordings_keep_revision is not there",
    ),
    (
        "tables, triggers and views",
        "DROP VIEW api_usage; CREATE VIEW api_usage AS SELECT 1",
        "the view api_usage is not as this program makes it",
    ),
    ("state is one of the six", "UPDATE conferences SET state = 'lost' WHERE conference_id = 'active'", "active: lost"),
    (
        "discovered is a known word",
        "UPDATE conferences SET discovered_by = 'chance' WHERE conference_id = 'active'",
        "active: chance",
    ),
    ("closed_at", "UPDATE conferences SET closed_at = NULL WHERE conference_id = 'failed'", "failed (failed)"),
    ("closed_at", "UPDATE conferences SET closed_at = 7 WHERE conference_id = 'ended'", "ended (ended)"),
    (
        "an archived conference has recordings",
        "DELETE FROM recording_revisions; DELETE FROM recordings WHERE conference_id = 'changed'",
        "changed",
    ),
    (
        "whose list showed recordings has them",
        "UPDATE conference_waits SET list_changes = 1 WHERE conference_id = 'ended'",
        "ended (ended)",
    ),
    (
        "an unrecorded conference has none",
        "UPDATE recordings SET conference_id = 'unrecorded' WHERE conference_id = 'looked'",
        "unrecorded (unrecorded)",
    ),
    (
        "a failed conference says why",
        "UPDATE conferences SET last_error_code = NULL, last_error_message = NULL, last_error_at = NULL",
        "failed",
    ),
    ("an error beside a conference", "UPDATE conferences SET last_error_at = NULL", "failed"),
    ("has last_active_at", "UPDATE conferences SET last_active_at = NULL", "active"),
    ("has a next attempt", "UPDATE conferences SET next_attempt_at = NULL WHERE state = 'ended'", "ended (ended)"),
    (
        "is remembered while an answer",
        "UPDATE conferences SET next_attempt_at = 7 WHERE state = 'failed'",
        "failed (failed)",
    ),
    (
        "has a next attempt",
        "UPDATE conferences SET next_attempt_at = 7 WHERE state = 'unrecorded'",
        "unrecorded (unrecorded)",
    ),
    (
        "is remembered while an answer",
        "INSERT INTO conference_waits (conference_id, counted_until, awaited_ms, list_changes) VALUES ('changed', 1, 1, 0)",
        "changed (archived)",
    ),
    (
        "is remembered while an answer",
        "DELETE FROM conference_waits WHERE conference_id = 'looked'",
        "looked (archived)",
    ),
    ("is remembered while an answer", "DELETE FROM conference_waits WHERE conference_id = 'ended'", "ended (ended)"),
    (
        "has its mediaId",
        "UPDATE recordings SET raw = substr(raw, 2) WHERE media_id = 'media-looked-0'",
        "looked media-looked-0",
    ),
    (
        "has its mediaId",
        "UPDATE recordings SET raw = '{\"mediaId\":\"other\"}' WHERE media_id = 'media-looked-0'",
        "looked media-looked-0",
    ),
    (
        "has its mediaId",
        "UPDATE recording_revisions SET raw = '{}' WHERE revision_id = 1",
        "changed media-changed-0, revision 1",
    ),
    ("recording last changed when", "DELETE FROM recording_revisions", "changed media-changed-0"),
    ("recording last changed when", "UPDATE recordings SET last_changed_at = 7", "looked media-looked-0"),
    (
        "missing has not changed",
        "UPDATE recordings SET missing_since = 7 WHERE media_id = 'media-changed-1'",
        "changed media-changed-1",
    ),
    ("counts kept", "UPDATE row_counts SET number = 7 WHERE counted = 'active'", "active: 7"),
    ("counts kept", "UPDATE conferences_by_hour SET found = 0", "found: 0"),
    ("counts kept", "UPDATE conferences_by_hour SET begun = 0", "begun: 0"),
    ("days of the ledger", "INSERT INTO api_calls VALUES ('2026-02-30', 'get', 'ok', 1)", "2026-02-30"),
    ("days of the ledger", "INSERT INTO api_calls VALUES ('today', 'get', 'ok', 1)", "today"),
    (
        "no count is negative",
        "UPDATE conferences SET attempts = -1 WHERE state = 'ended'",
        "conferences.attempts of ended",
    ),
    ("no count is negative", "UPDATE conference_waits SET awaited_ms = -1", "conference_waits.awaited_ms of ended"),
    (
        "no count is negative",
        "INSERT INTO api_calls VALUES ('2026-06-01', 'get', 'odd', -1)",
        "api_calls.calls of 2026-06-01 get odd",
    ),
    ("no count is negative", "UPDATE quota SET calls_per_month = -1", "quota.calls_per_month"),
    ("no count is negative", "INSERT INTO pauses VALUES ('*', 1, 1, -1, 'c', 'm')", "pauses.failures of *"),
    ("a stage that ran", "UPDATE job_runs SET stage = 'rest' WHERE stage = 'poll'", "rest"),
    ("a stage that ran", "UPDATE job_runs SET last_finished_at = 1 WHERE stage = 'poll'", "poll"),
    (
        "archived is over at once",
        "INSERT INTO notices VALUES (7, 'archived', 'changed', 1, 1, NULL)",
        "7: archived changed",
    ),
    (
        "gaps in which nobody looked",
        "INSERT INTO watch_gaps (began_at, ended_at, reason) VALUES (1, 5, 'down'), (5, 9, 'spent')",
        "1: 1 to 5",
    ),
    (
        "a gap that is searched",
        "INSERT INTO watch_gaps (began_at, ended_at, reason, planned_at, searched_at) VALUES (1, 5, 'down', 6, 7)",
        "1: down",
    ),
    ("a receiver that fails", "INSERT INTO notice_receivers VALUES ('url', 0, 1, 1, 1, NULL)", "url"),
    ("a receiver that fails", "INSERT INTO notice_receivers VALUES ('url', 0, 1, NULL, 1, NULL)", "url"),
    (
        "foreign_key_check",
        "INSERT INTO notice_receivers VALUES ('url', 0, 1, NULL, 0, NULL); INSERT INTO notices_untold VALUES ('url', 7, 1)",
        "of notices_untold: no such row of notices",
    ),
];

/// A catalog with a conference in every state, named after it; `changed` is archived, and one of its recordings was
/// changed and one is missing; `looked` is archived with its last look to come.
async fn lived_in() -> (TempDir, PathBuf) {
    let old = |id: &str| meeting(id);
    let young = |id: &str| Meeting::sample(id, at(83, 0), at(84, 0)).booked(at(8, 0));
    let world = World::with([
        old("changed").recorded(minutes(1)).recorded(minutes(2)),
        old("unrecorded"),
        young("looked").recorded(minutes(1)),
        Meeting::sample("ended", at(85, 0), at(86, 0)).booked(at(8, 0)).recorded(minutes(30)),
        Meeting::sample("active", at(86, 0), at(99, 0)).booked(at(8, 0)),
        Meeting::sample("waiting", at(120, 0), at(121, 0)).booked(at(8, 0)),
    ])
    .watching("failed", None)
    .start()
    .await;
    world.until(at(12, 0)).await;
    world.change("changed", |meeting| {
        meeting.recordings[0].file_size += 1;
        meeting.recordings.truncate(1);
    });
    world.until(at(86, 20)).await;
    for id in ["unrecorded", "ended", "active", "waiting", "failed"] {
        assert_eq!(world.state(id).await, id);
    }
    for id in ["changed", "looked"] {
        assert_eq!(world.state(id).await, "archived");
    }
    assert_eq!(world.number("SELECT count(*) FROM recordings WHERE missing_since IS NOT NULL").await, 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.db");
    world.catalog.backup(&path).await.unwrap();
    (folder, path)
}

/// What `verify` says of the file.
async fn verify(path: &Path) -> Vec<Finding> {
    Catalog::open_read_only(path).await.unwrap().verify().await.unwrap()
}

/// A copy of the catalog, with `statements` done to it by a tool that checks nothing.
async fn broken(sound: &Path, statements: &str) -> PathBuf {
    let path = sound.with_file_name("broken.db");
    std::fs::copy(sound, &path).unwrap();
    let mut tool = SqliteConnectOptions::new().filename(&path).foreign_keys(false).connect().await.unwrap();
    let statements = format!("PRAGMA ignore_check_constraints = ON; {statements}");
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut tool).await.unwrap();
    tool.close().await.unwrap();
    path
}

#[tokio::test]
async fn each_check_finds_what_it_is_there_for_and_a_sound_catalog_has_no_findings() {
    let (_folder, sound) = lived_in().await;
    assert_eq!(verify(&sound).await, []);
    let mut broke = BTreeSet::new();
    for (check, statements, offender) in BREAKS {
        let findings = verify(&broken(&sound, statements).await).await;
        let found = findings.iter().find(|finding| finding.check.contains(check));
        let offenders = found.map(|finding| finding.offenders.join("\n")).unwrap_or_default();
        assert!(offenders.contains(offender), "{statements}: {offender:?} is not in {findings:?}");
        broke.extend(found.map(|finding| finding.check));
    }
    let checks = Catalog::open_read_only(&sound).await.unwrap().checks();
    let unbroken: Vec<_> = checks.into_iter().filter(|check| !broke.contains(check)).collect();
    assert_eq!(unbroken, ["the file is intact (SQLite's integrity_check)"], "the test below breaks that one");
}

#[tokio::test]
async fn damage_to_the_file_is_a_finding_wherever_it_lies() {
    let (_folder, sound) = lived_in().await;
    let root = |name: &str| format!("SELECT rootpage FROM sqlite_schema WHERE name = '{name}'");
    let bytes = std::fs::read(&sound).unwrap();
    let page_bytes = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    for name in ["recordings", "recordings_by_start", "conferences", "job_runs", "api_calls"] {
        let mut tool = SqliteConnectOptions::new().filename(&sound).connect().await.unwrap();
        let page: i64 = sqlx::query_scalar(AssertSqlSafe(root(name))).fetch_one(&mut tool).await.unwrap();
        tool.close().await.unwrap();
        let mut bytes = bytes.clone();
        let begin = (usize::try_from(page).unwrap() - 1) * page_bytes;
        bytes[begin..begin + 64].fill(0xff);
        let path = sound.with_file_name("broken.db");
        std::fs::write(&path, bytes).unwrap();
        let findings = verify(&path).await;
        assert!(findings[0].check.contains("integrity_check"), "{name}: {findings:?}");
        assert!(!findings[0].offenders.is_empty() && findings[0].offenders.len() <= 10, "{name}: {findings:?}");
    }
}

#[tokio::test]
async fn of_many_offenders_ten_are_named_and_the_others_counted() {
    let (_folder, sound) = lived_in().await;
    let many = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
                INSERT INTO api_calls SELECT 'day ' || n, 'get', 'ok', 1 FROM n";
    let findings = verify(&broken(&sound, many).await).await;
    assert_eq!((findings.len(), findings[0].offenders.len(), findings[0].more), (1, 10, 990));
}

#[tokio::test]
async fn what_an_operator_or_a_clock_that_is_set_back_does_is_sound() {
    let world = World::with([meeting("a").recorded(minutes(1)), meeting("b")]).start().await;
    world.until(at(12, 0)).await;
    assert_eq!(world.state("a").await, "archived");
    assert_eq!(world.catalog.retry(&["a".to_owned()], world.now()).await.unwrap(), [""; 0]);
    assert_eq!(world.catalog.verify().await.unwrap(), [], "open again, with recordings");
    // Another daemon, whose clock is right: it is five hours earlier than was thought.
    world.change("a", |meeting| meeting.recordings[0].file_size += 1);
    let earlier = at(7, 0);
    world.archive.tick(earlier).await.unwrap();
    world.archive.tick(earlier + hours(1)).await.unwrap();
    let row = world.recordings("a").await.remove(0);
    assert!(row.last_changed_at < row.first_seen_at, "it was changed before it was seen");
    assert_eq!(world.catalog.verify().await.unwrap(), []);
}

#[tokio::test]
async fn a_catalog_that_is_not_of_this_schema_yet_is_refused_and_not_brought_up() {
    let (_folder, sound) = lived_in().await;
    let path =
        broken(&sound, "UPDATE _sqlx_migrations SET version = version - (SELECT max(version) FROM _sqlx_migrations)")
            .await;
    let before = std::fs::read(&path).unwrap();
    let refused = Catalog::open_read_only(&path).await.unwrap_err();
    assert!(matches!(refused, Error::Older { found: 0, .. }), "{refused}");
    assert!(std::fs::read(&path).unwrap() == before);
}
