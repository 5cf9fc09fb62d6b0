//! Every command: what it prints, in each format, and how it exits.

mod backup;
mod conferences;
mod doctor;
mod explain_code;
mod export;
mod gaps;
mod link;
mod output;
mod record;
mod recordings;
mod report;
mod status;
mod verify;
mod watch;

use std::sync::OnceLock;
use std::time::Duration;

use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::Meeting;

use crate::harness::{CREDENTIALS, Far, Place, now};

/// 1 June 2024, nine in the morning, UTC.
const JUNE: Timestamp = Timestamp::from_millis(1_717_232_400_000);

/// 1 July 2024, nine in the morning, UTC.
const JULY: Timestamp = Timestamp::from_millis(1_719_824_400_000);

const HOUR: Duration = Duration::from_hours(1);

/// A title that would recolour a terminal and turn its writing direction.
const WILD: &str = "\u{1b}[31mAlarm\u{202e}gpj";

/// A catalog with two archived conferences, `conf-june` (two recordings) and `conf-july` (one, under a wild title,
/// elsewhere), and one in progress, `conf-open`. Made by the binary itself, once for all tests.
fn archived() -> Place {
    static CATALOG: OnceLock<Vec<u8>> = OnceLock::new();
    let place = Place::with(CREDENTIALS);
    place.write("catalog.db", CATALOG.get_or_init(make));
    place
}

fn make() -> Vec<u8> {
    let minute = Duration::from_mins(1);
    let june = Meeting::sample("conf-june", JUNE, JUNE + HOUR).titled("Planning 会议").owner("WFBkgxxxowner");
    let mut july = Meeting::sample("conf-july", JULY, JULY + HOUR).titled(WILD).recorded(minute);
    "ap-singapore".clone_into(&mut july.recordings[0].region_id);
    let far = Far::with([
        june.recorded(minute).composed(minute),
        july,
        Meeting::sample("conf-open", now() - HOUR, now() + HOUR).titled("Still going on"),
    ]);
    let place = Place::with(&far.configuration(""));
    place.run(&["watch", "add", "conf-june", "conf-july", "conf-open"]).done();
    place.run(&["once"]).done();
    std::fs::read(place.catalog()).unwrap()
}

/// The objects of a JSON array.
#[track_caller]
fn objects(json: &str) -> Vec<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"))
}

/// The head and the rows of a CSV file.
fn csv(text: &str) -> (Vec<String>, Vec<csv::StringRecord>) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().iter().map(str::to_owned).collect();
    (head, reader.records().map(Result::unwrap).collect())
}
