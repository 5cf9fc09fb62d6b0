//! Each step of the schema, taken by a catalog that holds what the step before it could write.

use std::path::Path;

use recording_archiver::catalog::Catalog;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

/// A catalog as the step `version` left it, with `rows` in it.
async fn catalog_of(path: &Path, version: i64, rows: &'static str) {
    let steps = sqlx::migrate!().iter().filter(|step| step.version <= version).cloned().collect();
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(true);
    let mut connection: SqliteConnection = options.connect().await.unwrap();
    Migrator::with_migrations(steps).run(&mut connection).await.unwrap();
    sqlx::raw_sql(rows).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
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
