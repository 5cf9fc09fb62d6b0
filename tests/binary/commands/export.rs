//! `recordings export`: what people open in Excel.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Command;

use super::{WILD, archived, csv, objects};
use crate::harness::{BINARY, CONFIG, Daemon, Place, Said, columns, eventually, execute, number, says, sql, text};

/// What the command says in China.
fn export(place: &Place, options: &[&str]) -> Said {
    place.run_with("TZ", "CST-8", &[&["recordings", "export"], options].concat())
}

/// The head and the rows of an export, without what only Excel wants.
#[track_caller]
fn sheet(text: &str) -> (Vec<String>, Vec<csv::StringRecord>) {
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark, or Excel takes Chinese for something else");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
    csv(text)
}

/// The cells of a column.
fn cells(text: &str, name: &str) -> Vec<String> {
    let (head, rows) = sheet(text);
    let at = head.iter().position(|column| column == name).unwrap();
    rows.iter().map(|row| row[at].to_owned()).collect()
}

#[test]
fn it_is_the_view_for_people_with_times_of_the_local_zone() {
    let place = archived();
    let said = export(&place, &[]).done();
    let (head, rows) = sheet(&said);
    assert_eq!(head, columns(&place.catalog(), "recording_catalog"));
    let view = sql(&place.catalog(), "SELECT * FROM recording_catalog ORDER BY started DESC, media_id");
    assert_eq!(rows.len(), 3);
    for (row, stored) in rows.iter().zip(&view) {
        for ((name, cell), stored) in head.iter().zip(row).zip(stored) {
            if !["started", "first_seen", "missing_since"].contains(&name.as_str()) {
                assert_eq!(cell, stored, "{name}");
            }
        }
    }
    assert_eq!(cells(&said, "started")[0], "2024-07-01T17:00:00+08:00");
    assert!(cells(&said, "first_seen").iter().all(|seen| seen.ends_with("+08:00")));
    assert_eq!(cells(&said, "missing_since"), [""; 3]);
    assert_eq!(cells(&said, "creator"), ["Colleague 1"; 3]);
    assert_eq!(cells(&export(&place, &["--utc"]).done(), "started")[0], "2024-07-01T09:00:00Z");
}

#[test]
fn json_is_one_array_that_says_the_same() {
    let place = archived();
    let rows = objects(&export(&place, &["--format", "json"]).done());
    let mut expected = columns(&place.catalog(), "recording_catalog");
    expected.sort();
    assert!(rows.len() == 3 && rows.iter().all(|row| row.keys().eq(&expected)), "{rows:?}");
    assert_eq!(rows[0]["title"], WILD);
    assert_eq!(rows[0]["started"], "2024-07-01T17:00:00+08:00");
    assert_eq!(rows[0]["missing_since"], serde_json::Value::Null);
    assert!(rows[0]["size_mib"].is_f64() && rows[0]["duration"] == "01:00:00", "{rows:?}");
    assert_eq!(export(&place, &["--format", "json", "--until", "2020-01-01"]).done(), "[]\n");
}

#[test]
fn nothing_is_run_rounded_or_taken_for_a_date_by_excel() {
    let place = archived();
    let texts =
        ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "-1+1", "290882268001172033231", "2026-06-01", "1e5"];
    for text in texts {
        execute(&place.catalog(), &format!("UPDATE conferences SET title = '{text}', creator_nick = '{text}'"));
        execute(&place.catalog(), "UPDATE recordings SET record_id = '290882268001172033231'");
        let said = export(&place, &[]).done();
        assert_eq!(cells(&said, "title")[0], format!("'{text}"));
        assert_eq!(cells(&said, "creator")[0], format!("'{text}"));
        assert_eq!(cells(&said, "record_id")[0], "'290882268001172033231");
        assert!(cells(&said, "size_mib")[0].parse::<f64>().is_ok(), "a size is a number: {said}");
        assert_eq!(objects(&export(&place, &["--format", "json"]).done())[0]["title"], text);
    }
}

#[test]
fn it_is_narrowed_by_days_of_the_local_zone() {
    let place = archived();
    // Seven in the evening of 31 May, UTC, is 1 June in China.
    execute(&place.catalog(), "UPDATE recordings SET started_at = 1717182000000 WHERE media_id = 'media-conf-june-0'");
    let exported = |options: &[&str]| cells(&export(&place, options).done(), "media_id");
    let (june, july) = (["media-conf-june-1", "media-conf-june-0"], ["media-conf-july-0"]);
    assert_eq!(exported(&["--since", "2024-06-01", "--until", "2024-06-01"]), june);
    assert_eq!(exported(&["--since", "2024-06-01", "--until", "2024-06-01", "--utc"]), june[..1]);
    assert_eq!(exported(&["--since", "2024-06-02"]), july);
    says(&export(&place, &["--since", "tomorrow"]).refused(2), &["--since"]);
}

#[test]
fn a_file_is_replaced_when_the_new_one_is_complete_and_a_link_still_leads_to_it() {
    let place = archived();
    assert_eq!(export(&place, &["a.csv"]).done(), "a.csv: 3 recordings\n");
    assert_eq!(text(&place.path("a.csv")), export(&place, &[]).done());
    fs::set_permissions(place.path("a.csv"), Permissions::from_mode(0o600)).unwrap();
    symlink("a.csv", place.path("link.csv")).unwrap();
    assert_eq!(export(&place, &["link.csv", "--since", "2024-07-01"]).done(), "link.csv: 1 recordings\n");
    assert_eq!(cells(&text(&place.path("a.csv")), "media_id"), ["media-conf-july-0"]);
    assert_eq!(place.path("a.csv").metadata().unwrap().mode() & 0o777, 0o600, "no easier to read than it was");
    assert!(place.path("link.csv").is_symlink());
    assert_eq!(place.files(), ["a.csv", "catalog.db", "link.csv"]);
}

#[test]
fn what_is_no_file_for_results_is_refused_and_left_as_it_was() {
    let place = archived();
    fs::create_dir(place.path("folder")).unwrap();
    symlink("catalog.db", place.path("link.db")).unwrap();
    let before = fs::read(place.catalog()).unwrap();
    for (name, why) in [
        ("folder", "is not a file"),
        ("/dev/null", "is not a file"),
        ("catalog.db", "belongs to the catalog"),
        ("link.db", "belongs to the catalog"),
        ("catalog.db-wal", "belongs to the catalog"),
        ("absent/a.csv", "could not be written"),
        ("config.toml/a.csv", "could not be looked at"),
    ] {
        says(&export(&place, &[name]).refused(1), &[name, why]);
    }
    assert!(fs::read(place.catalog()).unwrap() == before);
    assert_eq!(place.files(), ["catalog.db", "folder", "link.db"]);
    says(&Place::with("").run(&["recordings", "export", "a.csv"]).refused(1), &["there is no catalog at catalog.db"]);
}

/// Enough to be written for a while.
fn with_many(place: &Place) {
    let many = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)
                INSERT INTO recordings (conference_id, media_id, raw, first_seen_at, last_changed_at)
                SELECT 'conf-june', 'many-' || n, '{}', n, n FROM n";
    execute(&place.catalog(), many);
}

#[test]
fn where_there_is_no_room_the_file_before_is_left() {
    let place = archived();
    with_many(&place);
    place.write("a.csv", "the one before");
    // To whoever writes, a file that may not grow is what a full disk is.
    let script = format!("trap '' XFSZ; ulimit -f 64; exec '{BINARY}' recordings export a.csv");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(place.path("")).env_clear().env(CONFIG, place.path("config.toml"));
    let said = Said::of(&mut assert_cmd::Command::from_std(shell)).refused(1);
    says(&said, &["a.csv could not be written; nothing was changed there"]);
    assert_eq!(text(&place.path("a.csv")), "the one before");
    assert_eq!(place.files(), ["a.csv", "catalog.db"]);
}

#[test]
fn one_that_is_stopped_leaves_the_file_before_and_nothing_beside_it() {
    let place = archived();
    with_many(&place);
    let rows = number(&place.catalog(), "SELECT count(*) FROM recordings");
    place.write("a.csv", "the one before");
    let mut signals = vec!["INT", "TERM"];
    while let Some(signal) = signals.last() {
        let mut export = Daemon::spawn(&place, place.std_command(&["recordings", "export", "a.csv"]));
        let is_unfinished = |name: &String| name.ends_with(".unfinished");
        eventually("it is under way", || place.files().iter().any(is_unfinished).then_some(()));
        export.signal(signal);
        if export.ended().success() {
            // It was done before the signal came, which proves nothing but that it was complete.
            assert_eq!(i64::try_from(cells(&text(&place.path("a.csv")), "title").len()), Ok(rows));
            place.write("a.csv", "the one before");
            continue;
        }
        signals.pop();
        says(&export.said(), &["stopped before the file was complete; the unfinished file was removed"]);
        assert_eq!(text(&place.path("a.csv")), "the one before");
        assert!(!place.files().iter().any(is_unfinished), "{:?}", place.files());
    }
}
