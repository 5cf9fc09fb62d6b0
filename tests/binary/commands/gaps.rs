//! `gaps` and `backfill`: times in which nobody looked, and what is found of them.

use std::time::Duration;

use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting};
use serde_json::Value;

use super::{csv, objects};
use crate::harness::{CREDENTIALS, Daemon, Far, Place, eventually, execute, linger, now, number, one, says};

const HOUR: Duration = Duration::from_hours(1);

const ORGANIZATION: &str = "[discover]\norganization = true\n[quota]\ncalls_per_month = 0\n";

/// The same in a hurry.
const LISTING: &str = "[discover]\norganization = true\ninterval = \"1s\"\n[quota]\ncalls_per_month = 0\n";

/// A place that knows a meeting that goes on, beside one in the same room that is over and that nobody saw.
fn place(more: &str) -> (Far, Place) {
    let seen = Meeting::sample("seen", now() - HOUR, now() + HOUR);
    let missed = Meeting::sample("missed", now() - 4 * HOUR, now() - 3 * HOUR).recorded(Duration::from_mins(1));
    let far = Far::with([seen, missed]);
    let place = Place::with(&far.configuration(more));
    place.run(&["once"]).done();
    (far, place)
}

/// A gap from nine to five on 1 June 2024, searched in part, and one on the next day that waits.
fn gaps() -> Place {
    let place = Place::with(CREDENTIALS);
    place.run(&["watch", "import", place.write("none.csv", "").to_str().unwrap()]).done();
    execute(
        &place.catalog(),
        "INSERT INTO watch_gaps (began_at, ended_at, reason, searched_at, found, unanswered)
         VALUES (1717232400000, 1717261200000, 'down', 1717261260000, 2, 3);
         INSERT INTO watch_gaps (began_at, ended_at, reason) VALUES (1717318800000, 1717322400000, 'spent')",
    );
    place
}

#[test]
fn a_list_of_gaps_says_when_why_what_was_found_and_what_could_not_be_searched() {
    let place = gaps();
    let table = place.run(&["gaps", "list", "--utc"]).done();
    says(&table, &["2024-06-01 09:00", "2024-06-01 17:00", "08:00:00", "the daemon did not run", "but for 3"]);
    says(&table, &["no calls were left", "not yet"]);
    let rows = objects(&place.run(&["gaps", "list", "--format", "json"]).done());
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["reason"], &rows[0]["searched_at"]), (&Value::from("spent"), &Value::Null), "the last first");
    assert_eq!((&rows[1]["began_at"], &rows[1]["found"]), (&Value::from(1_717_232_400_000_i64), &Value::from(2)));
    let (head, rows) = csv(&place.run(&["gaps", "list", "--format", "csv", "--since", "2024-06-02", "--utc"]).done());
    assert_eq!((head[0].as_str(), rows.len()), ("gap_id", 1));
    says(&place.run(&["gaps", "list", "--limit", "1"]).done(), &["… and 1 more"]);
    says(&place.run(&["gaps", "list", "--since", "today"]).done(), &["no gaps"]);
}

#[test]
fn a_daemon_that_was_killed_finds_what_it_missed_and_all_who_look_are_told() {
    let far = Far::with([Meeting::sample("seen", now() - HOUR, now() + HOUR)]);
    let place = Place::with(&far.configuration(LISTING));
    let watched = "SELECT count(*) FROM watched_until";
    let daemon = Daemon::start(&place);
    eventually("it has looked", || (number(&place.catalog(), watched) == 1).then_some(()));
    daemon.kill();
    let second = Duration::from_secs(1);
    let missed = Meeting::sample("missed", now() + second, now() + 2 * second);
    far.simulator.with_organisation(|organisation| organisation.add(missed));
    linger(9 * second);
    let daemon = Daemon::start(&place);
    let searched = "SELECT count(*) FROM watch_gaps WHERE searched_at IS NOT NULL AND reason = 'down' AND found = 1";
    eventually("it is searched", || (number(&place.catalog(), searched) == 1).then_some(()));
    let closed =
        "SELECT count(*) FROM conferences WHERE discovered_by = 'history' AND state IN ('ended', 'unrecorded')";
    eventually("it is confirmed", || (number(&place.catalog(), closed) == 1).then_some(()));
    says(&place.run(&["status"]).out, &["gaps", "within 30 days nobody looked 1 time, ", "meetings found: 1"]);
    let status: Value = serde_json::from_str(&place.run(&["status", "--format", "json"]).out).unwrap();
    assert_eq!((&status["gaps"]["gaps"], &status["gaps"]["found"]), (&Value::from(1), &Value::from(1)));
    let doctor = place.run(&["doctor"]).out;
    says(&doctor, &["gaps", "nobody looked", "DingTalk does not list past meetings to this app"]);
    place.run(&["report", "page.html"]).done();
    let page = std::fs::read_to_string(place.path("page.html")).unwrap();
    says(&page, &["<svg class=\"strip\"", "the daemon did not run"]);
    daemon.stop();
}

#[test]
fn without_a_daemon_backfill_searches_and_says_what_it_costs_and_what_it_found() {
    let (far, place) = place(ORGANIZATION);
    let before = far.simulator.metered_calls();
    let said = place.run(&["backfill", "--since", "1d"]);
    says(&said.err, &["1 room codes and 0 bookings"]);
    says(&said.done(), &["nobody had seen: 1", "known rooms and bookings"]);
    let used = far.simulator.metered_calls() - before;
    assert_eq!(used, 2, "one for what is refused to this app, one for the room code");
    assert_eq!(number(&place.catalog(), "SELECT sum(calls) FROM api_calls"), before.cast_signed() + 2);
    assert_eq!(one(&place.catalog(), "SELECT state FROM conferences WHERE conference_id = 'missed'"), "waiting");
    place.run(&["once"]).done();
    assert_eq!(one(&place.catalog(), "SELECT state FROM conferences WHERE conference_id = 'missed'"), "archived");
    says(&place.run(&["backfill", "--since", "1d"]).done(), &["nobody had seen: 1"]);
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM watch_gaps"), 1, "the same time is one");
}

#[test]
fn a_daemon_at_work_searches_what_backfill_asks_for() {
    let (far, place) = place(LISTING);
    let daemon = Daemon::start(&place);
    let said = place.run(&["backfill", "--since", "1d"]);
    says(&said.err, &["the daemon at work searches it"]);
    says(&said.done(), &["nobody had seen: 1"]);
    assert_eq!(far.asked(Endpoint::RoomCodeInfos), 1, "by the daemon alone");
    daemon.stop();
}

#[test]
fn what_keeps_backfill_from_its_end_is_said() {
    let (far, place) = place(ORGANIZATION);
    far.simulator.faults().push(Fault::new(Answer::quota_spent()).on(Endpoint::RoomCodeInfos));
    let said = place.run(&["backfill", "--since", "1d"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    says(&said.err, &["roomCodes/infos was refused: Forbidden.AccessDenied.ApiCountLimitForOrg"]);
    says(&said.out, &["not yet", "goes on"]);
}

#[test]
fn a_time_to_be_searched_has_a_beginning_before_its_end_and_before_now() {
    let place = Place::with(CREDENTIALS);
    for options in [&["--since", "2024-06-02", "--until", "2024-06-01"][..], &["--since", "2999-01-01"], &[]] {
        place.run(&[&["backfill"], options].concat()).refused(2);
    }
    assert_eq!(place.files(), [""; 0]);
}
