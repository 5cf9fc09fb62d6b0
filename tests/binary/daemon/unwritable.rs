//! Much to do, and a catalog that cannot be written: it is said soon, no call is wasted, and nothing is lost.

use std::process::Command;
use std::time::Duration;

use recording_archiver::simulator::Meeting;

use super::neighbours::{goes_on, over, says_that_it_waits, times, transaction};
use super::{EAGER, HOUR, archives, recorded};
use crate::harness::{BINARY, Daemon, Far, Place, eventually, linger, now, number, one};

/// Far more conferences than calls are put aside at a time.
const MANY: usize = 40;

/// Calls that may have been put aside, or be on their way, when the catalog is taken from the daemon.
const IN_HAND: usize = 16;

/// Meetings that are over and whose recordings are not listed: each is asked about again and again.
fn awaited() -> (Far, Place) {
    let far = Far::with(ids().iter().map(|id| Meeting::sample(id, now() - 2 * HOUR, now() - HOUR)));
    let ids = ids();
    let place = Place::with(&far.configuration(&format!("[watch]\nconferences = {ids:?}\n{EAGER}")));
    (far, place)
}

fn ids() -> Vec<String> {
    (0..MANY).map(|n| format!("conf-{n}")).collect()
}

/// From here on, the recordings are listed.
fn are_listed(far: &Far) {
    far.simulator.with_organisation(|organisation| ids().iter().for_each(|id| organisation.add(recorded(id))));
}

fn many() -> i64 {
    i64::try_from(MANY).unwrap()
}

#[track_caller]
fn ledger_is_not_below_the_truth(far: &Far, place: &Place) {
    let spent = number(&place.catalog(), "SELECT sum(calls) FROM api_calls");
    assert!(u64::try_from(spent).unwrap() >= far.simulator.metered_calls(), "the ledger undercounts: {spent}");
}

#[test]
fn however_much_is_due_a_writer_that_keeps_the_lock_is_noticed_soon() {
    let (far, place) = awaited();
    let daemon = Daemon::start(&place);
    let ended = "SELECT count(*) FROM conferences WHERE state = 'ended'";
    eventually("all have ended", || (number(&place.catalog(), ended) == many()).then_some(()));
    let writer = transaction(&place, "BEGIN IMMEDIATE; UPDATE quota SET id = id");
    let calls = far.simulator.calls().len();
    says_that_it_waits(&place, "locked");
    let sent = far.simulator.calls().len() - calls;
    assert!(sent <= IN_HAND, "{sent} calls were sent that could not be counted");
    over(writer);
    goes_on(&place);
    are_listed(&far);
    archives(&place, many());
    assert_eq!(times(&daemon, "nothing can be done"), 1, "{}", daemon.said());
    ledger_is_not_below_the_truth(&far, &place);
    daemon.stop();
}

/// How large the files may grow that a process writes to, from here on.
fn limit(daemon: &Daemon, bytes: &str) {
    let limit = [format!("--pid={}", daemon.pid()), format!("--fsize={bytes}:")];
    assert!(Command::new("prlimit").args(limit).status().unwrap().success(), "prlimit is part of util-linux");
}

#[test]
fn a_disk_that_refuses_every_write_is_waited_for_and_said_once() {
    let (far, place) = awaited();
    // Without this, the kernel would end the process at the limit; a disk that fails only says so.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" run", BINARY]);
    let template = place.std_command(&[]);
    command.current_dir(template.get_current_dir().unwrap()).env_clear();
    command.envs(template.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let daemon = Daemon::spawn(&place, command);
    daemon.has_said("at work on");
    let ended = "SELECT count(*) FROM conferences WHERE state = 'ended'";
    eventually("all have ended", || (number(&place.catalog(), ended) == many()).then_some(()));
    // Enough for the log and for the lock's file, and less than the catalog and its journal have already.
    limit(&daemon, "20480");
    let calls = far.simulator.calls().len();
    says_that_it_waits(&place, "disk I/O error");
    // Some passes later, it is still the same trouble, and costs nothing.
    linger(Duration::from_secs(3));
    let sent = far.simulator.calls().len() - calls;
    assert!(sent <= IN_HAND, "{sent} calls were sent that could not be counted");
    limit(&daemon, "unlimited");
    goes_on(&place);
    are_listed(&far);
    archives(&place, many());
    assert_eq!(
        (times(&daemon, "nothing can be done"), times(&daemon, "the work goes on")),
        (1, 1),
        "{}",
        daemon.said()
    );
    ledger_is_not_below_the_truth(&far, &place);
    assert_eq!(one(&place.catalog(), "PRAGMA integrity_check"), "ok");
    daemon.stop();
}
