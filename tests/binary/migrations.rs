//! The catalog as the binary makes it: what any other tool finds in the file.

use crate::harness::{Place, column, columns, one, sql};

const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'
                      AND name NOT LIKE 'sqlite%' ORDER BY name";

fn fresh() -> Place {
    let place = Place::with("");
    place.run(&["watch", "add", "607452e0xxx"]).done();
    place
}

#[test]
fn the_pinned_tables_are_strict_and_have_the_pinned_columns() {
    let place = fresh();
    let catalog = place.catalog();
    let pinned = [
        (
            "conferences",
            "conference_id title room_code schedule_conference_id biz_type creator_union_id creator_nick started_at \
             ended_at duration_ms state record_status record_owner_union_id union_id_hint discovered_by discovered_at \
             last_active_at attempts next_attempt_at last_error_code last_error_message last_error_at closed_at",
        ),
        (
            "recordings",
            "conference_id media_id record_id recorder_union_id record_type started_at ended_at duration_ms file_size \
             region_id raw first_seen_at last_changed_at missing_since",
        ),
        ("api_calls", "day endpoint outcome calls"),
    ];
    for (table, expected) in pinned {
        assert_eq!(columns(&catalog, table).join(" "), expected, "{table}");
    }
    let tables = column(&catalog, TABLES);
    for table in ["conferences", "recordings", "recording_revisions", "api_calls", "job_runs"] {
        assert!(tables.iter().any(|name| name == table), "{table} is not in {tables:?}");
    }
    let strict = "SELECT name FROM pragma_table_list WHERE strict AND schema = 'main' ORDER BY name";
    assert_eq!(column(&catalog, strict), tables);
}

#[test]
fn the_schema_is_the_manual_every_column_has_a_comment() {
    let place = fresh();
    let catalog = place.catalog();
    let mut silent = Vec::new();
    for table in column(&catalog, TABLES) {
        let schema = one(&catalog, &format!("SELECT sql FROM sqlite_schema WHERE name = '{table}'"));
        let lines: Vec<&str> = schema.lines().map(str::trim_start).collect();
        let names = columns(&catalog, &table);
        let is_of = |name: &str, line: &str| line.starts_with(name) && line[name.len()..].starts_with(' ');
        for name in &names {
            let begin = lines.iter().position(|line| is_of(name, line)).expect("each column has a line");
            // A comment too long for its line goes on below it, as far as the next column.
            let below = lines[begin + 1..].iter().take_while(|line| !names.iter().any(|name| is_of(name, line)));
            if !lines[begin..=begin].iter().chain(below).any(|line| line.contains("-- ")) {
                silent.push(format!("{table}.{name}"));
            }
        }
    }
    assert!(silent.is_empty(), "no comment says what these are: {silent:?}");
}

#[test]
fn the_file_says_whose_it_is_and_is_sound() {
    let place = fresh();
    let catalog = place.catalog();
    assert_eq!(one(&catalog, "PRAGMA application_id"), 0x5265_4172.to_string());
    assert_eq!(one(&catalog, "PRAGMA integrity_check"), "ok");
    assert!(sql(&catalog, "PRAGMA foreign_key_check").is_empty());
    let keys = column(&catalog, "SELECT \"table\" FROM pragma_foreign_key_list('recordings')");
    assert_eq!(keys, ["conferences"]);
    assert_eq!(one(&catalog, "PRAGMA journal_mode"), "delete", "at rest it is one file");
}

#[test]
fn the_views_for_people_answer() {
    let place = fresh();
    let catalog = place.catalog();
    assert!(sql(&catalog, "SELECT * FROM recording_catalog").is_empty());
    let backlog = sql(&catalog, "SELECT conference_id, state, why FROM conference_backlog");
    assert_eq!(backlog, [["607452e0xxx", "waiting", "has not started, as far as is known"]]);
    assert_eq!(sql(&catalog, "SELECT * FROM api_usage").len(), 1);
}
