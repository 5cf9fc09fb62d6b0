//! Each step of the schema, taken by a catalog that holds what the step before it could write; and the catalog that the
//! released version 0.1.0 left behind, taken over by this one.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use recording_archiver::catalog::Catalog;
use recording_archiver::cli::wiring;
use recording_archiver::config::Config;
use recording_archiver::daemon::stepper::Stepper;
use recording_archiver::domain::clock::{Clock, Timestamp, VirtualClock};
use recording_archiver::simulator::{Behaviour, Organisation, Simulator};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::world::minutes;

/// What `.dump` says of a catalog that the binary of version 0.1.0 made. It ran against `simulate --meetings 60 --seed 7
/// --speed 600`, was stopped by SIGTERM and started again; then it saw lists that had changed, and was killed by SIGKILL
/// while nobody could be reached. Most of its conferences are left out.
const VERSION_0_1_0: &str = include_str!("fixtures/catalog-0.1.0.sql");

/// How many times faster than people its organisation lives.
const SPEED: f64 = 600.0;

/// The tables that no step since has changed.
const KEPT: [&str; 7] =
    ["conferences", "recordings", "recording_revisions", "conference_events", "api_calls", "quota", "job_runs"];

/// A catalog as the step `version` left it, with `rows` in it.
async fn catalog_of(path: &Path, version: i64, rows: &'static str) {
    let steps = sqlx::migrate!().iter().filter(|step| step.version <= version).cloned().collect();
    let mut connection = connect(path).await;
    Migrator::with_migrations(steps).run(&mut connection).await.unwrap();
    sqlx::raw_sql(rows).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(true);
    options.connect().await.unwrap()
}

#[tokio::test]
async fn the_journal_begins_with_what_was_known_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    catalog_of(
        &path,
        1,
        "INSERT INTO conferences (conference_id, state, discovered_by, discovered_at, next_attempt_at)
         VALUES ('607452e0xxx', 'ended', 'organization', 1000, 5000), ('607452e0yyy', 'waiting', 'cli', 900, NULL);
         INSERT INTO recording_waits (conference_id, counted_until, awaited_ms) VALUES ('607452e0xxx', 2000, 0);
         INSERT INTO job_runs (stage, last_started_at, last_finished_at, outcome, next_due_at)
         VALUES ('poll', 1000, 1001, 'ok', 2000), ('discover', 1500, 1600, 'timeout', NULL)",
    )
    .await;

    let catalog = Catalog::open(&path).await.unwrap();
    assert_eq!(catalog.verify().await.unwrap(), []);
    let events = catalog.events("607452e0xxx").await.unwrap();
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!((event.event.as_str(), event.at, event.state.as_str()), ("found", 1000, "ended"));
    assert_eq!(event.next_attempt_at, Some(5000));
    assert!(event.reason.contains("the organisation's list showed it"), "{}", event.reason);
    let runs = catalog.job_runs().await.unwrap();
    let ran = |run: &recording_archiver::catalog::runs::JobRun| (run.stage.clone(), run.last_ok_at.as_millis());
    assert_eq!(runs.iter().map(ran).collect::<Vec<_>>(), [("poll".to_owned(), 1000), ("discover".to_owned(), 1500)]);
    catalog.close().await;
}

#[tokio::test]
async fn what_failed_or_was_archived_before_there_were_notices_is_told_to_nobody_by_the_step_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    catalog_of(
        &path,
        3,
        "INSERT INTO conferences (conference_id, state, discovered_by, discovered_at, closed_at, last_error_code,
             last_error_message, last_error_at)
         VALUES ('607452e0xxx', 'failed', 'cli', 1000, 2000, 'roomNotFound', 'no such room', 2000);
         INSERT INTO conferences (conference_id, state, discovered_by, discovered_at, closed_at)
         VALUES ('607452e0yyy', 'archived', 'cli', 1000, 2000);
         INSERT INTO recordings (conference_id, media_id, raw, first_seen_at, last_changed_at)
         VALUES ('607452e0yyy', 'm', '{\"mediaId\":\"m\"}', 1500, 1500)",
    )
    .await;

    let catalog = Catalog::open(&path).await.unwrap();
    assert_eq!(catalog.verify().await.unwrap(), []);
    assert!(catalog.has_unnoticed_failures().await.unwrap(), "the first look of one who tells finds it");
    assert_eq!(catalog.receivers().await.unwrap(), []);
    // One who is told of archived conferences is told of those from here on.
    let now = Timestamp::from_millis(3000);
    catalog.set_receivers(&["url"], true, now).await.unwrap();
    catalog.notice(&[], &[], now).await.unwrap();
    let untold = catalog.untold("url", 10).await.unwrap();
    let told = |notice: &recording_archiver::catalog::notices::Untold| (notice.kind.clone(), notice.subject.clone());
    assert_eq!(untold.iter().map(told).collect::<Vec<_>>(), [("failed".to_owned(), "607452e0xxx".to_owned())]);
    catalog.close().await;
}

#[tokio::test]
async fn what_had_begun_before_recordings_were_started_by_themselves_is_not_started_by_the_step_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    catalog_of(
        &path,
        5,
        "INSERT INTO conferences (conference_id, state, discovered_by, discovered_at, last_active_at, creator_union_id)
         VALUES ('607452e0xxx', 'active', 'event', 1000, 1000, 'WFBkgxxx');
         INSERT INTO sightings (conference_id, announced_at, last_sequence) VALUES ('607452e0xxx', 1000, 1);
         INSERT INTO api_calls VALUES ('2026-06-01', 'start', 'ok', 1)",
    )
    .await;

    let catalog = Catalog::open(&path).await.unwrap();
    assert_eq!(catalog.verify().await.unwrap(), []);
    assert_eq!(catalog.next_start().await.unwrap(), None, "what began before is not recorded from its start");
    assert_eq!(catalog.conference("607452e0xxx").await.unwrap().unwrap().state, "active");
    catalog.close().await;
}

/// What a query answers: a row each, with its columns as SQLite quotes them.
async fn rows(connection: &mut SqliteConnection, columns: &str, from: &str) -> Vec<String> {
    let quoted: Vec<String> = columns.split(", ").map(|column| format!("quote({column})")).collect();
    let sql = format!("SELECT {} FROM {from} ORDER BY 1", quoted.join(" || ' ' || "));
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await.unwrap()
}

async fn table(connection: &mut SqliteConnection, table: &str) -> Vec<String> {
    let sql = format!("SELECT group_concat(name, ', ') FROM pragma_table_info('{table}')");
    let columns: String = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *connection).await.unwrap();
    rows(connection, &columns, table).await
}

/// What must be the same before and after the takeover, whatever its columns are called.
async fn carried_over(connection: &mut SqliteConnection, waits: &str, failures: &str) -> Vec<Vec<String>> {
    let mut carried = Vec::new();
    for name in KEPT {
        carried.push(table(connection, name).await);
    }
    carried.push(rows(connection, "conference_id, counted_until, awaited_ms, accepted_union_id", waits).await);
    let pauses = format!("scope, paused_until, since, {failures}, code, message");
    carried.push(rows(connection, &pauses, "pauses").await);
    carried
}

#[tokio::test]
async fn a_catalog_of_version_0_1_0_is_taken_over_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let mut connection = connect(&path).await;
    sqlx::raw_sql(VERSION_0_1_0).execute(&mut connection).await.unwrap();
    let before = carried_over(&mut connection, "recording_waits", "strikes").await;
    assert!(before.iter().all(|rows| !rows.is_empty()), "the dump has something of everything");
    let newest = "(SELECT conference_id, (SELECT max(last_changed_at) FROM recordings r
                    WHERE r.conference_id = w.conference_id) AS list_changed_at FROM recording_waits w)";
    let changed = rows(&mut connection, "conference_id, list_changed_at", newest).await;
    connection.close().await.unwrap();

    let catalog = Catalog::open(&path).await.unwrap();
    assert_eq!(catalog.verify().await.unwrap(), []);
    catalog.close().await;
    let mut connection = connect(&path).await;
    assert_eq!(carried_over(&mut connection, "conference_waits", "failures").await, before);
    assert_eq!(rows(&mut connection, "conference_id, list_changed_at", "conference_waits").await, changed);
    let odd = "SELECT count(*) FROM conference_waits
               WHERE list_changes <> (list_changed_at IS NOT NULL) OR failing_since IS NOT NULL";
    assert_eq!(sqlx::query_scalar::<_, i64>(odd).fetch_one(&mut connection).await.unwrap(), 0);
    connection.close().await.unwrap();
}

#[tokio::test]
async fn what_version_0_1_0_left_open_is_brought_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let mut connection = connect(&path).await;
    sqlx::raw_sql(VERSION_0_1_0).execute(&mut connection).await.unwrap();
    let open = "SELECT DISTINCT state FROM conferences WHERE closed_at IS NULL ORDER BY state";
    let open: Vec<String> = sqlx::query_scalar(open).fetch_all(&mut connection).await.unwrap();
    assert_eq!(open, ["active", "ended", "waiting"]);
    let last = "SELECT max(at) FROM conference_events";
    let last: i64 = sqlx::query_scalar(last).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();

    // The organisation in which that catalog was made goes on.
    let clock = Arc::new(VirtualClock::new(Timestamp::from_millis(last) + minutes(1)));
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let organisation = Organisation::endless(7, 60, SPEED);
    let theirs = Arc::clone(&clock) as Arc<dyn Clock>;
    let simulator = Simulator::start(listen, organisation, Behaviour::default(), theirs).await.unwrap();
    let mut config = Config::default();
    config.dingtalk.base_url = simulator.base_url().parse().unwrap();
    config.dingtalk.app_key = Some(simulator.app_key().to_owned());
    config.dingtalk.app_secret = Some(simulator.app_secret().into());
    config.quota.calls_per_month = 0;
    config.poll.interval = Some(minutes(5).div_f64(SPEED));
    let collect = &mut config.collect;
    let times = [&mut collect.interval, &mut collect.first_delay, &mut collect.retry_min, &mut collect.retry_max];
    for time in times.into_iter().chain([&mut collect.settle, &mut collect.give_up_after]) {
        *time = time.div_f64(SPEED);
    }
    let catalog = Catalog::open(&path).await.unwrap();
    let archive = wiring::archive(&config, catalog.clone(), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    archive.prepare(clock.now()).await.unwrap();
    let until = clock.now() + minutes(20);
    Stepper::new(Arc::new(archive), clock).run_until(until).await.unwrap();
    assert_eq!(catalog.verify().await.unwrap(), []);
    let mut connection = connect(&path).await;
    let open = "SELECT conference_id || ' ' || state FROM conferences WHERE closed_at IS NULL";
    let open: Vec<String> = sqlx::query_scalar(open).fetch_all(&mut connection).await.unwrap();
    assert_eq!(open, [""; 0]);
    connection.close().await.unwrap();
    catalog.close().await;
}
