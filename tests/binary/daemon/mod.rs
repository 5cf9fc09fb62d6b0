//! The daemon as systemd runs it: started, stopped, killed, started twice, and read beside.

mod events;
mod killed;
mod lock;
mod moved;
mod neighbours;
mod reload;
mod service;
mod simulate;
mod stopping;
mod told;
mod unwritable;
mod wake_ups;
mod watched;

use std::time::Duration;

use recording_archiver::simulator::Meeting;

use crate::harness::{Far, Place, column, eventually, now, number};

const HOUR: Duration = Duration::from_hours(1);

/// Polls every second. With a share of calls to keep to, it would wait for minutes.
const EAGER: &str = "[poll]\ninterval = \"1s\"\n[quota]\ncalls_per_month = 0\n";

/// Over for an hour, recorded once.
fn recorded(conference_id: &str) -> Meeting {
    Meeting::sample(conference_id, now() - 2 * HOUR, now() - HOUR).recorded(Duration::from_mins(1))
}

/// A DingTalk with two recorded meetings, and a place whose configuration watches them.
fn watching() -> (Far, Place) {
    let far = Far::with([recorded("conf-one"), recorded("conf-two")]);
    let watch = "conferences = [\"conf-one\", { id = \"conf-two\", union_id = \"WFBkgxxxhint\" }]";
    let place = Place::with(&far.configuration(&format!("[watch]\n{watch}\n{EAGER}")));
    (far, place)
}

/// Waits until so many recordings stand in the catalog.
#[track_caller]
fn archives(place: &Place, recordings: i64) {
    let count = || number(&place.catalog(), "SELECT count(*) FROM recordings");
    eventually(&format!("{recordings} recordings are archived"), || (count() >= recordings).then_some(()));
}

/// The archived conferences, as one would list them.
fn archived(place: &Place) -> Vec<String> {
    column(&place.catalog(), "SELECT conference_id FROM conferences WHERE state = 'archived' ORDER BY 1")
}
