//! `verify`: whether a catalog is sound, in words, in JSON, and by the exit code. It changes nothing.

use serde_json::{Value, json};

use super::archived;
use crate::harness::{CREDENTIALS, Daemon, Far, Place, execute, says};

#[test]
fn a_sound_catalog_is_called_so_with_all_that_was_checked() {
    let place = archived();
    let said = place.run(&["verify"]).done();
    says(&said, &["catalog.db is valid: 3 conferences and 3 recordings", "integrity_check", "foreign_key_check"]);
    says(&said, &["- an archived conference has recordings\n"]);
    let report: Value = serde_json::from_str(&place.run(&["verify", "--format", "json"]).done()).unwrap();
    assert_eq!((&report["valid"], &report["findings"]), (&json!(true), &json!([])));
    assert_eq!((&report["conferences"], &report["recordings"]), (&json!(3), &json!(3)));
    assert_eq!(report["checks"].as_array().unwrap().len(), said.lines().count() - 2);
    assert_eq!(place.files(), ["catalog.db"]);
}

#[test]
fn what_is_wrong_is_told_a_line_each_and_the_exit_code_is_1() {
    let place = archived();
    let copy = place.write("copy.db", std::fs::read(place.catalog()).unwrap());
    execute(&copy, "PRAGMA foreign_keys = OFF; DELETE FROM recordings; UPDATE quota SET calls_per_month = -1");
    let before = std::fs::read(&copy).unwrap();
    let said = place.run(&["verify", "copy.db"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let mut lines: Vec<&str> = said.out.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "an archived conference has recordings: violated by conf-july (archived)",
            "an archived conference has recordings: violated by conf-june (archived)",
            "no count is negative: violated by quota.calls_per_month",
        ]
    );
    says(&said.err, &["error: copy.db is not valid: 2 of", "nothing was changed"]);
    let said = place.run(&["verify", "copy.db", "--format", "json"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["valid"], false);
    let findings = report["findings"].as_array().unwrap().iter();
    let mut found = findings.filter(|finding| finding["check"] == "an archived conference has recordings");
    assert_eq!(found.next().unwrap()["offenders"].as_array().unwrap().len(), 2);
    assert!(std::fs::read(&copy).unwrap() == before, "it was written to");
    place.run(&["verify"]).done();
}

#[test]
fn a_name_that_would_fool_a_terminal_is_sanitized() {
    let place = archived();
    execute(
        &place.catalog(),
        "PRAGMA foreign_keys = OFF;
         UPDATE conferences SET conference_id = char(27) || '[31m', last_active_at = NULL WHERE state = 'active'",
    );
    let said = place.run(&["verify"]);
    says(&said.out, &["an active conference has last_active_at: violated by \\u{1b}[31m (active)\n"]);
}

#[test]
fn of_a_file_in_ruins_what_can_be_read_is_told_and_no_more_than_a_screen_of_it() {
    let place = archived();
    let sound = std::fs::read(place.catalog()).unwrap();
    // Past the schema; how much of it can still be opened depends on where the damage begins.
    for begin in [4096, 4 * 4096, 10 * 4096] {
        let mut bytes = sound.clone();
        bytes[begin..].fill(0x5a);
        place.write("catalog.db", &bytes);
        let said = place.run(&["verify"]);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(!said.err.contains("panicked") && said.out.lines().count() < 300, "{said:?}");
        says(&said.err, &["catalog.db is"]);
        assert!(std::fs::read(place.catalog()).unwrap() == bytes, "it was written to");
        assert_eq!(place.files(), ["catalog.db"]);
    }
    place.write("catalog.db", &sound[..sound.len() / 2]);
    assert_eq!(place.run(&["verify"]).code, Some(1), "half of it is missing");
}

#[test]
fn what_is_no_catalog_is_refused_by_name() {
    let place = Place::with(CREDENTIALS);
    says(&place.run(&["verify"]).refused(1), &["there is no catalog at catalog.db"]);
    says(&place.run(&["verify", "absent.db"]).refused(1), &["there is no catalog at absent.db"]);
    place.write("notes.txt", "minutes of the meeting\n".repeat(100));
    says(&place.run(&["verify", "notes.txt"]).refused(1), &["notes.txt is not a SQLite database"]);
    execute(&place.path("other.db"), "CREATE TABLE conferences (id INTEGER PRIMARY KEY)");
    says(&place.run(&["verify", "other.db"]).refused(1), &["other.db is a database of another program"]);
    place.write("empty.db", "");
    says(
        &place.run(&["verify", "empty.db"]).refused(1),
        &["empty.db is older than this program", "brings it up to date"],
    );
    place.run(&["watch", "add", "607452e0xxx"]).done();
    execute(&place.catalog(), "UPDATE _sqlx_migrations SET version = version + 9998");
    says(&place.run(&["verify"]).refused(1), &["was written by a newer recording-archiver"]);
    execute(&place.catalog(), "UPDATE _sqlx_migrations SET version = version - 9999");
    says(&place.run(&["verify"]).refused(1), &["catalog.db is older than this program", "left untouched"]);
    says(&place.run(&["backup", "copy.db"]).refused(1), &["catalog.db is older than this program"]);
}

#[test]
fn it_can_be_asked_while_the_daemon_works() {
    let far = Far::with([]);
    let place = Place::with(&far.configuration("[watch]\nconferences = [\"607452e0xxx\"]\n"));
    let daemon = Daemon::start(&place);
    says(&place.run(&["verify"]).done(), &["catalog.db is valid"]);
    daemon.stop();
    says(&place.run(&["verify"]).done(), &["catalog.db is valid"]);
}
