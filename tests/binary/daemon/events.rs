//! A daemon to which DingTalk pushes events.

use std::env;
use std::ops::Range;
use std::time::Duration;

use recording_archiver::simulator::{Endpoint, Event, Meeting, PushedEvent};
use serde_json::Value;

use super::archives;
use crate::harness::{Daemon, Far, Place, column, eventually, now, number, says, text};

/// A DingTalk that pushes events, and a place whose daemon knows of meetings by them alone.
fn listening() -> (Far, Place) {
    let far = Far::with([]);
    far.pushes();
    let place = Place::with(&far.configuration("[events]\nstream = true\n[quota]\ncalls_per_month = 0\n"));
    (far, place)
}

fn is_connected(far: &Far) {
    eventually("it is connected", || (far.simulator.stream().open_connections() > 0).then_some(()));
}

#[test]
fn a_conference_that_only_an_event_announces_is_archived_for_few_calls_and_the_connection_outlives_a_reset() {
    let (far, place) = listening();
    let daemon = Daemon::start(&place);
    is_connected(&far);
    let start = now();
    let meeting = |id: &str, after: u64| {
        let (starts_at, ends_at) = (start + Duration::from_secs(after), start + Duration::from_secs(after + 1));
        Meeting::sample(id, starts_at, ends_at).unregistered().recorded(Duration::from_secs(1))
    };
    far.simulator.with_organisation(|organisation| organisation.add(meeting("conf-one", 1)));
    archives(&place, 1);
    assert_eq!(column(&place.catalog(), "SELECT discovered_by FROM conferences"), ["event"]);
    assert_eq!(far.asked(Endpoint::ConferenceInfo), 1);
    assert_eq!(far.asked(Endpoint::GetVideos), 1);
    far.simulator.stream().drop_all();
    is_connected(&far);
    let later = now().since(start).as_secs() + 2;
    far.simulator.with_organisation(|organisation| organisation.add(meeting("conf-two", later)));
    archives(&place, 2);
    daemon.stop();
    assert_eq!(number(&place.catalog(), "SELECT connected_since IS NULL FROM event_stream"), 1);
}

#[test]
fn a_meeting_is_recorded_from_its_start_until_the_configuration_says_otherwise() {
    let (far, place) = listening();
    let automatic = "[record]\nautomatic_for = [\"*\"]\n";
    let toml = text(&place.path("config.toml"));
    place.write("config.toml", format!("{toml}{automatic}"));
    let daemon = Daemon::start(&place);
    is_connected(&far);
    let begins = |id: &str| {
        let meeting = Meeting::sample(id, now(), now() + Duration::from_hours(1)).unregistered();
        far.simulator.with_organisation(|organisation| organisation.add(meeting));
    };
    begins("conf-one");
    let outcome = "SELECT count(*) FROM automatic_starts WHERE outcome = 'ok'";
    eventually("it is recorded", || (number(&place.catalog(), outcome) == 1).then_some(()));
    let status: Value = serde_json::from_str(&place.run(&["status", "--format", "json"]).out).unwrap();
    assert_eq!((&status["automatic"]["started"], &status["automatic"]["not_started"]), (&1.into(), &0.into()));
    says(&place.run(&["status"]).out, &["1 recordings within a week, 0 could not be"]);
    says(&place.run(&["conferences", "explain", "conf-one"]).done(), &["start: ok", "it is recorded, asked as"]);

    place.write("config.toml", toml);
    daemon.signal("HUP");
    daemon.has_said("record.automatic_for: the default, was [*]");
    begins("conf-two");
    let conferences = "SELECT count(*) FROM conferences";
    eventually("the second is known", || (number(&place.catalog(), conferences) == 2).then_some(()));
    daemon.stop();
    assert_eq!(far.asked(Endpoint::StartRecord), 1);
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM automatic_starts"), 1);
}

/// `EVENT_KILLS` says how often.
#[test]
fn what_was_acknowledged_is_in_the_catalog_once_whenever_the_daemon_is_killed() {
    let kills = env::var("EVENT_KILLS").map_or(8, |kills| kills.parse().unwrap());
    let (far, place) = listening();
    far.simulator.stream().change(|stream| stream.pushes_per_month = None);
    for n in 0..kills {
        let daemon = Daemon::start(&place);
        is_connected(&far);
        for event in 0..3 {
            far.simulator.stream().push(created(&format!("conf-{n}-{event}")));
        }
        // Some of them have been written by now, and some of these acknowledged.
        eventually("one is pushed", || (far.simulator.stream().events().len() > 3 * n).then_some(()));
        daemon.kill();
    }
    let daemon = Daemon::start(&place);
    let is_over = |event: &PushedEvent| event.is_acknowledged() || event.pushes.len() >= 3;
    let events = eventually("each event is acknowledged, or gone", || {
        let events = far.simulator.stream().events();
        (events.len() >= 3 * kills && events.iter().all(is_over)).then_some(events)
    });
    daemon.stop();
    let known = column(&place.catalog(), "SELECT event_id FROM received_events");
    for event in events.iter().filter(|event| event.is_acknowledged()) {
        assert!(known.contains(&event.event_id), "acknowledged and not there: {event:?}");
    }
    let taken = number(&place.catalog(), "SELECT sum(pushes) FROM pushes WHERE outcome = 'taken'");
    assert_eq!(usize::try_from(taken).unwrap(), known.len(), "each was taken once");
    assert!(events.iter().filter(|event| event.pushes.len() > 1).count() > 0, "no kill came before an acknowledgement");
}

/// `EVENT_BURST` says how many.
#[test]
fn a_burst_of_events_is_acknowledged_and_takes_no_more_memory_than_a_few() {
    const AT_MOST_KB: i64 = 24 * 1_024;
    let burst: u64 = env::var("EVENT_BURST").map_or(5_000, |burst| burst.parse().unwrap());
    let far = Far::with([]);
    let place = Place::with(&far.configuration("[events]\nstream = true\n[quota]\ncalls_per_month = 0\n"));
    let stream = far.simulator.stream();
    stream.change(|stream| stream.pushes_per_month = None);
    let daemon = Daemon::start(&place);
    is_connected(&far);
    let push = |events: Range<u64>| {
        events.for_each(|n| stream.push(created(&format!("conf-{n}"))));
        far.deliver();
    };
    push(0..100);
    let before = daemon.memory_kb("VmHWM");
    push(100..burst);
    assert_eq!(stream.acknowledged(), burst, "each was acknowledged in time");
    assert!(stream.events().iter().all(|event| event.pushes.len() == 1), "each came once");
    let most = daemon.memory_kb("VmHWM");
    assert!(most <= before + AT_MOST_KB, "{before} kB before a burst of {burst} events, {most} kB at the most");
    daemon.stop();
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM conferences"), i64::try_from(burst).unwrap());
}

fn created(conference_id: &str) -> Event {
    let data = format!(
        r#"{{"openConfModel":{{"conferenceId":"{conference_id}","status":1}},"statusSeqNum":1,"changeScene":"conference_created"}}"#
    );
    Event {
        event_id: format!("event of {conference_id}"),
        event_type: "meeting_status_change".to_owned(),
        conference_id: Some(conference_id.to_owned()),
        born_at: now(),
        data,
    }
}
