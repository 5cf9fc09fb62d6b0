//! `demo`: a simulated working week, archived for real.

use serde_json::Value;

use crate::harness::{CREDENTIALS, Daemon, Place, column, execute, number, one, says};

const KEYS: [&str; 8] =
    ["calls", "calls_naive", "meetings", "pushes", "recordings_archived", "recordings_expected", "seconds", "unseen"];

#[test]
fn a_day_is_archived_whole_and_summed_up() {
    let place = Place::with("nonsense: the demo reads no configuration");
    let arguments = ["demo", "--days", "1", "--meetings", "20", "--catalog", "X.db", "--format", "json"];
    let summary: serde_json::Map<String, Value> = serde_json::from_str(&place.run(&arguments).done()).unwrap();
    assert!(summary.keys().eq(KEYS), "{summary:?}");
    assert_eq!(summary["meetings"], 20);
    assert_eq!(summary["recordings_archived"], summary["recordings_expected"]);
    let catalog = place.path("X.db");
    assert_eq!(summary["recordings_expected"], number(&catalog, "SELECT count(*) FROM recordings"));
    let open = "SELECT conference_id FROM conferences WHERE state NOT IN ('archived', 'unrecorded', 'failed')";
    assert!(column(&catalog, open).is_empty());
    let known = number(&catalog, "SELECT count(*) FROM conferences");
    assert_eq!(summary["unseen"], 20 - known);
    assert_eq!(summary["calls"], number(&catalog, "SELECT sum(calls) FROM api_calls"));
    assert!(summary["calls"].as_i64() < summary["calls_naive"].as_i64(), "{summary:?}");
    assert_eq!(one(&catalog, "PRAGMA integrity_check"), "ok");
    assert_eq!(place.files(), ["X.db"]);
}

#[test]
fn the_summary_is_for_people_unless_a_program_asks() {
    let place = Place::with("");
    let said = place.run(&["demo", "--days", "1", "--meetings", "5"]).done();
    says(&said, &["5 meetings took place", "the catalog says what the simulator knows", "demo.db", "sqlite3 demo.db"]);
    // Its own file it writes anew.
    place.run(&["demo", "--days", "1", "--meetings", "1"]).done();
    assert_eq!(place.files(), ["demo.db"]);
}

#[test]
fn a_file_that_is_there_is_refused_and_untouched() {
    let place = Place::with("");
    let file = place.write("catalog.db", "mine");
    let said = place.run(&["demo", "--days", "1", "--meetings", "1", "--catalog", "catalog.db"]).refused(1);
    says(&said, &["catalog.db exists", "name another file"]);
    assert_eq!(std::fs::read(file).unwrap(), b"mine");
    assert_eq!(place.files(), ["catalog.db"]);
}

#[test]
fn a_demo_db_that_no_demo_made_is_refused_and_untouched() {
    let arguments = ["demo", "--days", "1", "--meetings", "1"];
    let refused = |place: &Place, what: &str| {
        let before = std::fs::read(place.path("demo.db")).unwrap();
        let said = place.run(&arguments).refused(1);
        says(&said, &["demo.db is not known to be a demo's", "--catalog"]);
        assert!(std::fs::read(place.path("demo.db")).unwrap() == before, "{what}");
    };
    let place = Place::with(CREDENTIALS);
    place.write("demo.db", "minutes of the meeting");
    refused(&place, "a text");
    place.write("demo.db", "");
    refused(&place, "an empty file");

    let place = Place::with(CREDENTIALS);
    execute(&place.path("demo.db"), "CREATE TABLE song (title TEXT); INSERT INTO song VALUES ('Ode')");
    refused(&place, "a database of another program");

    let place = Place::with(&format!("{CREDENTIALS}[catalog]\npath = \"demo.db\"\n"));
    place.run(&["watch", "add", "607452e0xxx"]).done();
    refused(&place, "a catalog in use");

    let place = Place::with(&format!("{CREDENTIALS}[catalog]\npath = \"demo.db\"\n"));
    place.run(&arguments).done();
    let daemon = Daemon::start(&place);
    refused(&place, "a demo that a daemon works on");
    daemon.stop();
    place.run(&arguments).done();

    std::fs::rename(place.path("demo.db"), place.path("kept.db")).unwrap();
    std::os::unix::fs::symlink("kept.db", place.path("demo.db")).unwrap();
    refused(&place, "a link");
    assert!(place.path("demo.db").is_symlink());
}
