//! `status`: what the daemon does, what is open, what was spent.

use serde_json::{Value, json};

use super::archived;
use crate::harness::{says, text};

#[test]
fn the_table_says_what_is_open_what_is_archived_and_what_was_spent() {
    let said = archived().run(&["status"]).out;
    says(&said, &["not running", "catalog.db", "1 active, 2 archived", " of 5000 in ", "every 5m"]);
    says(&said, &["discover", "poll", "collect", "maintain", "ok"]);
}

#[test]
fn json_says_the_same_to_programs() {
    let said = archived().run(&["status", "--format", "json"]).out;
    let status: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(status["daemon_pid"], Value::Null);
    assert_eq!((&status["recordings"], &status["calls_per_month"]), (&json!(3), &json!(5000)));
    let conferences = json!({"waiting": 0, "active": 1, "ended": 0, "archived": 2, "unrecorded": 0, "failed": 0});
    assert_eq!(status["conferences"], conferences);
    assert!(status["poll_interval_ms"].as_u64().unwrap() >= 300_000, "{status}");
    assert_eq!(status["last_error"], Value::Null, "nobody was asked about in vain");
    assert_eq!(status["discover_interval_ms"], Value::Null, "there is nothing to discover");
    assert!(status["calls"].as_u64().unwrap() >= 3, "{status}");
    let stages: Vec<&str> = status["stages"].as_array().unwrap().iter().map(|s| s["stage"].as_str().unwrap()).collect();
    assert_eq!(stages.len(), 4, "{stages:?}");
}

#[test]
fn an_interval_that_the_share_cannot_bear_is_shown_stretched() {
    let place = archived();
    let toml = text(&place.path("config.toml"));
    place.write("config.toml", format!("{toml}[discover]\norganization = true\ninterval = \"1s\"\n"));
    let said = place.run(&["status"]).out;
    says(&said, &["every 1s, now stretched to", "so that the month's calls last"]);
    let said = place.run_with("RECORDING_ARCHIVER__QUOTA__CALLS_PER_MONTH", "0", &["status"]).out;
    says(&said, &["unmetered"]);
    assert!(!said.contains("stretched"), "{said}");
}

#[test]
fn where_every_stage_did_its_work_in_time_it_exits_with_0() {
    archived().run_with("RECORDING_ARCHIVER__POLL__INTERVAL", "30d", &["status"]).done();
}

#[test]
fn a_list_has_no_csv_for_what_is_no_list() {
    archived().run(&["status", "--format", "csv"]).refused(2);
}
