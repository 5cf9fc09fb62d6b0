//! Files that are no catalogs, or not ours to write: refused with exit code 1, and untouched.

use std::path::Path;

use crate::harness::{CREDENTIALS, Place, execute, says};

/// Commands that open the catalog, to write and to read.
const COMMANDS: [&[&str]; 8] = [
    &["run"],
    &["once"],
    &["watch", "add", "607452e0xxx"],
    &["conferences", "retry", "607452e0xxx"],
    &["conferences", "list"],
    &["recordings", "list"],
    &["status"],
    &["record", "stop", "607452e0xxx", "--union-id", "WFBkgxxx"],
];

/// Every command refuses the catalog at `path` with `words` that name it.
#[track_caller]
fn refused_by_all(place: &Place, path: &str, words: &[&str]) {
    for command in COMMANDS {
        let said = place.run_with("RECORDING_ARCHIVER__CATALOG__PATH", path, command).refused(1);
        says(&said, &[path]);
        says(&said, words);
    }
}

/// The same, and the file is what it was, byte for byte, with no other beside it but the daemon's lock.
#[track_caller]
fn refused_and_untouched(place: &Place, words: &[&str]) {
    let before = std::fs::read(place.catalog()).unwrap();
    refused_by_all(place, "catalog.db", words);
    assert!(std::fs::read(place.catalog()).unwrap() == before, "the file was written to");
    assert_eq!(place.files(), ["catalog.db", "catalog.db.daemon", "catalog.db.lock"]);
}

#[test]
fn a_file_that_is_no_database() {
    let place = Place::with(CREDENTIALS);
    place.write("catalog.db", "minutes of the meeting\n".repeat(100));
    refused_and_untouched(&place, &["is not a SQLite database", "left untouched", "catalog.path"]);
}

#[test]
fn a_file_that_is_a_damaged_database() {
    let place = Place::with(CREDENTIALS);
    place.run(&["watch", "add", "607452e0xxx"]).done();
    let mut bytes = std::fs::read(place.catalog()).unwrap();
    bytes[..16].fill(0);
    place.write("catalog.db", bytes);
    refused_and_untouched(&place, &["is not a SQLite database"]);
}

#[test]
fn a_database_of_another_program() {
    let place = Place::with(CREDENTIALS);
    execute(&place.catalog(), "CREATE TABLE conferences (id INTEGER PRIMARY KEY); INSERT INTO conferences VALUES (7)");
    refused_and_untouched(&place, &["is a database of another program", "left untouched", "catalog.path"]);
}

#[test]
fn a_database_of_another_program_that_also_uses_sqlx() {
    let place = Place::with(CREDENTIALS);
    place.run(&["watch", "add", "607452e0xxx"]).done();
    execute(&place.catalog(), "PRAGMA application_id = 7");
    refused_and_untouched(&place, &["is a database of another program"]);
}

#[test]
fn a_catalog_that_is_newer_than_the_program() {
    let place = Place::with(CREDENTIALS);
    place.run(&["watch", "add", "607452e0xxx"]).done();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'of a later version', 1, x'00', 0)";
    execute(&place.catalog(), newer);
    refused_and_untouched(&place, &["was written by a newer recording-archiver", "9999", "install the newer program"]);
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let place = Place::with(CREDENTIALS);
    let [reading, writing] = [&COMMANDS[4..7], &[COMMANDS[0], COMMANDS[1], COMMANDS[2], COMMANDS[3], COMMANDS[7]]];
    for command in writing {
        let said = place.run_with("RECORDING_ARCHIVER__CATALOG__PATH", "absent/catalog.db", command).refused(1);
        says(&said, &["absent/catalog.db", "its folder must exist and be writable"]);
        assert!(said.matches("unable to open").count() < 2, "it is said once: {said}");
    }
    for command in reading {
        let said = place.run_with("RECORDING_ARCHIVER__CATALOG__PATH", "absent/catalog.db", command).refused(1);
        says(&said, &["there is no catalog at absent/catalog.db"]);
    }
    assert!(place.files().is_empty(), "{:?}", place.files());
}

#[test]
fn a_folder_that_is_a_file_or_a_catalog_that_is_a_folder() {
    let place = Place::with(CREDENTIALS);
    place.write("file", "");
    refused_by_all(&place, "file/catalog.db", &[]);
    std::fs::create_dir(place.path("folder")).unwrap();
    refused_by_all(&place, "folder", &[]);
    assert!(
        place.files().iter().all(|name| ["file", "folder", "folder.daemon", "folder.lock"].contains(&name.as_str()))
    );
}

#[test]
fn a_folder_that_may_not_be_written() {
    let place = Place::with(CREDENTIALS);
    let folder = place.path("folder");
    std::fs::create_dir(&folder).unwrap();
    let read_only = |read_only| {
        let mut rights = std::fs::metadata(&folder).unwrap().permissions();
        rights.set_readonly(read_only);
        std::fs::set_permissions(&folder, rights).unwrap();
    };
    read_only(true);
    if std::fs::write(folder.join("probe"), "").is_ok() {
        eprintln!("SKIPPED: this user may write anywhere (root?), so nothing can be forbidden");
        return;
    }
    for command in [COMMANDS[0], COMMANDS[1], COMMANDS[2], COMMANDS[3], COMMANDS[7]] {
        let said = place.run_with("RECORDING_ARCHIVER__CATALOG__PATH", "folder/catalog.db", command).refused(1);
        says(&said, &["folder/catalog.db", "its folder must exist and be writable"]);
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    read_only(false);
}

#[test]
fn a_catalog_whose_making_was_cut_short_is_made_anew() {
    let place = Place::with(CREDENTIALS);
    place.write("catalog.db", "");
    place.run(&["watch", "add", "607452e0xxx"]).done();
    assert!(Path::new(&place.catalog()).metadata().unwrap().len() > 0);
}
