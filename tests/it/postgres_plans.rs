//! Each statement for PostgreSQL, as the source has it: a server prepares it, and carries it out by an index.

use std::path::Path;

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use crate::server::server;

/// What may be read from end to end: a row a stage, a scope, a day and endpoint, a state, an hour or an open conference.
const SMALL: [&str; 14] = [
    "api_calls",
    "conference_waits",
    "conferences_by_hour",
    "event_stream",
    "histories_refusal",
    "job_runs",
    "learned_limits",
    "notice_receivers",
    "pauses",
    "pushes",
    "quota",
    "row_counts",
    "search_queue",
    "watched_until",
];

/// The file whose statements read every row on purpose.
const READS_ALL: &str = "verify.rs";

/// The literals of a piece of Rust, unescaped as far as SQL needs it.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(begin) = rest.find('"') {
        let is_raw = rest[..begin].ends_with("r#");
        let body = &rest[begin + 1..];
        let end = if is_raw { body.find("\"#") } else { body.find('"') }.expect("a literal has an end");
        found.push(body[..end].to_owned());
        rest = &body[end + 1 + usize::from(is_raw)..];
    }
    found
}

/// What stands between the parenthesis at the beginning of `source` and its counterpart, outside of literals.
fn parenthesized(source: &str) -> &str {
    let (mut depth, mut is_text) = (0, false);
    for (at, letter) in source.char_indices() {
        match letter {
            '"' => is_text = !is_text,
            '(' if !is_text => depth += 1,
            ')' if !is_text => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &source[1..at];
        }
    }
    panic!("no end: {source}")
}

/// Every statement of a file: the literal of each `sqlx::query…(…)`, and each use of a macro that makes one.
fn statements(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut macros: Vec<(&str, Vec<String>)> = Vec::new();
    let mut code = String::new();
    let mut rest = source;
    while let Some(begin) = rest.find("macro_rules! ") {
        code.push_str(&rest[..begin]);
        let definition = &rest[begin + "macro_rules! ".len()..];
        let end = definition.find("\n}\n").expect("a macro has an end");
        let name = definition.split(' ').next().unwrap();
        macros.push((name, literals(&definition[..end])));
        rest = &definition[end + 3..];
    }
    code.push_str(rest);
    for (at, name) in code.match_indices("sqlx::query") {
        let call =
            code[at + name.len()..].trim_start_matches(|letter: char| letter == '_' || letter.is_ascii_lowercase());
        let call = if call.starts_with("::<") { &call[call.find(">(").unwrap() + 1..] } else { call };
        if call.starts_with('(') {
            found.extend(literals(parenthesized(call)).into_iter().next());
        }
    }
    let parts = |name: &str| macros.iter().find(|(known, _)| *known == name).map(|(_, parts)| parts);
    for (name, own) in &macros {
        for (at, call) in code.match_indices(&format!("{name}!(")) {
            let arguments = parenthesized(&code[at + call.len() - 1..]);
            let given = literals(arguments);
            // `matching!(recordings by "…", filter, "…")` puts its own condition into another macro's statement.
            let selected = arguments.split(' ').next().and_then(parts).filter(|_| arguments.contains(" by "));
            match (selected, own.first()) {
                (Some(selected), Some(condition)) => {
                    let order = given.get(1).cloned().unwrap_or_default();
                    found.push(format!("{}{}{condition}{order}", selected[0], given[0]));
                }
                (None, Some(begin)) => found.push(format!("{begin}{}", given.concat())),
                _ => {}
            }
        }
    }
    if let Some(checks) = code.find("const CHECKS") {
        found.extend(literals(&code[checks..]).into_iter().filter(|literal| literal.starts_with("SELECT")));
    }
    found
}

/// Whether a statement needs a server only to be understood, and what it reads from end to end.
async fn scanned(connection: &mut PgConnection, statement: &str) -> Vec<String> {
    let prepare = format!("PREPARE statement AS {statement}");
    let prepared = sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await;
    assert!(prepared.is_ok(), "{:?}: {statement}", prepared.unwrap_err());
    let parameters: i32 = sqlx::query_scalar(
        "SELECT coalesce(cardinality(parameter_types), 0) FROM pg_prepared_statements WHERE name = 'statement'",
    )
    .fetch_one(&mut *connection)
    .await
    .unwrap();
    let nulls = vec!["NULL"; usize::try_from(parameters).unwrap()].join(", ");
    let arguments = if parameters > 0 { format!("({nulls})") } else { String::new() };
    let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE statement{arguments}"));
    let plan: Vec<String> = sqlx::query_scalar(explain).persistent(false).fetch_all(&mut *connection).await.unwrap();
    sqlx::raw_sql("DEALLOCATE statement").execute(connection).await.unwrap();
    let scan = |step: &String| Some(step.split("Seq Scan on ").nth(1)?.split(' ').next()?.to_owned());
    plan.iter().filter_map(scan).collect()
}

#[tokio::test]
async fn each_statement_is_understood_by_a_server_and_reads_no_large_table_from_end_to_end() {
    let Some(server) = server() else { return };
    let schema = server.schema();
    server.location(&schema).open().await.unwrap().close().await;
    let tool = server.tool(&schema).await;
    let mut connection = tool.acquire().await.unwrap();
    // An index is used wherever one can be, however few rows there are.
    sqlx::raw_sql("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        .execute(&mut *connection)
        .await
        .unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalog/postgres");
    let mut number = 0;
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        let reads_all = file.file_name().unwrap() == READS_ALL;
        for statement in statements(&std::fs::read_to_string(&file).unwrap()) {
            let scanned = scanned(&mut connection, &statement).await;
            let large: Vec<_> = scanned.iter().filter(|name| !SMALL.contains(&name.as_str())).collect();
            let is_catalogs = !statement.contains("FROM pg_");
            assert!(large.is_empty() || reads_all || !is_catalogs, "{large:?} by {statement}");
            number += 1;
        }
    }
    assert!(number > 110, "only {number} statements were found");
}
