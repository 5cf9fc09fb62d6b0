//! `record start` and `record stop`: only the host may, only while the meeting goes on.

use std::time::Duration;

use recording_archiver::simulator::{Endpoint, Meeting};

use crate::harness::{Far, Place, now, number, says};

const HOST: &str = "WFBkgxxxhost";

/// A meeting that goes on, and one that is over.
fn far() -> Far {
    let hour = Duration::from_hours(1);
    let ongoing = Meeting::sample("conf-open", now() - hour, now() + hour).creator(HOST).attended_by("WFBkgxxxguest");
    Far::with([ongoing, Meeting::sample("conf-over", now() - 2 * hour, now() - hour).creator(HOST)])
}

fn is_recorded(far: &Far) -> bool {
    far.simulator
        .with_organisation(|organisation| organisation.meeting("conf-open").unwrap().cloud_record_status(now()) == 1)
}

#[test]
fn the_host_starts_a_recording_and_stops_it_and_both_are_counted() {
    let far = far();
    let place = Place::with(&far.configuration(""));
    let layout = ["--mode", "full_screen", "--window", "float_right"];
    let said = place.run(&[&["record", "start", "conf-open", "--union-id", HOST], layout.as_slice()].concat());
    assert_eq!((said.code, said.err.as_str()), (Some(0), "recording\n"));
    assert!(is_recorded(&far));
    let said = place.run(&["record", "stop", "conf-open", "--union-id", HOST]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), "stopped; the meeting goes on\n"));
    assert!(!is_recorded(&far));
    assert_eq!(number(&place.catalog(), "SELECT sum(calls) FROM api_calls WHERE outcome = 'ok'"), 2);
    assert_eq!(far.simulator.metered_calls(), 2);
}

#[test]
fn whoever_is_not_the_host_is_refused_and_told_who_may() {
    let far = far();
    let place = Place::with(&far.configuration(""));
    for (verb, endpoint) in [("start", Endpoint::StartRecord), ("stop", Endpoint::StopRecord)] {
        let said = place.run(&["record", verb, "conf-open", "--union-id", "WFBkgxxxguest"]).refused(1);
        says(&said, &["was refused", "only the host may, only while the meeting goes on"]);
        assert_eq!(far.asked(endpoint), 1);
    }
    assert!(!is_recorded(&far));
}

#[test]
fn a_meeting_that_is_over_or_unknown_is_not_recorded() {
    let far = far();
    let place = Place::with(&far.configuration(""));
    place.run(&["record", "start", "conf-over", "--union-id", HOST]).refused(1);
    place.run(&["record", "start", "conf-nowhere", "--union-id", HOST]).refused(1);
    place.run(&["record", "stop", "conf-open", "--union-id", HOST]).refused(1);
    assert_eq!(far.simulator.metered_calls(), 3);
}

#[test]
fn what_cannot_be_asked_for_is_a_usage_error_and_no_call() {
    let far = far();
    let place = Place::with(&far.configuration(""));
    let wrong: [&[&str]; 5] = [
        &["record", "start", "a b", "--union-id", HOST],
        &["record", "start", "conf-open"],
        &["record", "start", "conf-open", "--union-id", HOST, "--mode", "panorama"],
        &["record", "start", "conf-open", "--union-id", HOST, "--window", "left"],
        &["record", "stop", "conf-open", "--union-id", HOST, "--mode", "grid"],
    ];
    for arguments in wrong {
        place.run(arguments).refused(2);
    }
    assert!(far.simulator.calls().is_empty());
    assert!(place.files().is_empty(), "{:?}", place.files());
}
