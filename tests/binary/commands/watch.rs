//! `watch add`, `import`, `list` and `remove`.

use super::{archived, csv, objects};
use crate::harness::{CREDENTIALS, Daemon, Place, Said, column, columns, eventually, execute, number, says, sql};

const WATCHED: &str = "SELECT conference_id, union_id_hint, state, discovered_by FROM conferences ORDER BY 1";

#[test]
fn what_is_added_waits_to_be_looked_at() {
    let place = Place::with("");
    let said = place.run(&["watch", "add", "607452e0xxx", "61289f392xxx", "--union-id", "WFBkgxxx"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), "2 added, 0 known already\n"));
    place.run(&["watch", "add", "7_another"]).done();
    let rows = sql(&place.catalog(), WATCHED);
    assert_eq!(rows[0], ["607452e0xxx", "WFBkgxxx", "waiting", "cli"]);
    assert_eq!(rows[1], ["61289f392xxx", "WFBkgxxx", "waiting", "cli"]);
    assert_eq!(rows[2], ["7_another", "NULL", "waiting", "cli"]);
    let said = place.run(&["watch", "add", "607452e0xxx", "8_another"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), "1 added, 1 known already\n"));
    assert_eq!(place.files(), ["catalog.db"], "a command leaves one file");
}

#[test]
fn an_id_that_cannot_be_one_is_a_usage_error_and_nothing_is_taken() {
    let place = Place::with("");
    for bad in ["", "a b", "..", "a\u{7}b", &"x".repeat(2_000)] {
        let said = place.run(&["watch", "add", "607452e0xxx", bad]).refused(2);
        assert!(!said.contains('\u{7}'), "{said:?}");
        place.run(&["conferences", "show", "--live", bad]).refused(2);
    }
    place.run(&["watch", "add", "607452e0xxx", "--union-id", &"x".repeat(2_000)]).refused(2);
    assert!(place.files().is_empty(), "{:?}", place.files());
    place.run(&["watch", "add"]).refused(2);
}

#[test]
fn a_file_is_imported_with_or_without_union_ids_a_head_comments_and_windows_line_ends() {
    let place = Place::with("");
    let list = "\u{feff}conference_id,union_id\r\n# last week\r\n607452e0xxx\r\n\r\n 61289f392xxx , WFBkgxxx \r\n";
    place.write("meetings.csv", list);
    place.run(&["watch", "import", "meetings.csv"]).done();
    let rows = sql(&place.catalog(), WATCHED);
    assert_eq!(rows, [["607452e0xxx", "NULL", "waiting", "cli"], ["61289f392xxx", "WFBkgxxx", "waiting", "cli"]]);
}

#[test]
fn a_dash_is_standard_input() {
    let place = Place::with("");
    Said::of(place.command(&["watch", "import", "-"]).write_stdin("607452e0xxx\n61289f392xxx\n")).done();
    assert_eq!(column(&place.catalog(), WATCHED), ["607452e0xxx", "61289f392xxx"]);
    let said = Said::of(place.command(&["watch", "import", "-"]).write_stdin("7_good\na b\n")).refused(1);
    says(&said, &["standard input", "line 2"]);
    assert_eq!(column(&place.catalog(), WATCHED), ["607452e0xxx", "61289f392xxx"]);
}

#[test]
fn every_bad_line_of_an_import_is_named_with_its_number_and_nothing_is_taken() {
    let place = Place::with("");
    // 1 good, 2 a comment, 3 empty, 4 bad, 5 good, 6 too many fields, 7 a stray quote, 8 bad, 9 no UTF-8, 10 bad unionId
    let mut list = b"607452e0xxx\n# last week\n\na b\n61289f392xxx,WFBkgxxx\n1,2,3\n\"7_stray\n..\n".to_vec();
    list.extend(b"\xff\xfe\n9_good,W FB\n10_good\n");
    place.write("meetings.csv", list);
    let said = place.run(&["watch", "import", "meetings.csv"]).refused(1);
    says(&said, &["meetings.csv", "nothing was imported", "ID,UNION_ID"]);
    let named: Vec<u32> =
        said.lines().filter_map(|line| line.trim().strip_prefix("line ")?.split_once(':')?.0.parse().ok()).collect();
    assert_eq!(named, [4, 6, 7, 8, 9, 10], "{said}");
    assert_eq!(place.files(), ["meetings.csv"]);
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_nothing_is_made() {
    let place = Place::with("");
    for file in ["absent.csv", "."] {
        says(&place.run(&["watch", "import", file]).refused(1), &["cannot read", file]);
    }
    assert!(place.files().is_empty(), "{:?}", place.files());
}

#[test]
fn an_import_without_end_is_refused_and_a_pipe_is_read() {
    let place = Place::with("");
    says(
        &place.run(&["watch", "import", "/dev/zero"]).refused(1),
        &["/dev/zero", "nothing was imported", "longer than"],
    );
    assert!(place.files().is_empty(), "{:?}", place.files());
    let odd = "607452e0xxx\0\n\u{202e}61289\n".repeat(30);
    let said = Said::of(place.command(&["watch", "import", "/dev/stdin"]).write_stdin(odd)).refused(1);
    says(&said, &["line 1:", "and 10 more"]);
    Said::of(place.command(&["watch", "import", "/dev/stdin"]).write_stdin("a\r\na\r\nb\r\na,WFBkgxxx")).done();
    let rows = sql(&place.catalog(), "SELECT conference_id, union_id_hint FROM conferences ORDER BY 1");
    assert_eq!(rows, [["a", "WFBkgxxx"], ["b", "NULL"]]);
}

/// A list of so many conferences.
fn many(conferences: usize) -> String {
    (0..conferences).map(|n| format!("conf-{n:05}")).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_import_that_breaks_off_keeps_what_was_written_and_repeating_it_does_the_rest() {
    let place = Place::with("");
    place.run(&["watch", "add", "conf-00000"]).done();
    execute(
        &place.catalog(),
        "CREATE TRIGGER breaks BEFORE INSERT ON conferences WHEN NEW.conference_id = 'conf-09000'
         BEGIN SELECT RAISE(ABORT, 'no more'); END",
    );
    place.write("meetings.csv", many(10_000));
    let said = place.run(&["watch", "import", "meetings.csv"]).refused(1);
    says(&said, &["8000 of 10000 conferences are on watch", "repeat the command", "no more"]);
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM conferences"), 8_000);

    execute(&place.catalog(), "DROP TRIGGER breaks");
    let said = place.run(&["watch", "import", "meetings.csv"]);
    says(&said.err, &["2000 added, 8000 known already"]);
    said.done();
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM conference_events"), 10_000, "one entry each");
}

#[test]
fn whoever_waits_for_the_lock_gets_its_turn_in_the_middle_of_an_import() {
    const ALL: i64 = 20_000;
    let place = Place::with("");
    place.run(&["watch", "add", "conf-00000"]).done();
    place.write("meetings.csv", many(20_000));
    let _import = Daemon::spawn(&place, place.std_command(&["watch", "import", "meetings.csv"]));
    let known = eventually("a transaction begins after the import has", || {
        execute(&place.catalog(), "BEGIN IMMEDIATE; UPDATE quota SET calls_per_month = 1; COMMIT");
        Some(number(&place.catalog(), "SELECT count(*) FROM conferences")).filter(|known| *known > 1)
    });
    assert!(known < ALL, "all {known} were written before anybody else could write");
    eventually("the import is done", || {
        (number(&place.catalog(), "SELECT count(*) FROM conferences") == ALL).then_some(())
    });
}

#[test]
fn the_list_shows_what_was_put_on_watch_and_is_open() {
    let place = archived();
    let rows = objects(&place.run(&["watch", "list", "--format", "json"]).done());
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["conference_id"], "conf-open");
    let (head, rows) = csv(&place.run(&["watch", "list", "--format", "csv"]).done());
    assert_eq!((head, rows.len()), (columns(&place.catalog(), "conferences"), 1));
    let said = place.run(&["watch", "list"]).done();
    says(&said, &["conf-open", "active"]);
    assert!(!said.contains("conf-june"), "{said}");
}

#[test]
fn what_is_open_can_be_taken_off_and_what_was_recorded_stays() {
    let place = archived();
    for kept in ["conf-june", "conf-nowhere"] {
        let said = place.run(&["watch", "remove", "conf-open", kept]).refused(1);
        says(&said, &["nothing was removed", kept]);
        assert!(!said.contains("conf-open"), "{said}");
    }
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM conferences"), 3);
    place.run(&["watch", "remove", "conf-open"]).done();
    assert_eq!(
        column(&place.catalog(), "SELECT conference_id FROM conferences ORDER BY 1"),
        ["conf-july", "conf-june"]
    );
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM recordings"), 3);
}

#[test]
fn a_list_without_a_catalog_says_so_and_makes_none() {
    let place = Place::with(CREDENTIALS);
    let lists: [&[&str]; 5] = [
        &["watch", "list"],
        &["recordings", "list"],
        &["recordings", "show", "media-xxx"],
        &["conferences", "list", "--format", "json"],
        &["status"],
    ];
    for command in lists {
        says(&place.run(command).refused(1), &["there is no catalog at catalog.db", "catalog.path"]);
    }
    assert!(place.files().is_empty(), "{:?}", place.files());
}
