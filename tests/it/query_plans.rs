//! How SQLite carries out every statement of the program: by an index, however many rows there are.

use std::path::{Path, PathBuf};

use recording_archiver::catalog::Catalog;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// What may be read from end to end: a row a stage, a scope, a day and endpoint, a state, an hour or an open conference;
/// arguments; and what a statement put together by itself.
const SMALL: [&str; 23] = [
    "api_calls",
    "conference_waits",
    "conferences_by_hour",
    "constant",
    "CONSTANT",
    "job_runs",
    "event_stream",
    "json_each",
    "jsonb_each",
    "k",
    "learned_limits",
    "met",
    "notice_receivers",
    "pauses",
    "pushes",
    "quota",
    "found",
    "histories_refusal",
    "lately",
    "n",
    "row_counts",
    "search_queue",
    "watched_until",
];

/// Statements that read every row of a large table on purpose: how they begin to tell, and why.
const EXCEPTIONS: [(&str, &str); 13] = [
    (
        "FROM conferences INDEXED BY conferences_by_start",
        "a list of all conferences, in the order of its index, as it is read",
    ),
    ("c.closed_at IS NOT NULL AS", "verify holds every conference against the invariants of its life"),
    ("SELECT (SELECT count(*) FROM conferences) AS", "verify counts what it has looked at"),
    ("state NOT IN (", "verify"),
    ("discovered_by NOT IN (", "verify"),
    ("(last_error_code IS NULL) + (last_error_message IS NULL)", "verify"),
    ("json_valid(raw)", "verify reads the JSON of every recording and revision"),
    ("WHERE last_changed_at <> coalesce(", "verify"),
    ("WHERE missing_since <> last_changed_at", "verify"),
    ("'conferences.attempts of '", "verify"),
    ("FROM watch_gaps g INDEXED BY watch_gaps_by_end", "verify"),
    ("planned_at IS NOT NULL AND searched_at IS NOT NULL", "verify"),
    ("FROM row_counts k", "verify counts anew what the triggers count"),
];

/// The statements that are checked when the program is compiled: all that it ever asks for rows.
fn statements() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    let query = |file: &PathBuf| {
        let prepared: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        prepared["query"].as_str().unwrap().to_owned()
    };
    files.iter().map(query).collect()
}

/// The tables, or their aliases, that a statement reads from end to end.
async fn scanned(connection: &mut SqliteConnection, statement: &str) -> Vec<String> {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain).fetch_all(connection).await.unwrap();
    let scan = |step: &str| Some(step.strip_prefix("SCAN ")?.split(' ').next()?.to_owned());
    let scans = plan.iter().filter_map(|(.., step)| scan(step));
    scans.filter(|name| !SMALL.contains(&name.as_str()) && !name.starts_with('(')).collect()
}

/// Fails if a statement that is no exception reads a large table from end to end, or an exception is none.
async fn hold_against_the_exceptions(connection: &mut SqliteConnection) {
    let mut used = Vec::new();
    let mut slow = Vec::new();
    let statements = statements();
    assert!(statements.len() > 50, "{}", statements.len());
    for statement in statements {
        let scanned = scanned(connection, &statement).await;
        match EXCEPTIONS.iter().find(|(part, _)| statement.contains(part)) {
            Some((part, _)) if !scanned.is_empty() => used.push(*part),
            None if !scanned.is_empty() => slow.push(format!("{scanned:?} by {statement}")),
            _ => {}
        }
    }
    assert!(slow.is_empty(), "read from end to end:\n{}", slow.join("\n"));
    for (part, _) in EXCEPTIONS {
        assert!(used.contains(&part), "no statement with {part:?} needs an exception");
    }
}

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

#[tokio::test]
async fn no_statement_reads_a_large_table_from_end_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    Catalog::open(&path).await.unwrap().close().await;
    let mut connection = connect(&path).await;
    hold_against_the_exceptions(&mut connection).await;

    // Nor where PRAGMA optimize has told SQLite that nearly all rows are in one state.
    let rows = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
                INSERT INTO conferences (conference_id, state, discovered_by, discovered_at, closed_at)
                SELECT 'c' || n, 'archived', 'organization', n, n FROM n;
                INSERT INTO conferences (conference_id, state, discovered_by, discovered_at) VALUES ('open', 'ended', 'cli', 0);
                INSERT INTO recordings (conference_id, media_id, raw, first_seen_at, last_changed_at)
                SELECT conference_id, 'm' || rowid, '{}', rowid, rowid FROM conferences;
                INSERT INTO conference_events (conference_id, at, event, reason, state)
                SELECT conference_id, rowid, 'found', '', state FROM conferences;
                INSERT INTO notices (kind, subject, began_at, noticed_at, over_at)
                SELECT 'archived', conference_id, rowid, rowid, rowid FROM conferences;
                ANALYZE";
    sqlx::raw_sql(rows).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    hold_against_the_exceptions(&mut connect(&path).await).await;
}
