//! `backup`: a checked copy beside whatever goes on, or none at all.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::archived;
use crate::harness::{
    BINARY, CONFIG, Daemon, Far, Place, Said, block_on, can_run, eventually, execute, now, number, one, says, sql,
};

/// Everything that a copy must have in common with the catalog.
const EVERYTHING: [&str; 4] = [
    "SELECT * FROM conferences ORDER BY 1",
    "SELECT * FROM recordings ORDER BY 1, 2",
    "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2",
    "SELECT version, hex(checksum) FROM _sqlx_migrations",
];

/// The catalog as it was, and nothing beside it that was not there.
#[track_caller]
fn leaves_nothing(place: &Place, act: impl FnOnce()) {
    let before = (place.files(), fs::read(place.catalog()).unwrap());
    act();
    assert!((place.files(), fs::read(place.catalog()).unwrap()) == before, "{:?}", place.files());
}

fn mode(place: &Place, name: &str) -> u32 {
    place.path(name).metadata().unwrap().mode() & 0o7777
}

#[test]
fn the_copy_is_one_file_that_says_what_the_catalog_says_and_is_a_catalog_itself() {
    let place = archived();
    let said = place.run(&["backup", "copy.db"]).done();
    let copy = place.path("copy.db");
    let bytes = copy.metadata().unwrap().len();
    let expected = format!("copy.db: 3 conferences and 3 recordings of catalog.db, {bytes} bytes; verified\n");
    assert_eq!(said, expected);
    assert_eq!(place.files(), ["catalog.db", "copy.db"]);
    for query in EVERYTHING {
        assert_eq!(sql(&copy, query), sql(&place.catalog(), query), "{query}");
    }
    assert_eq!(one(&copy, "PRAGMA journal_mode"), "delete");
    assert_eq!(one(&copy, "PRAGMA application_id"), one(&place.catalog(), "PRAGMA application_id"));
    place.run(&["verify", "copy.db"]).done();
    let listed = place.run_with("RECORDING_ARCHIVER__CATALOG__PATH", "copy.db", &["recordings", "list"]).done();
    assert_eq!(listed, place.run(&["recordings", "list"]).done());
    place.run_with("RECORDING_ARCHIVER__CATALOG__PATH", "copy.db", &["watch", "add", "607452e0xxx"]).done();
}

#[test]
fn beside_a_daemon_under_load_every_copy_is_sound_and_the_daemon_goes_on() {
    const MEETINGS: i64 = 45;
    let hour = Duration::from_hours(1);
    let far = Far::with((0..MEETINGS).map(|n| {
        Meeting::sample(&format!("conf-{n}"), now() - 2 * hour, now() - hour).recorded(Duration::from_mins(1))
    }));
    let ids: Vec<String> = (0..MEETINGS).map(|n| format!("\"conf-{n}\"")).collect();
    let watch = format!("[watch]\nconferences = [{}]\n", ids.join(", "));
    let place =
        Place::with(&far.configuration(&format!("{watch}[poll]\ninterval = \"1s\"\n[quota]\ncalls_per_month = 0\n")));
    let archived = || number(&place.catalog(), "SELECT count(*) FROM conferences WHERE state = 'archived'");
    // One conference keeps the daemon from being done until the first copy is there.
    let not_yet = Answer::error("cloudRecordNotFound");
    far.simulator.faults().push(Fault::new(not_yet).on(Endpoint::GetVideos).conference("conf-0"));
    let daemon = Daemon::start(&place);
    let mut copied = Vec::new();
    for n in 0.. {
        let name = format!("copy-{n}.db");
        place.run(&["backup", &name]).done();
        place.run(&["verify", &name]).done();
        copied.push(number(&place.path(&name), "SELECT count(*) FROM recordings"));
        if archived() == MEETINGS {
            break;
        }
        far.simulator.faults().clear();
    }
    assert!(copied.is_sorted() && copied.len() > 1, "each is of a later instant: {copied:?}");
    assert!(copied[0] < MEETINGS, "the first was made while there was much to do");
    assert_eq!(one(&place.catalog(), "PRAGMA journal_mode"), "wal", "the daemon's journal was left to it");
    assert!(!daemon.said().contains("ERROR"), "{}", daemon.said());
    daemon.stop();
    assert!(!place.files().iter().any(|name| name.ends_with("unfinished")), "{:?}", place.files());
}

#[test]
fn a_writer_that_is_busy_is_not_waited_for_and_what_it_has_not_committed_is_not_copied() {
    let place = archived();
    execute(&place.catalog(), "PRAGMA journal_mode = WAL");
    block_on(async {
        let mut writer = SqliteConnectOptions::new().filename(place.catalog()).connect().await.unwrap();
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.unwrap();
        sqlx::query("DELETE FROM recordings").execute(&mut *transaction).await.unwrap();
        place.run(&["backup", "copy.db"]).done();
        transaction.commit().await.unwrap();
        writer.close().await.unwrap();
    });
    assert_eq!(number(&place.path("copy.db"), "SELECT count(*) FROM recordings"), 3);
}

#[test]
fn nothing_is_ever_replaced() {
    let place = archived();
    place.write("copy.db", "minutes of the meeting");
    place.write("empty.db", "");
    std::os::unix::fs::symlink("nowhere", place.path("link.db")).unwrap();
    fs::create_dir(place.path("folder")).unwrap();
    leaves_nothing(&place, || {
        for name in ["copy.db", "empty.db", "link.db", "folder", "catalog.db", "."] {
            says(&place.run(&["backup", name]).refused(1), &[name, "is there already", "name another file"]);
        }
        for name in ["catalog.db-wal", "catalog.db-shm", "catalog.db-journal", "catalog.db.lock", "catalog.db.daemon"] {
            says(&place.run(&["backup", name]).refused(1), &[name, "belongs to the catalog", "name another file"]);
        }
    });
    assert_eq!(fs::read_to_string(place.path("copy.db")).unwrap(), "minutes of the meeting");
    assert!(!place.path("nowhere").exists());
}

#[test]
fn a_copy_that_is_not_sound_is_told_and_not_left() {
    let place = archived();
    execute(&place.catalog(), "PRAGMA foreign_keys = OFF; DELETE FROM recordings WHERE conference_id = 'conf-june'");
    leaves_nothing(&place, || {
        let said = place.run(&["backup", "copy.db"]).refused(1);
        says(
            &said,
            &[
                "an archived conference has recordings: violated by conf-june (archived)",
                "the copy is not valid, and was removed",
            ],
        );
    });
}

#[test]
fn where_it_cannot_be_written_nothing_is_left_and_the_error_names_it() {
    let place = archived();
    place.write("file", "");
    leaves_nothing(&place, || {
        for name in ["absent/copy.db", "file/copy.db"] {
            says(&place.run(&["backup", name]).refused(1), &[name, "its folder must exist, be writable and have room"]);
        }
        says(&place.run(&["backup"]).refused(2), &["FILE"]);
    });
    says(&Place::with("").run(&["backup", "copy.db"]).refused(1), &["there is no catalog at catalog.db"]);
}

#[test]
fn where_there_is_no_room_nothing_is_left() {
    let place = archived();
    leaves_nothing(&place, || {
        // To whoever writes, a file that may not grow is what a full disk is.
        let script = format!("trap '' XFSZ; ulimit -f 16; exec '{BINARY}' backup copy.db");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(place.path("")).env_clear().env(CONFIG, place.path("config.toml"));
        let said = Said::of(&mut assert_cmd::Command::from_std(shell)).refused(1);
        says(&said, &["catalog.db could not be copied to copy.db", "have room for it"]);
    });
}

#[test]
fn a_backup_that_is_stopped_leaves_nothing() {
    let place = archived();
    // Enough to be checked for a while.
    let many = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000000)
                INSERT INTO api_calls SELECT '2026-06-01', 'get', 'odd ' || n, 1 FROM n";
    execute(&place.catalog(), many);
    let mut signals = vec!["INT", "TERM"];
    while let Some(signal) = signals.last() {
        let mut backup = Daemon::spawn(&place, place.std_command(&["backup", "copy.db"]));
        let is_unfinished = |name: &String| name.ends_with(".unfinished");
        eventually("it is under way", || place.files().iter().any(is_unfinished).then_some(()));
        backup.signal(signal);
        let status = backup.ended();
        if status.success() {
            // It was done before the signal came, which proves nothing.
            fs::remove_file(place.path("copy.db")).unwrap();
            continue;
        }
        signals.pop();
        assert_eq!(status.code(), Some(1), "{}", backup.said());
        says(&backup.said(), &["stopped before the copy was finished; the unfinished copy was removed"]);
        assert!(!place.files().iter().any(|name| name.contains("copy.db")), "{:?}", place.files());
    }
}

#[test]
fn the_copy_is_no_easier_to_read_than_the_catalog() {
    let place = archived();
    for rights in [0o600, 0o640, 0o644, 0o440] {
        fs::set_permissions(place.catalog(), Permissions::from_mode(rights)).unwrap();
        let name = format!("copy-{rights:o}.db");
        place.run(&["backup", &name]).done();
        assert_eq!(format!("{:o}", mode(&place, &name)), format!("{rights:o}"));
        let (copy, catalog) = (place.path(&name).metadata().unwrap(), place.catalog().metadata().unwrap());
        assert_eq!((copy.uid(), copy.gid()), (catalog.uid(), catalog.gid()));
    }
}

#[test]
fn an_admin_who_may_only_read_can_make_one_while_the_daemon_runs_and_while_it_is_stopped() {
    const NOBODY: u32 = 65_534;
    let far = Far::with([Meeting::sample("conf", now() - Duration::from_hours(1), now() + Duration::from_hours(1))]);
    let place = Place::with(&far.configuration("[watch]\nconferences = [\"conf\"]\n[poll]\ninterval = \"1s\"\n"));
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let program = if is_root {
        // The place where it was built may be closed to others.
        fs::copy(BINARY, place.path("program")).unwrap();
        can_run(&place.path("program"));
        place.path("program")
    } else {
        BINARY.into()
    };
    let chmod = |name: &str, rights| fs::set_permissions(place.path(name), Permissions::from_mode(rights)).unwrap();
    let backup = |name: &str| {
        let mut command = Command::new(&program);
        command.args(["backup", name]).current_dir(place.path("")).env_clear().env(CONFIG, place.path("config.toml"));
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        Said::of(&mut assert_cmd::Command::from_std(command))
    };
    fs::create_dir(place.path("copies")).unwrap();
    chmod("copies", 0o777);
    let daemon = Daemon::start(&place);
    eventually("it looked", || (far.simulator.metered_calls() > 0).then_some(()));
    for name in place.files().iter().filter(|name| name.starts_with("catalog.db")) {
        chmod(name, 0o444);
    }
    chmod("", 0o555);
    for name in ["copies/beside.db", "copies/after-a-kill.db"] {
        if name.contains("kill") {
            daemon.signal("KILL");
        }
        says(&backup(name).done(), &[name, "1 conferences and 0 recordings"]);
        says(&backup("copy.db").refused(1), &["copy.db", "its folder must exist, be writable"]);
        assert_eq!(mode(&place, name), 0o444);
    }
    chmod("", 0o755);
}

/// Whether a name is that of a copy with a date.
fn is_dated(name: &str) -> bool {
    name.starts_with("catalog-2") && name.ends_with("Z.db")
}

#[test]
fn of_the_dated_copies_in_a_folder_the_newest_are_kept_and_nothing_else_is_touched() {
    let place = archived();
    fs::create_dir(place.path("copies")).unwrap();
    let others = ["catalog-before-upgrade.db", "catalog.db", "acme-2020-01-01T000000Z.db", "notes.txt"];
    let olds = ["catalog-2020-01-01T000000Z.db", "catalog-2020-01-02T000000Z.db", "catalog-2020-01-03T000000Z.db"];
    for name in others.iter().chain(&olds) {
        place.write(&format!("copies/{name}"), *name);
    }
    let said = place.run(&["backup", "copies", "--keep", "2"]).done();
    says(&said, &["3 conferences and 3 recordings of catalog.db", "verified\n"]);
    says(&said, &[&format!("copies/{}: removed\n", olds[0]), &format!("copies/{}: removed\n", olds[1])]);
    let entries = fs::read_dir(place.path("copies")).unwrap().map(|entry| entry.unwrap().file_name());
    let (dated, left): (Vec<_>, Vec<_>) =
        entries.map(|name| name.into_string().unwrap()).partition(|name| is_dated(name));
    assert_eq!(dated.len(), 2, "{dated:?}");
    let made = dated.iter().find(|name| **name != olds[2]).unwrap();
    place.run(&["verify", &format!("copies/{made}")]).done();
    assert_eq!(left.len(), others.len(), "{left:?}");
    for name in left {
        assert_eq!(fs::read_to_string(place.path(&format!("copies/{name}"))).unwrap(), name);
    }
}

#[test]
fn an_older_copy_goes_only_when_the_new_one_is_verified() {
    let place = archived();
    execute(&place.catalog(), "PRAGMA foreign_keys = OFF; DELETE FROM recordings WHERE conference_id = 'conf-june'");
    place.write("catalog-2020-01-01T000000Z.db", "old");
    leaves_nothing(&place, || {
        says(&place.run(&["backup", ".", "--keep", "1"]).refused(1), &["the copy is not valid, and was removed"]);
        says(&place.run(&["backup", "nowhere", "--keep", "1"]).refused(1), &["nowhere is not a folder"]);
        says(&place.run(&["backup", "catalog.db", "--keep", "1"]).refused(1), &["catalog.db is not a folder"]);
        place.run(&["backup", ".", "--keep", "0"]).refused(2);
    });
}
