//! Recordings that are started when an event tells that a meeting begins: once each, at once, and at no harm to others.

use std::time::Duration;

use recording_archiver::catalog::register::Registration;
use recording_archiver::domain::clock::{Clock, Timestamp};
use recording_archiver::domain::conference::{ConferenceInfo, DiscoveredBy};
use recording_archiver::domain::event::{Event as Told, EventType, Happened, Push};
use recording_archiver::simulator::{Answer, Behaviour, Endpoint, Event, Fault, Host, Meeting, SecondStart};
use serde_json::json;

use crate::world::{Builder, World, at, hours, meeting, minutes};

/// Who creates the meetings of [`hosted`].
const HOST: &str = "WFBkgxxxhost";

/// A meeting from nine to ten that [`HOST`] creates.
fn hosted(id: &str) -> Meeting {
    meeting(id).creator(HOST)
}

/// A world in which events tell of meetings, and those of [`HOST`] are recorded from their start.
fn recording(meetings: impl IntoIterator<Item = Meeting>) -> Builder {
    World::with(meetings).config(|config| {
        config.watch.conferences.clear();
        config.events.stream = true;
        config.record.automatic_for = vec![HOST.to_owned()];
    })
}

async fn listening(builder: Builder) -> World {
    let mut world = builder.start().await;
    world.listen().await;
    world
}

/// When a recording was tried to be started, in seconds after nine.
fn starts(world: &World) -> Vec<u64> {
    world.calls(Endpoint::StartRecord).iter().map(|call| call.at.since(at(9, 0)).as_secs()).collect()
}

/// What became of each start, by conference.
async fn outcomes(world: &World) -> Vec<String> {
    let sql = "SELECT conference_id || ' ' || coalesce(outcome, 'pending') FROM automatic_starts ORDER BY 1";
    world.words(sql).await
}

/// The journal's lines about starting.
async fn journal(world: &World) -> Vec<String> {
    let sql = "SELECT event || ' ' || coalesce(outcome || ': ', '') || reason FROM conference_events
               WHERE endpoint = 'start' OR reason LIKE 'its recording is%' ORDER BY event_id";
    world.words(sql).await
}

fn is_recorded(world: &World, id: &str) -> bool {
    let now = world.now();
    world.simulator.with_organisation(|organisation| organisation.meeting(id).unwrap().cloud_record_status(now) == 1)
}

fn event(id: &str, event_id: &str, scene: &str, sequence: Option<i64>, started_at: Timestamp) -> Event {
    let mut data = json!({
        "openConfModel": { "conferenceId": id, "creatorId": HOST, "startTime": started_at.as_millis() },
        "changeScene": scene,
    });
    if let Some(sequence) = sequence {
        data["statusSeqNum"] = sequence.into();
    }
    Event {
        event_id: event_id.to_owned(),
        event_type: "meeting_status_change".to_owned(),
        conference_id: Some(id.to_owned()),
        born_at: started_at,
        data: data.to_string(),
    }
}

#[tokio::test]
async fn a_meeting_of_a_named_creator_is_recorded_from_its_start_for_one_call_and_archived() {
    let world = listening(recording([hosted("m"), meeting("other")])).await;
    world.until(at(9, 1)).await;
    assert!(is_recorded(&world, "m") && !is_recorded(&world, "other"));
    assert_eq!(starts(&world), [0]);
    assert_eq!(world.calls(Endpoint::StartRecord)[0].union_id.as_deref(), Some(HOST));
    assert_eq!(outcomes(&world).await, ["m ok"]);
    let told = [
        format!("decided its recording is to be started as {HOST}, who created it"),
        format!("call ok: it is recorded, asked as {HOST}"),
    ];
    assert_eq!(journal(&world).await, told);
    world.until(at(24, 0)).await;
    assert_eq!(starts(&world), [0]);
    assert_eq!((world.state("m").await.as_str(), world.recordings("m").await.len()), ("archived", 1));
    assert_eq!(world.number("SELECT calls FROM api_calls WHERE endpoint = 'start' AND outcome = 'ok'").await, 1);
}

#[tokio::test]
async fn everybodys_meetings_are_recorded_where_the_configuration_says_so_and_nobodys_where_it_says_nothing() {
    for (automatic_for, expected) in [(vec!["*".to_owned()], 2), (vec![], 0)] {
        let builder = recording([hosted("m"), meeting("other")]);
        let world = listening(builder.config(|config| config.record.automatic_for = automatic_for)).await;
        world.until(at(9, 1)).await;
        assert_eq!(starts(&world).len(), expected);
        assert_eq!(outcomes(&world).await.len(), expected);
    }
}

#[tokio::test]
async fn while_the_media_is_not_up_it_is_tried_again_in_seconds() {
    let behaviour = Behaviour { media_up_after: Duration::from_secs(20), ..Behaviour::default() };
    let world = listening(recording([hosted("m")]).behaviour(behaviour)).await;
    world.until(at(9, 1)).await;
    assert!(is_recorded(&world, "m"));
    let tried = starts(&world);
    assert!(tried.len() == 4 && tried[1] <= 4 && tried[3] <= 30, "{tried:?}");
    assert!(journal(&world).await[1].contains("it is tried again at"));
    assert_eq!(world.number("SELECT sum(calls) FROM api_calls WHERE endpoint = 'start'").await, 4);
}

#[tokio::test]
async fn a_recording_that_never_starts_is_given_up_after_some_tries() {
    let behaviour = Behaviour { media_up_after: hours(1), ..Behaviour::default() };
    let world = listening(recording([hosted("m")]).behaviour(behaviour)).await;
    world.until(at(9, 50)).await;
    assert_eq!(starts(&world).len(), 6);
    assert_eq!(outcomes(&world).await, ["m recordStartError"]);
    assert!(journal(&world).await.last().unwrap().ends_with("it is not tried again"));
}

#[tokio::test]
async fn where_no_recording_can_be_started_a_meeting_costs_two_calls_until_one_can() {
    let meetings = (0..13).map(|n| Meeting::sample(&format!("m{n:02}"), at(9 + n, 0), at(9 + n, 50)).creator(HOST));
    let behaviour = Behaviour { media_up_after: hours(1), ..Behaviour::default() };
    let world = listening(recording(meetings).behaviour(behaviour)).await;
    world.until(at(20, 55)).await;
    assert_eq!(starts(&world).len(), 10 * 6 + 2 * 2);
    world.simulator.set_behaviour(Behaviour { media_up_after: Duration::from_secs(20), ..Behaviour::default() });
    world.until(at(21, 30)).await;
    assert_eq!(starts(&world).len(), 10 * 6 + 3 * 2);
    assert_eq!(outcomes(&world).await.last().unwrap(), "m12 ok");
}

#[tokio::test]
async fn what_will_not_change_is_written_down_and_ends_it() {
    let behaviour = Behaviour { host: Host::Another, ..Behaviour::default() };
    let world = listening(recording([hosted("m")]).behaviour(behaviour)).await;
    world.until(at(9, 50)).await;
    assert_eq!(starts(&world), [0]);
    assert_eq!(outcomes(&world).await, ["m recordStartPermissionError"]);
    assert!(journal(&world).await[1].starts_with("call recordStartPermissionError"));

    let world = listening(recording([hosted("m")])).await;
    world.simulator.stream().cover(0);
    world.until(at(10, 1)).await;
    world.simulator.stream().push(event("m", "e1", "conference_created", Some(1), at(9, 0)));
    world.pass(minutes(9)).await;
    assert_eq!(outcomes(&world).await, ["m roomClosed"]);
    assert_eq!(starts(&world).len(), 1);
}

#[tokio::test]
async fn events_that_are_repeated_or_come_after_the_end_start_nothing() {
    let world = listening(recording([hosted("m"), hosted("n"), hosted("o")])).await;
    let stream = world.simulator.stream();
    stream.cover(0);
    world.until(at(9, 1)).await;
    for (event_id, sequence) in [("e1", Some(1)), ("e1", Some(1)), ("e2", Some(2)), ("e3", None)] {
        stream.push(event("m", event_id, "conference_created", sequence, at(9, 0)));
        world.pass(minutes(1)).await;
    }
    assert_eq!((outcomes(&world).await, starts(&world).len()), (vec!["m ok".to_owned()], 1));
    // In one burst, and the wrong way round: with and without numbers.
    stream.push(event("n", "e4", "conference_closed", Some(2), at(9, 0)));
    stream.push(event("n", "e5", "conference_created", Some(1), at(9, 0)));
    stream.push(event("o", "e6", "conference_closed", None, at(9, 0)));
    stream.push(event("o", "e7", "conference_created", None, at(9, 0)));
    world.pass(minutes(1)).await;
    assert_eq!((outcomes(&world).await, starts(&world).len()), (vec!["m ok".to_owned()], 1));
}

#[tokio::test]
async fn a_meeting_that_is_told_to_be_over_before_it_could_be_recorded_is_not_asked_about() {
    let world = listening(recording([hosted("m")])).await;
    let stream = world.simulator.stream();
    stream.cover(0);
    world.until(at(9, 1)).await;
    stream.push(event("m", "e1", "conference_created", Some(1), at(9, 0)));
    stream.push(event("m", "e2", "conference_closed", Some(2), at(9, 0)));
    world.pass(minutes(1)).await;
    assert_eq!((outcomes(&world).await, starts(&world).len()), (vec!["m dropped".to_owned()], 0));
    assert_eq!(journal(&world).await[1], "decided its recording is not started: the meeting is over");
}

#[tokio::test]
async fn a_meeting_that_begins_anew_is_recorded_anew() {
    let world = listening(recording([hosted("m").again(at(33, 0), at(34, 0))])).await;
    world.until(at(33, 1)).await;
    assert!(is_recorded(&world, "m"));
    assert_eq!(starts(&world), [0, 24 * 3_600]);
}

#[tokio::test]
async fn what_was_taken_in_before_a_crash_is_started_once_after_it() {
    let mut world = listening(recording([hosted("m")])).await;
    world.until(at(9, 0) - Duration::from_secs(1)).await;
    world.clock.advance_to(at(9, 0));
    world.simulator.deliver().await;
    assert_eq!((outcomes(&world).await, starts(&world).len()), (vec!["m pending".to_owned()], 0));
    world.restart().await;
    world.pass(minutes(1)).await;
    world.restart().await;
    world.pass(minutes(10)).await;
    assert_eq!((outcomes(&world).await, starts(&world).len()), (vec!["m ok".to_owned()], 1));
}

#[tokio::test]
async fn a_start_whose_answer_was_lost_is_asked_again_and_records_once_whatever_is_answered_then() {
    for (second_start, outcome) in [(SecondStart::Accepted, "m ok"), (SecondStart::Refused, "m recordStartError")] {
        let behaviour = Behaviour { second_start, ..Behaviour::default() };
        let world = listening(recording([hosted("m")]).behaviour(behaviour)).await;
        world.fault(Fault::new(Answer::Cut).on(Endpoint::StartRecord).times(1));
        world.until(at(9, 50)).await;
        assert_eq!(outcomes(&world).await, [outcome]);
        assert!(starts(&world).len() <= 6, "{:?}", starts(&world));
        let recordings = world.simulator.with_organisation(|all| all.meeting("m").unwrap().recordings.len());
        assert_eq!(recordings, 1);
    }
}

#[tokio::test]
async fn a_scope_that_is_missing_pauses_starting_alone_and_a_pause_that_ends_in_time_is_caught_up_with() {
    let world = listening(recording([hosted("m"), hosted("n").recorded(minutes(5))])).await;
    let missing = Answer::scope_missing(&["VideoConference.Conference.Write"]);
    world.fault(Fault::new(missing).on(Endpoint::StartRecord).until(at(9, 4)));
    world.until(at(9, 4)).await;
    assert!(starts(&world).len() <= 2, "those under way when the pause began");
    assert_eq!(outcomes(&world).await, ["m pending", "n pending"]);
    assert_eq!(world.words("SELECT scope FROM pauses").await, ["start"]);
    world.until(at(9, 6)).await;
    assert_eq!(outcomes(&world).await[0], "m ok");
    assert!(is_recorded(&world, "m"));
}

#[tokio::test]
async fn a_recording_that_cannot_be_started_for_an_hour_is_not_started_any_more() {
    let long = Meeting::sample("m", at(9, 0), at(14, 0)).creator(HOST);
    let world = listening(recording([long])).await;
    world.fault(Fault::new(Answer::scope_missing(&["x"])).on(Endpoint::StartRecord));
    world.until(at(13, 0)).await;
    assert_eq!(outcomes(&world).await, ["m dropped"]);
    assert!(
        starts(&world).iter().all(|seconds| *seconds <= 3_600) && starts(&world).len() <= 5,
        "{:?}",
        starts(&world)
    );
}

#[tokio::test]
async fn a_hundred_meetings_that_start_at_once_are_all_recorded_and_make_no_look_late() {
    const LOOKS: Duration = Duration::from_secs(10);
    let meetings = (0..100).map(|n| hosted(&format!("m{n:02}")));
    let builder = recording(meetings).config(|config| {
        config.discover.organization = true;
        config.discover.interval = Some(LOOKS);
        config.poll.interval = Some(LOOKS);
        config.dingtalk.requests_per_second = 4.try_into().unwrap();
    });
    let world = listening(builder).await;
    world.until(at(9, 2)).await;
    assert_eq!(world.number("SELECT count(*) FROM automatic_starts WHERE outcome = 'ok'").await, 100);
    assert_eq!(starts(&world).len(), 100);
    let looks: Vec<Timestamp> = world.calls(Endpoint::OrgConferences).iter().map(|call| call.at).collect();
    let longest = looks.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap();
    assert!(longest <= LOOKS + Duration::from_secs(3), "{longest:?}");
    let last = *starts(&world).iter().max().unwrap();
    assert!(last <= 45, "the rest is not put off: {last} s");
}

#[tokio::test]
async fn lists_that_are_being_read_give_way_to_a_recording_that_is_to_be_started() {
    let old = |n: usize| Meeting::sample(&format!("old{n}"), at(1, 0), at(2, 0)).recorded(minutes(1));
    let meetings = (0..200).map(old).chain([hosted("m")]);
    let world = recording(meetings).config(|config| config.collect.first_delay = Duration::ZERO).start().await;
    let registered =
        (0..200).map(|n| Registration { conference_id: format!("old{n}"), union_id: Some(HOST.to_owned()) });
    world.catalog.register(&registered.collect::<Vec<_>>(), DiscoveredBy::Cli, world.now()).await.unwrap();
    world.meddle("UPDATE conferences SET state = 'ended', next_attempt_at = 0, ended_at = 0").await;
    world
        .meddle("INSERT INTO conference_waits SELECT conference_id, 0, 0, NULL, NULL, 0, NULL, NULL FROM conferences")
        .await;
    world.clock.advance_to(at(9, 0));
    let told = async {
        while world.calls(Endpoint::GetVideos).len() < 20 {
            tokio::task::yield_now().await;
        }
        let info = ConferenceInfo { creator_union_id: Some(HOST.to_owned()), ..ConferenceInfo::default() };
        let event = Told { conference_id: "m".to_owned(), happened: Happened::Began, sequence: None, info };
        let event_type = EventType::MeetingStatusChange;
        let push = Push { event_id: "e".to_owned(), event_type, event: Some(event) };
        world.archive.take_in(&[push], world.wall.now()).await.unwrap();
    };
    let (_, ()) = tokio::join!(world.tick(), told);
    let read = world.calls(Endpoint::GetVideos).len();
    assert!(read < 100, "{read} lists were read first");
    world.tick().await;
    assert_eq!(outcomes(&world).await, ["m ok"]);
    assert_eq!(world.calls(Endpoint::GetVideos).len(), 200, "and nothing of them is put off");
}

#[tokio::test]
async fn a_recording_is_started_with_the_last_calls_of_the_month() {
    let world = listening(recording([hosted("m")]).config(|config| config.quota.calls_per_month = 100)).await;
    world.meddle("INSERT INTO api_calls VALUES ('2026-06-01', 'getVideos', 'ok', 95)").await;
    world.until(at(9, 1)).await;
    assert_eq!(outcomes(&world).await, ["m ok"]);
    world.meddle("UPDATE api_calls SET calls = 100 WHERE endpoint = 'getVideos'").await;
    world
        .simulator
        .with_organisation(|organisation| organisation.add(Meeting::sample("n", at(9, 5), at(10, 0)).creator(HOST)));
    world.until(at(9, 10)).await;
    assert_eq!((outcomes(&world).await, starts(&world).len()), (vec!["m ok".to_owned(), "n pending".to_owned()], 1));
}

#[tokio::test]
async fn a_clock_that_is_set_back_puts_no_start_off() {
    let behaviour = Behaviour { media_up_after: Duration::from_secs(5), ..Behaviour::default() };
    let world = listening(recording([hosted("m")]).behaviour(behaviour)).await;
    world.wall.set_off_by(3 * 3_600_000);
    world.clock.advance_to(at(9, 0));
    world.simulator.deliver().await;
    world.tick().await;
    assert_eq!((outcomes(&world).await, starts(&world).len()), (vec!["m pending".to_owned()], 1));
    world.wall.set_off_by(0);
    for minute in [1, 2] {
        world.clock.advance_to(at(9, minute));
        world.tick().await;
    }
    assert_eq!(outcomes(&world).await, ["m ok"]);
}
