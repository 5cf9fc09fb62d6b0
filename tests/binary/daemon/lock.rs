//! One daemon a catalog, whatever links lead to it, and whoever else may read beside it.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::watching;
use crate::harness::{Daemon, NOBODY, Said, as_nobody, chmod, is_root, says, text};

#[test]
fn a_link_to_a_catalog_that_is_not_there_yet_lets_no_second_daemon_in() {
    let (_far, place) = watching();
    fs::create_dir(place.path("state")).unwrap();
    symlink("state/link.db", place.path("catalog.db")).unwrap();
    symlink("real.db", place.path("state/link.db")).unwrap();
    let daemon = Daemon::start(&place);
    let of_the_first = format!("(pid {})", daemon.pid());
    for named in ["catalog.db", "state/link.db", "state/real.db"] {
        let said = place.run_with("RECORDING_ARCHIVER__CATALOG__PATH", named, &["once"]).refused(1);
        says(&said, &[&of_the_first]);
    }
    daemon.stop();
}

#[test]
fn a_link_in_the_place_of_a_file_beside_the_catalog_is_not_written_through() {
    for name in ["catalog.db.lock", "catalog.db.daemon"] {
        let (_far, place) = watching();
        let precious = place.write("precious", "minutes of the meeting");
        symlink(&precious, place.path(name)).unwrap();
        let said = place.run(&["once"]);
        assert_eq!(text(&precious), "minutes of the meeting", "{said:?}");
        says(&said.refused(1), &[name, "no link"]);
        assert!(!place.catalog().exists());
    }
}

/// A reader without other rights who takes a shared lock of a file, if he may open it, and keeps it.
fn reader_locks(place: &crate::harness::Place, path: &Path) -> Daemon {
    let script = "echo asked >&2; exec sleep 600";
    let mut flock = Command::new("flock");
    flock.args(["--shared", "--no-fork"]).arg(path).args(["sh", "-c", script]).uid(NOBODY).gid(NOBODY);
    let reader = Daemon::spawn(place, flock);
    crate::harness::eventually("the reader has the lock, or is refused", || {
        let said = reader.said();
        (said.contains("asked") || said.contains("ermission denied")).then_some(())
    });
    reader
}

#[test]
fn a_reader_who_locks_what_he_may_read_keeps_no_daemon_from_starting_and_is_told_its_pid() {
    if !is_root() {
        return;
    }
    let (_far, place) = watching();
    chmod(&place.path(""), 0o755);
    Daemon::start(&place).kill();
    let beside = place.files().into_iter().filter(|name| name.starts_with("catalog.db"));
    let readers: Vec<Daemon> = beside.map(|name| reader_locks(&place, &place.path(&name))).collect();
    assert!(readers.len() > 2, "{:?}", place.files());
    let daemon = Daemon::start(&place);
    let status = || Said::of(&mut assert_cmd::Command::from_std(as_nobody(&place, &["status"]))).out;
    says(&status(), &[&format!("running, pid {}", daemon.pid())]);
    daemon.kill();
    says(&status(), &["not running"]);
}
