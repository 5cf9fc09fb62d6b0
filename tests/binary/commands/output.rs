//! What every command has in common: what a terminal may be sent, what a program gets, and who listens.

use std::fs::File;
use std::process::{Output, Stdio};

use std::time::Duration;

use recording_archiver::simulator::Meeting;

use super::{HOUR, JULY, WILD, archived, csv, objects};
use crate::harness::{Far, Place, Said, execute, one, says};

#[test]
fn what_would_fool_a_terminal_is_sanitized_for_people_and_raw_for_programs() {
    let place = archived();
    let tables: [&[&str]; 4] = [
        &["recordings", "list"],
        &["recordings", "show", "media-conf-july-0"],
        &["conferences", "list"],
        &["conferences", "show", "conf-july"],
    ];
    for table in tables {
        let said = place.run(table).done();
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
        says(&said, &["\\u{1b}[31mAlarm\\u{202e}gpj"]);
    }
    let rows = objects(&place.run(&["conferences", "list", "--format", "json"]).done());
    assert!(rows.iter().any(|row| row["title"] == WILD), "{rows:?}");
    says(&place.run(&["conferences", "list", "--format", "csv"]).done(), &[WILD]);
    let json = place.run(&["conferences", "list", "--format", "json"]).done();
    assert!(!json.contains(['\u{1b}', '\u{202e}']), "escaped as JSON escapes: {json}");
    assert_eq!(one(&place.catalog(), "SELECT title FROM conferences WHERE conference_id = 'conf-july'"), WILD);
}

#[test]
fn what_a_spreadsheet_would_run_is_text_in_csv_and_a_number_stays_a_number() {
    let place = archived();
    let formulas = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "  =1", "\t=1", "＝1", "\u{feff}=1"];
    for formula in formulas {
        execute(&place.catalog(), &format!("UPDATE conferences SET title = '{formula}', duration_ms = -5"));
        let (head, rows) = csv(&place.run(&["conferences", "list", "--format", "csv"]).done());
        let at = |name: &str| head.iter().position(|column| column == name).unwrap();
        assert_eq!(&rows[0][at("title")], format!("'{formula}"));
        assert_eq!(&rows[0][at("duration_ms")], "-5");
        let json = objects(&place.run(&["conferences", "list", "--format", "json"]).done());
        assert_eq!(json[0]["title"], formula);
    }
}

#[test]
fn a_title_without_end_floods_no_table_and_is_whole_for_programs() {
    let place = archived();
    execute(&place.catalog(), "UPDATE conferences SET title = replace(hex(zeroblob(5000000)), '00', 'é')");
    for table in [["recordings", "list"], ["conferences", "list"]] {
        let said = place.run(&table).done();
        assert!(said.len() < 100_000 && said.contains("é…"), "{} bytes", said.len());
    }
    let json = objects(&place.run(&["conferences", "list", "--format", "json"]).done());
    assert_eq!(json[0]["title"].as_str().unwrap().len(), 10_000_000);
}

#[test]
fn what_would_fool_a_terminal_is_sanitized_in_the_log() {
    let far = Far::with([Meeting::sample("conf-july", JULY, JULY + HOUR).titled(WILD).recorded(Duration::ZERO)]);
    let place = Place::with(&far.configuration(""));
    place.run(&["watch", "add", "conf-july"]).done();
    let said = place.run(&["once"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    says(&said.err, &["conference conf-july is archived: the list changed: 1 new", "Alarm"]);
    assert!(!said.err.contains(['\u{1b}', '\u{202e}']), "{said:?}");
}

#[test]
fn an_error_that_repeats_what_was_typed_is_sanitized() {
    let said = archived().run(&["recordings", "show", WILD]).refused(1);
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let place = archived();
    for format in ["table", "json", "csv"] {
        for list in ["recordings", "conferences"] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let output = print_to(&place, &[list, "list", "--format", format], writer);
            assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()), "{list} {format}");
        }
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(print_to(&place, &["--help"], writer.try_clone().unwrap()).status.code(), Some(0));
    for format in ["json", "csv"] {
        let output = print_to(&place, &["recordings", "export", "--format", format], writer.try_clone().unwrap());
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()), "export {format}");
    }
}

#[test]
fn a_result_that_could_not_be_written_is_a_failure() {
    // A device that is always full; not every system has one.
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        eprintln!("skipped: there is no /dev/full");
        return;
    };
    let place = archived();
    for format in ["table", "json", "csv"] {
        let output = print_to(&place, &["recordings", "list", "--format", format], full.try_clone().unwrap());
        assert_eq!(output.status.code(), Some(1), "{format}: {output:?}");
        says(&String::from_utf8(output.stderr).unwrap(), &["error: "]);
    }
    assert_eq!(print_to(&place, &["recordings", "export"], full).status.code(), Some(1));
}

fn print_to(place: &Place, arguments: &[&str], stdout: impl Into<Stdio>) -> Output {
    let mut command = place.std_command(arguments);
    command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn nothing_is_coloured_where_nobody_sees_colours() {
    let place = archived();
    for no_color in ["", "1"] {
        let said = place.run_with("NO_COLOR", no_color, &["status"]);
        assert!(!said.out.contains('\u{1b}') && !said.err.contains('\u{1b}'), "{said:?}");
        let said = Said::of(place.command(&["status"]).env("NO_COLOR", no_color).env("RUST_LOG", "trace"));
        assert!(!said.err.is_empty() && !said.err.contains('\u{1b}'), "{said:?}");
        let said = place.run_with("NO_COLOR", no_color, &["once", "--help"]);
        assert!(!said.out.contains('\u{1b}') && !said.err.contains('\u{1b}'), "{said:?}");
    }
}

#[test]
fn what_is_no_command_is_a_usage_error() {
    let place = archived();
    let wrong: [&[&str]; 9] = [
        &[],
        &["archive"],
        &["run", "--fast"],
        &["watch"],
        &["recordings", "list", "--format", "xml"],
        &["recordings", "show"],
        &["conferences", "retry"],
        &["simulate", "--listen", "192.0.2.1:8088"],
        &["demo", "--days", "0"],
    ];
    for arguments in wrong {
        says(&place.run(arguments).refused(2), &["--help"]);
    }
}

#[test]
fn help_and_version_are_results() {
    let place = Place::with("nonsense");
    says(&place.run(&["--help"]).done(), &["run", "once", "check-config", "demo", "--config"]);
    says(&place.run(&["--version"]).done(), &[env!("CARGO_PKG_VERSION")]);
    says(&place.run(&["watch", "import", "--help"]).done(), &["ID,UNION_ID"]);
}
