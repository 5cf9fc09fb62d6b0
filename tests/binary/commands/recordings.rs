//! `recordings list` and `recordings show`.

use serde_json::Value;

use super::{archived, csv, objects};
use crate::harness::{Place, columns, execute, one, says, sql};

/// The mediaIds that a list with these options shows.
#[track_caller]
fn listed(place: &Place, options: &[&str]) -> Vec<String> {
    let arguments = [&["recordings", "list", "--utc", "--format", "json"], options].concat();
    let rows = objects(&place.run(&arguments).done());
    rows.iter().map(|row| row["media_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn json_is_one_array_of_rows_with_the_catalogs_columns_and_raw_values() {
    let place = archived();
    let rows = objects(&place.run(&["recordings", "list", "--format", "json"]).done());
    let mut expected = columns(&place.catalog(), "recordings");
    let query = format!("SELECT {} FROM recordings ORDER BY started_at DESC, media_id", expected.join(", "));
    let stored = sql(&place.catalog(), &query);
    assert_eq!(rows.len(), 3);
    for (row, stored) in rows.iter().zip(stored) {
        assert_eq!(row.len(), expected.len(), "{row:?}");
        for (name, stored) in expected.iter().zip(stored) {
            let printed = match &row[name] {
                Value::Null => "NULL".to_owned(),
                Value::String(text) => text.clone(),
                number => number.to_string(),
            };
            assert_eq!(printed, stored, "{name}");
        }
        assert!(row["file_size"].is_i64() && row["started_at"].is_i64(), "{row:?}");
    }
    expected.sort();
    assert!(rows.iter().all(|row| row.keys().eq(&expected)));
}

#[test]
fn csv_is_headed_with_the_catalogs_columns_and_says_the_same() {
    let place = archived();
    let (head, rows) = csv(&place.run(&["recordings", "list", "--format", "csv"]).done());
    assert_eq!(head, columns(&place.catalog(), "recordings"));
    let stored = sql(&place.catalog(), "SELECT * FROM recordings ORDER BY started_at DESC, media_id");
    assert_eq!(rows.len(), stored.len());
    for (row, stored) in rows.iter().zip(&stored) {
        assert!(row.iter().eq(stored.iter().map(|cell| if cell == "NULL" { "" } else { cell })), "{row:?}, {stored:?}");
    }
}

#[test]
fn a_list_without_rows_is_still_a_list() {
    let place = archived();
    let empty = |format| place.run(&["recordings", "list", "--search", "nowhere", "--format", format]).done();
    assert_eq!(empty("json"), "[]\n");
    let (head, rows) = csv(&empty("csv"));
    assert_eq!((head, rows.len()), (columns(&place.catalog(), "recordings"), 0));
    assert_eq!(empty("table"), "no recordings match\n");
}

#[test]
fn the_table_is_for_people() {
    let place = archived();
    let said = place.run(&["recordings", "list", "--utc"]).done();
    says(&said, &["Planning 会议", "2024-06-01 09:00", "01:00:00", "65.23 MiB", "standard", "composed"]);
    assert!(said.find("2024-07-01") < said.find("2024-06-01"), "the latest comes first: {said}");
}

#[test]
fn a_table_shows_a_hundred_rows_and_says_how_many_more_there_are() {
    let place = archived();
    let many = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 200)
                INSERT INTO recordings (conference_id, media_id, region_id, raw, first_seen_at, last_changed_at)
                SELECT 'conf-june', 'many-' || n, 'eu-' || (n % 2), '{}', n, n FROM n";
    execute(&place.catalog(), many);
    let table = |options: &[&str]| place.run(&[&["recordings", "list"], options].concat()).done();
    let shown = |table: &str| table.matches("conf-june").count() + table.matches("conf-july").count();
    let cases: [(&[&str], usize, &str); 6] = [
        (&[], 100, "… and 103 more\n"),
        (&["--conference", "conf-june"], 100, "… and 102 more\n"),
        (&["--region", "eu-1", "--limit", "90"], 90, "… and 10 more\n"),
        (&["--region", "eu-1"], 100, "\n"),
        (&["--limit", "0"], 0, "… and 203 more\n"),
        (&["--limit", "1000"], 203, "\n"),
    ];
    for (options, rows, end) in cases {
        let table = table(options);
        // The mediaIds of the meetings' own videos have the conferenceIds in them.
        let own = table.matches("media-conf-").count();
        assert_eq!(shown(&table) - own, rows, "{options:?}: {table}");
        assert!(table.ends_with(end) && table.contains(" more\n") == end.contains("more"), "{options:?}: {table}");
    }
    assert_eq!(listed(&place, &[]).len(), 203, "programs get everything");
    assert_eq!(listed(&place, &["--limit", "2"]), ["media-conf-july-0", "media-conf-june-0"]);
    let (_, rows) = csv(&place.run(&["recordings", "list", "--format", "csv", "--limit", "2"]).done());
    assert_eq!(rows.len(), 2);
    for list in [["conferences", "list"], ["watch", "list"]] {
        execute(&place.catalog(), "UPDATE conferences SET state = 'ended', closed_at = NULL, discovered_by = 'cli'");
        says(&place.run(&[list.as_slice(), &["--limit", "1"]].concat()).done(), &["\n… and 2 more\n"]);
        says(&place.run(&["conferences", "list", "--state", "ended", "--limit", "1"]).done(), &["\n… and 2 more\n"]);
    }
}

#[test]
fn a_list_is_narrowed_by_day_instant_conference_region_and_text() {
    let place = archived();
    let (june, july) = (["media-conf-june-0", "media-conf-june-1"], ["media-conf-july-0"]);
    let all = [july.as_slice(), &june].concat();
    assert_eq!(listed(&place, &[]), all);
    let cases: [(&[&str], &[&str]); 14] = [
        (&["--since", "2024-06-01"], &all),
        (&["--since", "2024-06-01T09:00:00Z"], &all),
        (&["--since", "2024-06-01T09:00:01Z"], &july),
        (&["--since", "2024-06-02"], &july),
        (&["--until", "2024-06-01"], &june),
        (&["--until", "2024-06-01T09:00:00Z"], &[]),
        (&["--until", "2024-05-31"], &[]),
        (&["--since", "2024-06-15", "--until", "2024-06-30"], &[]),
        (&["--conference", "conf-june"], &june),
        (&["--conference", "conf"], &[]),
        (&["--region", "ap-singapore"], &july),
        (&["--search", "planning"], &june),
        (&["--search", "WFBkgxxxOWNER"], &june),
        (&["--search", "100200300", "--region", "ap-singapore"], &july),
    ];
    for (options, expected) in cases {
        assert_eq!(listed(&place, options), expected, "{options:?}");
    }
    assert_eq!(listed(&place, &["--search", "%"]), [""; 0], "text is text, not a pattern");
}

#[test]
fn a_day_that_is_none_is_a_usage_error() {
    let place = archived();
    for day in ["tomorrow", "2024-13-01", "2024-06-01 09:00"] {
        let said = place.run(&["recordings", "list", "--since", day]).refused(2);
        says(&said, &["--since", day, "2026-06-01"]);
    }
}

#[test]
fn show_says_everything_about_one_recording_and_what_it_said_before() {
    let place = archived();
    let said = place.run(&["recordings", "show", "media-conf-june-0"]).done();
    says(&said, &["Planning 会议", "record-conf-june", "WFBkgxxxowner", "01:00:00", "cn-shenzhen", "\"mediaId\""]);
    assert!(!said.contains("earlier version"));

    let said = place.run(&["recordings", "show", "media-conf-june-0", "--format", "json"]).done();
    let mut shown: serde_json::Map<String, Value> = serde_json::from_str(&said).unwrap();
    assert_eq!(shown.remove("revisions"), Some(Value::Array(Vec::new())));
    let mut expected = columns(&place.catalog(), "recordings");
    expected.sort();
    assert!(shown.keys().eq(&expected), "{shown:?}");
    let raw = one(&place.catalog(), "SELECT raw FROM recordings WHERE media_id = 'media-conf-june-0'");
    assert_eq!(shown["raw"], Value::String(raw));
}

#[test]
fn an_unknown_media_id_is_refused_by_name() {
    says(&archived().run(&["recordings", "show", "media-nowhere"]).refused(1), &["media-nowhere"]);
}
