//! However the daemon ends, the catalog is complete, and nothing is lost.

use std::time::Duration;

use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting};

use super::{EAGER, HOUR, archived, archives, recorded, watching};
use crate::harness::{Daemon, Far, Place, eventually, now, number, one, sql, text};

/// How long a call hangs: longer than any test waits for an end.
const LONG: Duration = HOUR;

const EVERYTHING: [&str; 2] = [
    "SELECT * FROM recordings ORDER BY conference_id, media_id",
    "SELECT conference_id, title, state, started_at, ended_at, discovered_by, discovered_at, closed_at
     FROM conferences ORDER BY 1",
];

/// The same as [`watching`], for a client that waits as long as a call hangs.
fn patiently_watching() -> (Far, Place) {
    let (far, place) = watching();
    let toml = text(&place.path("config.toml"));
    place.write("config.toml", toml.replacen("[dingtalk]\n", "[dingtalk]\nrequest_timeout = \"1h\"\n", 1));
    (far, place)
}

fn rows(place: &Place) -> Vec<Vec<Vec<String>>> {
    EVERYTHING.iter().map(|query| sql(&place.catalog(), query)).collect()
}

#[test]
fn it_fills_the_catalog_stops_on_both_signals_and_leaves_one_file_that_can_be_read() {
    for signal in ["TERM", "INT"] {
        let (_far, place) = watching();
        let mut daemon = Daemon::start(&place);
        archives(&place, 2);
        eventually("both are archived", || (archived(&place) == ["conf-one", "conf-two"]).then_some(()));
        assert_eq!(one(&place.catalog(), "PRAGMA journal_mode"), "wal", "readers beside it do not wait");
        daemon.signal(signal);
        assert_eq!(daemon.ended().code(), Some(0), "SIG{signal}: {}", daemon.said());
        let files = place.files();
        assert!(!files.iter().any(|name| name.ends_with("-wal") || name.ends_with("-shm")), "{files:?}");
        assert_eq!(one(&place.catalog(), "PRAGMA journal_mode"), "delete");
        assert_eq!(one(&place.catalog(), "PRAGMA integrity_check"), "ok");
        let hint =
            "SELECT union_id_hint FROM conferences WHERE conference_id = 'conf-two' AND discovered_by = 'config'";
        assert_eq!(one(&place.catalog(), hint), "WFBkgxxxhint");
    }
}

#[test]
fn it_stops_while_a_call_hangs_and_the_call_stays_counted() {
    let (far, place) = patiently_watching();
    far.simulator.faults().push(Fault::new(Answer::Hang(LONG)).on(Endpoint::ConferenceInfo));
    let mut daemon = Daemon::start(&place);
    eventually("a call hangs", || (far.asked(Endpoint::ConferenceInfo) > 0).then_some(()));
    daemon.signal("TERM");
    assert_eq!(daemon.ended().code(), Some(0), "{}", daemon.said());
    let spent = number(&place.catalog(), "SELECT sum(calls) FROM api_calls");
    assert!(u64::try_from(spent).unwrap() >= far.simulator.metered_calls(), "{spent} of {:?}", far.simulator.calls());
    assert!(!place.files().iter().any(|name| name.ends_with("-wal")));
}

#[test]
fn once_stops_while_a_call_hangs_but_was_not_done() {
    let (far, place) = patiently_watching();
    far.simulator.faults().push(Fault::new(Answer::Hang(LONG)).on(Endpoint::ConferenceInfo));
    let mut once = Daemon::spawn(&place, place.std_command(&["once"]));
    eventually("a call hangs", || (far.asked(Endpoint::ConferenceInfo) > 0).then_some(()));
    once.signal("TERM");
    assert_eq!(once.ended().code(), Some(1), "{}", once.said());
}

#[test]
fn a_kill_loses_nothing_and_a_restart_changes_nothing_that_is_archived() {
    let (far, place) = watching();
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    eventually("both are archived", || (archived(&place).len() == 2).then_some(()));
    let before = rows(&place);
    daemon.kill();
    assert_eq!(rows(&place), before);

    far.simulator.with_organisation(|organisation| organisation.add(recorded("conf-three")));
    place.run(&["watch", "add", "conf-three"]).done();
    let daemon = Daemon::start(&place);
    eventually("the third is archived", || (archived(&place).len() == 3).then_some(()));
    daemon.stop();
    let after = rows(&place);
    for (before, after) in before.iter().zip(&after) {
        assert!(before.iter().all(|row| after.contains(row)), "{before:?} is not all in {after:?}");
    }
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM recording_revisions"), 0);
}

#[test]
fn a_kill_in_the_middle_of_a_pass_is_made_up_for_by_the_next_start() {
    let (far, place) = watching();
    far.simulator.faults().push(Fault::new(Answer::Hang(LONG)).on(Endpoint::GetVideos));
    let daemon = Daemon::start(&place);
    eventually("a call hangs", || (far.asked(Endpoint::GetVideos) > 0).then_some(()));
    daemon.kill();
    far.simulator.faults().clear();
    let daemon = Daemon::start(&place);
    eventually("both are archived", || (archived(&place) == ["conf-one", "conf-two"]).then_some(()));
    daemon.stop();
    let spent = number(&place.catalog(), "SELECT sum(calls) FROM api_calls");
    assert!(u64::try_from(spent).unwrap() >= far.simulator.metered_calls(), "the ledger undercounts: {spent}");
}

#[test]
fn a_meeting_that_ends_while_the_daemon_runs_is_archived() {
    let far = Far::with([Meeting::sample("conf-short", now() - HOUR, now() + HOUR)]);
    let discover = "[discover]\norganization = true\ninterval = \"1s\"\n";
    let place = Place::with(&far.configuration(&format!("{discover}{EAGER}")));
    let daemon = Daemon::start(&place);
    let state = || sql(&place.catalog(), "SELECT state, discovered_by FROM conferences");
    eventually("it is found while it goes on", || (state() == [["active", "organization"]]).then_some(()));
    let over = Meeting::sample("conf-short", now() - HOUR, now()).recorded(Duration::ZERO);
    far.simulator.with_organisation(|organisation| organisation.add(over));
    eventually("it is archived", || (state() == [["archived", "organization"]]).then_some(()));
    daemon.stop();
    assert_eq!(one(&place.catalog(), "SELECT media_id FROM recordings"), "media-conf-short-0");
}
