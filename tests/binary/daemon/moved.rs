//! A catalog that is moved, deleted or replaced under the daemon: what it wrote from then on, nobody would find.

use std::fs;

use recording_archiver::simulator::Endpoint;

use super::watched::get;
use super::{archived, watching};
use crate::harness::{Daemon, Far, Place, eventually, number, one, says, text};

/// A daemon that looks every second and has archived two recordings; then `act`, which must end it.
fn ends_when(act: impl FnOnce(&Place)) -> (Far, Place) {
    let (far, place) = watching();
    let toml = text(&place.path("config.toml"));
    place.write("config.toml", format!("{toml}[discover]\norganization = true\ninterval = \"1s\"\n"));
    let mut daemon = Daemon::start(&place);
    eventually("both are archived", || (archived(&place).len() == 2).then_some(()));
    act(&place);
    let asked = far.asked(Endpoint::OrgConferences);
    assert_eq!(daemon.ended().code(), Some(1), "{}", daemon.said());
    says(&daemon.said(), &["ERROR", "catalog.db is no longer the file that was opened"]);
    let late = far.asked(Endpoint::OrgConferences) - asked;
    assert!(late <= 1, "only the pass under way may have asked: {late} times");
    (far, place)
}

/// The catalog `name` holds all that was archived, and nothing is left beside the path that it had.
#[track_caller]
fn is_complete(place: &Place, name: &str) {
    assert!(!place.files().iter().any(|name| name.ends_with("-wal")), "{:?}", place.files());
    assert_eq!(number(&place.path(name), "SELECT count(*) FROM recordings"), 2);
    assert_eq!(one(&place.path(name), "PRAGMA integrity_check"), "ok");
}

#[test]
fn a_catalog_that_is_moved_ends_the_daemon_and_is_complete_where_it_lies_now() {
    let (_far, place) = ends_when(|place| fs::rename(place.catalog(), place.path("moved.db")).unwrap());
    assert!(!place.catalog().exists(), "another one was made");
    is_complete(&place, "moved.db");
}

#[test]
fn a_catalog_that_is_deleted_ends_the_daemon() {
    let (_far, place) = ends_when(|place| fs::remove_file(place.catalog()).unwrap());
    assert!(!place.catalog().exists(), "another one was made");
}

#[test]
fn a_catalog_that_is_replaced_ends_the_daemon_and_the_new_one_is_left_as_it_is() {
    let (_far, place) = ends_when(|place| {
        place.run(&["backup", "copy.db"]).done();
        fs::copy(place.path("copy.db"), place.path("next.db")).unwrap();
        fs::rename(place.path("next.db"), place.catalog()).unwrap();
    });
    assert!(fs::read(place.catalog()).unwrap() == fs::read(place.path("copy.db")).unwrap(), "it was written to");
    is_complete(&place, "catalog.db");
    place.run(&["once"]).done();
}

#[test]
fn healthz_turns_red_when_the_catalog_is_gone() {
    let (_far, place) = watching();
    let toml = text(&place.path("config.toml")).replace("interval = \"1s\"", "interval = \"1h\"");
    place.write("config.toml", format!("{toml}[http]\nlisten = \"0\"\n"));
    let daemon = Daemon::start(&place);
    eventually("the first pass is over", || (get(&daemon, "/healthz").0 == 200).then_some(()));
    fs::rename(place.catalog(), place.path("moved.db")).unwrap();
    let body = eventually("/healthz is red", || {
        let (status, _, body) = get(&daemon, "/healthz");
        (status == 503).then_some(body)
    });
    says(&body, &["no longer the file that was opened"]);
    daemon.kill();
}
