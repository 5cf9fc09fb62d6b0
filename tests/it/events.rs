//! Events over a Stream-mode connection: what follows from them, and what does not.

use recording_archiver::domain::clock::{Clock, Timestamp};
use recording_archiver::simulator::{Answer, Endpoint, Event, Fault, Meeting, Noise, Organisation, Plan};
use serde_json::json;

use crate::world::{MIDNIGHT, World, at, hours, meeting, minutes};

/// A world in which nothing but events tells of meetings.
async fn told_of(meetings: impl IntoIterator<Item = Meeting>) -> World {
    let mut builder = World::with(meetings).config(|config| {
        config.watch.conferences.clear();
        config.events.stream = true;
    });
    builder = builder.starting(at(8, 59));
    let mut world = builder.start().await;
    world.listen().await;
    world
}

fn event(id: &str, sequence: i64, scene: &str, started_at: Timestamp) -> Event {
    let data = json!({
        "openConfModel": { "conferenceId": id, "title": "weekly", "creatorId": "WFBkgxxx", "startTime": started_at.as_millis(), "status": 1 },
        "statusSeqNum": sequence,
        "changeScene": scene,
    });
    Event {
        event_id: format!("{id}-{sequence}"),
        event_type: "meeting_status_change".to_owned(),
        conference_id: Some(id.to_owned()),
        born_at: started_at,
        data: data.to_string(),
    }
}

#[tokio::test]
async fn a_conference_that_only_an_event_announces_is_archived_when_its_recording_is_finished_for_four_calls() {
    let world = told_of([meeting("m").recorded(minutes(7))]).await;
    world.until(at(9, 0)).await;
    world.pass(minutes(1)).await;
    assert_eq!(world.conference("m").await.discovered_by, "event");
    assert_eq!(world.state("m").await, "active");
    world.until(at(10, 1)).await;
    assert_eq!(world.state("m").await, "ended", "conference info confirmed it at once");
    world.until(at(10, 7) + minutes(1)).await;
    assert_eq!(world.state("m").await, "archived");
    world.until(at(24 * 5, 0)).await;
    assert_eq!(world.asked(Endpoint::ConferenceInfo, "m").len(), 1);
    assert_eq!(world.asked(Endpoint::GetVideos, "m").len(), 3, "when it was finished, hours later, and the last look");
    assert_eq!(world.recordings("m").await.len(), 1);
}

#[tokio::test]
async fn a_recording_is_catalogued_though_every_event_before_its_own_was_lost() {
    let mut world = told_of([meeting("m").recorded(minutes(7))]).await;
    world.hang_up();
    world.until(at(10, 6)).await;
    assert_eq!(world.number("SELECT count(*) FROM conferences").await, 0);
    world.listen().await;
    world.until(at(10, 8)).await;
    assert_eq!(world.state("m").await, "archived");
}

#[tokio::test]
async fn what_cannot_be_written_is_not_acknowledged_and_comes_again() {
    let world = told_of([meeting("m")]).await;
    world.meddle("CREATE TRIGGER full BEFORE INSERT ON received_events BEGIN SELECT RAISE(ABORT, 'full'); END").await;
    world.until(at(9, 0) + minutes(0)).await;
    assert_eq!(world.simulator.stream().acknowledged(), 0);
    assert_eq!(world.number("SELECT count(*) FROM conferences").await, 0, "nothing of it was written");
    world.meddle("DROP TRIGGER full").await;
    world.pass(minutes(1)).await;
    assert_eq!(world.state("m").await, "active");
    assert_eq!(world.simulator.stream().acknowledged(), 1);
}

#[tokio::test]
async fn doubled_late_and_reordered_events_change_nothing() {
    let world = told_of([]).await;
    world.simulator.with_organisation(|organisation| organisation.add(meeting("m")));
    world.simulator.stream().cover(0);
    let stream = world.simulator.stream();
    world.until(at(10, 1)).await;
    stream.push(event("m", 2, "conference_closed", at(9, 0)));
    world.pass(minutes(1)).await;
    assert_eq!(world.state("m").await, "ended");
    stream.push(event("m", 1, "conference_created", at(9, 0)));
    stream.push(event("m", 2, "conference_closed", at(9, 0)));
    world.pass(minutes(1)).await;
    assert_eq!(world.state("m").await, "ended");
    assert_eq!(world.asked(Endpoint::ConferenceInfo, "m").len(), 1);
    let pushes = world.words("SELECT outcome || ' ' || pushes FROM pushes ORDER BY 1").await;
    assert_eq!(pushes, ["outdated 1", "repeated 1", "taken 1"]);
}

#[tokio::test]
async fn an_event_of_a_conference_that_was_closed_long_ago_changes_nothing_unless_it_began_anew() {
    let world = told_of([meeting("m").again(at(24 * 6, 0), at(24 * 6, 30))]).await;
    world.until(at(24 * 5, 0)).await;
    assert_eq!(world.state("m").await, "unrecorded");
    let closed = event("m", 2, "conference_closed", at(9, 0));
    let unnumbered = closed.data.replace("statusSeqNum", "anotherNumber");
    world.simulator.stream().push(Event { data: unnumbered, ..closed });
    world.pass(minutes(1)).await;
    assert_eq!(world.state("m").await, "unrecorded");
    world.until(at(24 * 6, 1)).await;
    assert_eq!(world.state("m").await, "active");
}

#[tokio::test]
async fn events_of_other_types_are_acknowledged_and_counted_and_change_nothing() {
    let world = told_of([]).await;
    let stream = world.simulator.stream();
    let other = |event_type: &str, data: &str| Event {
        event_id: format!("{event_type} {data}"),
        event_type: event_type.to_owned(),
        data: data.to_owned(),
        ..event("m", 1, "", at(9, 0))
    };
    for event_type in
        ["meeting_member_status_change", "meeting_asr_result_event", "user_add_org", "meeting_status_change"]
    {
        stream.push(other(event_type, "{}"));
    }
    stream.push(other("meeting_status_change", "no JSON"));
    stream.send("no frame");
    world.pass(minutes(1)).await;
    assert_eq!(stream.acknowledged(), 5);
    assert_eq!(world.number("SELECT count(*) FROM conferences").await, 0);
    assert_eq!(world.number("SELECT sum(pushes) FROM pushes WHERE outcome = 'ignored'").await, 5);
}

/// A week of an organisation whose list is read, with events.
async fn week() -> World {
    let plan = Plan { seed: 4, meetings: 250, days: 5, first_day: MIDNIGHT };
    let builder = World::of(Organisation::generate(&plan)).starting(MIDNIGHT).config(|config| {
        config.discover.organization = true;
        config.events.stream = true;
        config.quota.calls_per_month = 5_000;
    });
    let mut world = builder.start().await;
    world.listen().await;
    world
}

/// Readings of the organisation's list between nine and five of that day, counted from 0.
async fn looks(world: &World, day: u64) -> usize {
    world.until(at(24 * day + 9, 0)).await;
    let before = world.calls(Endpoint::OrgConferences).len();
    world.until(at(24 * day + 17, 0)).await;
    world.calls(Endpoint::OrgConferences).len() - before
}

#[tokio::test]
async fn where_events_tell_of_nearly_all_meetings_looking_is_a_safety_net_until_they_stop() {
    let mut world = week().await;
    world.until(at(9, 0)).await;
    assert!(world.calls(Endpoint::OrgConferences).len() > 6, "nothing is known yet");
    looks(&world, 0).await;
    assert!(looks(&world, 1).await <= 3, "they are known to tell of all");
    world.hang_up();
    world.archive.stream_closed("lost", world.now()).await.unwrap();
    assert!(looks(&world, 2).await > 6, "no event can come");
    world.listen().await;
    assert!(looks(&world, 3).await <= 3);
}

#[tokio::test]
async fn where_events_tell_of_half_of_the_meetings_looking_goes_on_at_its_normal_pace() {
    let world = week().await;
    world.simulator.stream().cover(50);
    looks(&world, 0).await;
    assert!(looks(&world, 1).await > 6);
}

#[tokio::test]
async fn when_the_pushes_are_spent_looking_is_back_at_its_normal_pace() {
    let mut world = week().await;
    world.reconfigure(|config| config.quota.pushes_per_month = 200).await;
    world.simulator.stream().change(|stream| stream.pushes_per_month = Some(200));
    looks(&world, 0).await;
    world.until(at(24 * 3, 0)).await;
    assert!(world.number("SELECT sum(pushes) FROM pushes").await >= 200);
    assert!(looks(&world, 3).await > 6);
}

#[tokio::test]
async fn when_events_are_not_ticked_any_more_looks_notice_it_within_a_day() {
    let world = week().await;
    looks(&world, 0).await;
    assert!(looks(&world, 1).await <= 3);
    world.simulator.stream().cover(0);
    looks(&world, 2).await;
    assert!(looks(&world, 3).await > 6);
}

#[tokio::test]
async fn after_a_time_without_a_connection_a_look_shows_what_was_missed() {
    let mut world = told_of([meeting("m").unregistered()]).await;
    world.reconfigure(|config| config.discover.organization = true).await;
    world.pass(minutes(1)).await;
    world.hang_up();
    world.archive.stream_closed("lost", world.now()).await.unwrap();
    world.until(at(9, 4)).await;
    let before = world.calls(Endpoint::OrgConferences).len();
    world.listen().await;
    world.pass(minutes(1)).await;
    assert_eq!(world.calls(Endpoint::OrgConferences).len(), before + 1);
    assert_eq!(world.state("m").await, "active");
}

#[tokio::test]
async fn a_connection_that_is_told_to_leave_is_replaced_and_no_event_is_lost() {
    let world = told_of((0..12).map(|n| meeting(&format!("m{n}")))).await;
    let stream = world.simulator.stream();
    for n in 1..=4 {
        stream.disconnect_all();
        while stream.connections().len() == n {
            tokio::task::yield_now().await;
        }
        world.pass(minutes(14)).await;
    }
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'active'").await, 12);
    world.until(at(10, 1)).await;
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'ended'").await, 12);
    assert!(stream.events().iter().all(|event| event.pushes.len() == 1), "each came over a connection that was read");
}

#[tokio::test]
async fn a_connection_that_is_told_to_leave_and_cannot_be_replaced_is_known_to_be_lost() {
    let world = told_of([]).await;
    world.fault(Fault::new(Answer::error("systemError")).on(Endpoint::OpenConnection));
    world.simulator.stream().disconnect_all();
    while world.calls(Endpoint::OpenConnection).len() < 2 {
        tokio::task::yield_now().await;
    }
    // The old one is closed ten seconds after it was told.
    world.clock.advance_to(world.now() + minutes(1));
    world.simulator.deliver().await;
    let is_lost =
        "SELECT count(*) FROM event_stream WHERE connected_since IS NULL AND last_error LIKE '%the connection%'";
    world.is_written(is_lost).await;
}

#[tokio::test]
async fn a_pause_that_outlives_a_restart_holds_the_connection_too() {
    let mut world = World::with([meeting("m")]).config(|config| config.events.stream = true).start().await;
    world.fault(Fault::new(Answer::banned(30)).times(1));
    world.pass(minutes(2)).await;
    world.restart().await;
    assert!(world.archive.open_stream().await.is_err());
    assert_eq!(world.calls(Endpoint::OpenConnection).len(), 0);
}

#[tokio::test]
async fn a_connection_that_was_opened_by_a_clock_ahead_brings_no_look_forward() {
    let world = World::with([meeting("m")]).listing().config(|config| config.events.stream = true).start().await;
    world.wall.set_off_by(3 * 3_600_000);
    world.archive.stream_opened(world.wall.now()).await.unwrap();
    world.wall.set_off_by(0);
    world.pass(hours(2)).await;
    assert!(world.calls(Endpoint::OrgConferences).len() <= 10, "the list is read each quarter of an hour");
}

#[tokio::test]
async fn a_burst_of_events_is_taken_in_and_acknowledged() {
    let world = told_of([]).await;
    let stream = world.simulator.stream();
    stream.change(|stream| stream.pushes_per_month = None);
    for n in 0..2_000 {
        stream.push(event(&format!("m{n}"), 1, "conference_created", at(8, 59)));
    }
    world.pass(minutes(1)).await;
    assert_eq!(stream.acknowledged(), 2_000);
    assert_eq!(world.number("SELECT count(*) FROM conferences").await, 2_000);
    let most: usize = stream.events().iter().map(|event| event.pushes.len()).max().unwrap();
    assert_eq!(most, 1, "each was acknowledged in time");
}

#[tokio::test]
async fn a_daemon_killed_between_commit_and_acknowledgement_loses_nothing_and_doubles_nothing() {
    let mut world = told_of((0..8).map(|n| meeting(&format!("m{n}")).recorded(minutes(5)))).await;
    world.simulator.stream().change(|stream| stream.noise = Noise::Minutes);
    for minute in [0, 1, 60, 61, 65, 66, 70] {
        world.until(at(9, minute)).await;
        // Whatever was under way is not acknowledged.
        world.restart().await;
    }
    world.until(at(24 * 5, 0)).await;
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await, 8);
    assert_eq!(world.number("SELECT count(*) FROM recordings").await, 8);
}

#[tokio::test]
async fn a_gateway_that_refuses_is_asked_ever_more_rarely_and_pauses_nobody_else() {
    let mut builder = World::with([meeting("m")]);
    builder = builder.config(|config| config.events.stream = true);
    let world = builder.start().await;
    world.fault(Fault::new(Answer::error("systemError")).on(Endpoint::OpenConnection));
    assert!(world.archive.open_stream().await.is_err());
    world.pass(hours(2)).await;
    assert_eq!(world.state("m").await, "ended");
}
