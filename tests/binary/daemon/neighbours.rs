//! The file and its neighbours: whoever holds the catalog, and whatever happens to the disk under it, the daemon waits,
//! says so in `status`, and goes on by itself.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::{archived, archives, recorded, watching};
use crate::harness::{Daemon, NOBODY, Place, Said, as_nobody, chmod, eventually, is_root, number, one, says, text};

/// What `status` says that the daemon waits for.
fn waits_for(place: &Place) -> Option<String> {
    let said = place.run(&["status", "--format", "json"]);
    let status: Value = serde_json::from_str(&said.out).ok()?;
    status["daemon_waits_for"].as_str().map(str::to_owned)
}

/// Waits until `status` says what the daemon waits for.
#[track_caller]
pub(super) fn says_that_it_waits(place: &Place, for_what: &str) {
    eventually(&format!("status says: {for_what}"), || waits_for(place).filter(|said| said.contains(for_what)));
    says(&place.run(&["status"]).out, &["running, pid", "waiting", for_what]);
}

/// Waits until `status` says nothing of the kind any more.
#[track_caller]
pub(super) fn goes_on(place: &Place) {
    eventually("nothing is waited for", || waits_for(place).is_none().then_some(()));
}

/// Another program's connection, for which the catalog is in a transaction.
pub(super) fn transaction(place: &Place, statements: &'static str) -> (tokio::runtime::Runtime, SqliteConnection) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connection = runtime.block_on(async {
        let mut connection = SqliteConnectOptions::new().filename(place.catalog()).connect().await.unwrap();
        sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
        connection
    });
    (runtime, connection)
}

pub(super) fn over((runtime, connection): (tokio::runtime::Runtime, SqliteConnection)) {
    runtime.block_on(connection.close()).unwrap();
}

/// How often the daemon has said so.
pub(super) fn times(daemon: &Daemon, words: &str) -> usize {
    daemon.said().matches(words).count()
}

/// A file system of its own, as large as a catalog and little more; `None` where this machine does not grant one.
struct Disk(PathBuf);

impl Disk {
    fn small(place: &Place) -> Option<Self> {
        let disk = place.path("disk");
        fs::create_dir(&disk).unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(&disk).output();
        if mount.is_ok_and(|mount| mount.status.success()) {
            return Some(Self(disk));
        }
        eprintln!("SKIPPED: a file system of one's own can be mounted by root only");
        None
    }

    /// Leaves no room on it.
    fn fill(&self) {
        let full = Command::new("dd").arg("if=/dev/zero").arg(format!("of={}/filler", self.0.display())).output();
        assert!(!full.unwrap().status.success(), "the disk is full only when no more can be written");
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

#[test]
fn a_daemon_that_starts_beside_a_reader_in_a_transaction_waits_for_its_end() {
    let (far, place) = watching();
    place.run(&["watch", "add", "conf-one"]).done();
    assert_eq!(one(&place.catalog(), "PRAGMA journal_mode"), "delete");
    let reader = transaction(&place, "BEGIN; SELECT count(*) FROM conferences");
    let mut daemon = Daemon::spawn(&place, place.std_command(&["run"]));
    says_that_it_waits(&place, "locked");
    assert_eq!(far.simulator.calls(), []);
    over(reader);
    daemon.has_said("at work on");
    goes_on(&place);
    archives(&place, 2);
    assert_eq!(times(&daemon, "nothing can be done"), 1, "{}", daemon.said());
    daemon.signal("TERM");
    assert_eq!(daemon.ended().code(), Some(0), "{}", daemon.said());
}

#[test]
fn a_daemon_that_waits_for_the_catalog_can_be_stopped() {
    let (_far, place) = watching();
    place.run(&["watch", "add", "conf-one"]).done();
    let reader = transaction(&place, "BEGIN; SELECT count(*) FROM conferences");
    let daemon = Daemon::spawn(&place, place.std_command(&["run"]));
    says_that_it_waits(&place, "locked");
    daemon.stop();
    over(reader);
}

#[test]
fn a_writer_that_keeps_the_lock_is_waited_for_and_said_once() {
    let (far, place) = watching();
    // Something is due every second, so that there is always something to write.
    let toml = text(&place.path("config.toml"));
    place.write("config.toml", format!("{toml}[discover]\norganization = true\ninterval = \"1s\"\n"));
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    let writer = transaction(&place, "BEGIN IMMEDIATE; UPDATE quota SET id = id");
    far.simulator.with_organisation(|organisation| organisation.add(recorded("conf-three")));
    says_that_it_waits(&place, "locked");
    over(writer);
    goes_on(&place);
    place.run(&["watch", "add", "conf-three"]).done();
    archives(&place, 3);
    assert_eq!(
        (times(&daemon, "nothing can be done"), times(&daemon, "the work goes on")),
        (1, 1),
        "{}",
        daemon.said()
    );
    daemon.stop();
}

#[test]
fn a_full_disk_is_waited_for_and_no_call_goes_uncounted() {
    let (far, place) = watching();
    let Some(disk) = Disk::small(&place) else { return };
    let toml = text(&place.path("config.toml"));
    let discover = "[discover]\norganization = true\ninterval = \"1s\"\n";
    place.write("config.toml", format!("{toml}{discover}[catalog]\npath = \"disk/catalog.db\"\n"));
    let catalog = place.path("disk/catalog.db");
    let daemon = Daemon::start(&place);
    let recordings = || number(&catalog, "SELECT count(*) FROM recordings");
    eventually("two are archived", || (recordings() == 2).then_some(()));
    disk.fill();
    says_that_it_waits(&place, "full");
    let calls = far.simulator.calls().len();
    far.simulator.with_organisation(|organisation| organisation.add(recorded("conf-three")));
    disk.empty();
    goes_on(&place);
    place.run(&["watch", "add", "conf-three"]).done();
    eventually("the third is archived", || (recordings() == 3).then_some(()));
    assert!(far.simulator.calls().len() > calls);
    let spent = number(&catalog, "SELECT sum(calls) FROM api_calls");
    assert!(u64::try_from(spent).unwrap() >= far.simulator.metered_calls(), "the ledger undercounts: {spent}");
    assert_eq!(one(&catalog, "PRAGMA integrity_check"), "ok");
    daemon.stop();
}

#[test]
fn an_admin_who_may_only_read_reads_while_it_runs_after_it_stopped_and_after_it_was_killed() {
    if !is_root() {
        return;
    }
    let (_far, place) = watching();
    chmod(&place.path(""), 0o755);
    let reads = |when: &str| {
        let said = Said::of(&mut assert_cmd::Command::from_std(as_nobody(&place, &["recordings", "list"])));
        assert_eq!(said.code, Some(0), "{when}: {said:?}");
        says(&said.out, &["media-conf-one-0", "media-conf-two-0"]);
        let query = ["catalog.db", "SELECT count(*) FROM recording_catalog"];
        let sqlite3 = Command::new("sqlite3").args(query).current_dir(place.path("")).uid(NOBODY).output();
        if let Ok(said) = sqlite3 {
            assert_eq!(String::from_utf8(said.stdout).unwrap().trim(), "2", "{when}");
        }
    };
    let daemon = Daemon::start(&place);
    eventually("both are archived", || (archived(&place).len() == 2).then_some(()));
    reads("while it runs");
    daemon.kill();
    reads("after it was killed");
    Daemon::start(&place).stop();
    reads("after it stopped");
}

#[test]
fn whoever_may_only_read_is_told_the_command_that_writes() {
    if !is_root() {
        return;
    }
    let (_far, place) = watching();
    chmod(&place.path(""), 0o755);
    let is_told = |when: &str| {
        for (command, of_the_owner) in [
            (&["watch", "add", "conf-four"][..], "`sudo -u root recording-archiver watch add conf-four`"),
            (&["watch", "remove", "it's"], r"`sudo -u root recording-archiver watch remove 'it'\''s'`"),
            (&["conferences", "retry", "conf-one"], "`sudo -u root recording-archiver conferences retry conf-one`"),
        ] {
            let said = Said::of(&mut assert_cmd::Command::from_std(as_nobody(&place, command))).refused(1);
            says(&said, &["catalog.db belongs to root, and this user may only read it", of_the_owner]);
            assert!(!said.contains("SQLite") && !said.contains("code"), "{when}: {said}");
        }
    };
    let daemon = Daemon::start(&place);
    eventually("both are archived", || (archived(&place).len() == 2).then_some(()));
    is_told("while it runs");
    daemon.stop();
    is_told("after it stopped");
}

#[test]
fn a_catalog_made_read_only_under_the_daemon_stops_the_next_start_and_nothing_before() {
    if !is_root() {
        return;
    }
    let (far, place) = watching();
    let toml = text(&place.path("config.toml"));
    place.write("config.toml", format!("{toml}[catalog]\npath = \"state/catalog.db\"\n"));
    let state = place.path("state");
    fs::create_dir(&state).unwrap();
    std::os::unix::fs::chown(&state, Some(NOBODY), Some(NOBODY)).unwrap();
    chmod(&place.path(""), 0o755);
    let catalog = state.join("catalog.db");
    let recordings = || number(&catalog, "SELECT count(*) FROM recordings");
    let modes = |folder: u32, file: u32| {
        for entry in fs::read_dir(&state).unwrap() {
            chmod(&entry.unwrap().path(), file);
        }
        chmod(&state, folder);
    };

    let daemon = Daemon::spawn(&place, as_nobody(&place, &["run"]));
    daemon.has_said("at work on");
    eventually("both are archived", || (recordings() == 2).then_some(()));
    modes(0o555, 0o444);
    far.simulator.with_organisation(|organisation| organisation.add(recorded("conf-three")));
    place.run(&["watch", "add", "conf-three"]).done();
    eventually("what is open stays open", || (recordings() == 3).then_some(()));
    daemon.kill();

    let refused = Said::of(&mut assert_cmd::Command::from_std(as_nobody(&place, &["run"])));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    says(&refused.err, &["state/catalog.db", "writable"]);
    modes(0o755, 0o644);
    let daemon = Daemon::spawn(&place, as_nobody(&place, &["run"]));
    daemon.has_said("at work on");
    daemon.stop();
    assert_eq!(recordings(), 3);
}
