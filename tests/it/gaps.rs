//! Times in which nobody looked: what is written down of them, what is found of them afterwards, and what that costs.

use recording_archiver::archive::notices;
use recording_archiver::cli::wiring;
use recording_archiver::domain::notice::Kind;
use recording_archiver::simulator::{Answer, Behaviour, Endpoint, Fault, Histories, Meeting, Organisation, Plan};
use serde_json::json;

use crate::world::{Builder, MIDNIGHT, World, at, hours, meeting, minutes};

use Endpoint::{RoomCodeInfos, ScheduleInfos, ScheduledConferences};

const GAPS: &str =
    "SELECT reason || ' ' || found || CASE WHEN is_complete THEN ' complete' ELSE '' END FROM watch_gaps";
const UNSEARCHED: &str = "SELECT count(*) FROM watch_gaps WHERE searched_at IS NULL";
const HISTORY: &str =
    "SELECT conference_id || ' ' || state FROM conferences WHERE discovered_by = 'history' ORDER BY 1";
const HOUR_MS: i64 = 3_600_000;

/// One that is seen, and shares its room code with those that are missed.
fn seen() -> Meeting {
    meeting("seen")
}

/// One from eleven to half past, in the room with this code.
fn missed(id: &str, room_code: &str) -> Meeting {
    let mut meeting = Meeting::sample(id, at(11, 0), at(11, 30));
    room_code.clone_into(&mut meeting.room_code);
    meeting.recorded(minutes(5))
}

fn room() -> String {
    seen().room_code
}

/// A world whose organisation's list is read.
fn listing(meetings: impl IntoIterator<Item = Meeting>) -> Builder {
    World::with(meetings).listing()
}

/// The daemon does not run from half past ten to noon.
async fn down(world: &mut World) {
    world.until(at(10, 30)).await;
    world.clock.advance_to(at(12, 0));
    world.restart().await;
}

/// The same, and it works for an hour since.
async fn down_and_up(world: &mut World) {
    down(world).await;
    world.pass(hours(1)).await;
}

#[tokio::test]
async fn a_daemon_that_was_down_leaves_one_gap_from_its_last_look_to_its_next() {
    let mut world = listing([seen()]).start().await;
    down_and_up(&mut world).await;
    world.restart().await;
    world.pass(hours(1)).await;
    assert_eq!(world.words(GAPS).await, ["down 0"]);
    let began = world.number("SELECT began_at FROM watch_gaps").await;
    assert!(began > at(10, 14).as_millis() && began <= at(10, 30).as_millis(), "{began}");
    assert_eq!(world.number("SELECT ended_at FROM watch_gaps").await / 1_000, at(12, 0).as_millis() / 1_000);
    assert_eq!(world.catalog.verify().await.unwrap(), []);
}

#[tokio::test]
async fn a_restart_within_twice_the_interval_is_no_gap() {
    let mut world = listing([seen()]).start().await;
    world.until(at(10, 30)).await;
    world.clock.advance_to(world.now() + minutes(10));
    world.restart().await;
    world.pass(hours(1)).await;
    assert_eq!(world.words(GAPS).await, [""; 0]);
}

#[tokio::test]
async fn a_recurring_meeting_is_found_by_its_room_code_and_read_like_any_other() {
    let mut world = listing([seen(), missed("again", &room())]).start().await;
    down_and_up(&mut world).await;
    assert_eq!(world.words(GAPS).await, ["down 1"]);
    assert_eq!(world.number(UNSEARCHED).await, 0);
    assert_eq!(world.calls(RoomCodeInfos).len(), 1);
    world.until(at(24 * 5, 0)).await;
    assert_eq!(world.words(HISTORY).await, ["again archived"]);
    assert_eq!(world.recordings("again").await.len(), 1);
    assert_eq!(world.calls(RoomCodeInfos).len(), 1, "what is searched is not searched again");
    assert_eq!(world.ledger().await, world.simulator.metered_calls());
    assert_eq!(world.catalog.verify().await.unwrap(), []);
}

#[tokio::test]
async fn a_meeting_that_nobody_registered_stays_unseen_and_somebody_is_told() {
    let mut world = listing([seen(), missed("instant", "999888777")]).start().await;
    down_and_up(&mut world).await;
    assert_eq!(world.words(GAPS).await, ["down 0"]);
    assert_eq!(world.words(HISTORY).await, [""; 0]);
    let settings = wiring::settings(&world.config());
    let told = async |world: &World| {
        let conditions = notices::update(&world.catalog, &settings, 0, world.now()).await.unwrap();
        conditions.into_iter().filter(|it| it.kind == Kind::Gap).map(|it| it.what).collect::<Vec<_>>()
    };
    let [what] = told(&world).await.try_into().unwrap();
    assert!(what.contains("the daemon did not run; searched: known rooms and bookings; 0 found"), "{what}");
    world.until(at(24 * 9, 0)).await;
    assert_eq!(told(&world).await, [""; 0], "it is over after a week");
}

#[tokio::test]
async fn where_past_meetings_are_listed_every_one_is_found_and_nothing_else_is_asked() {
    let open = Behaviour { histories: Histories::Open, ..Behaviour::default() };
    let meetings = (0..50).map(|n| missed(&format!("instant{n:02}"), &format!("{n:09}")));
    let mut world = listing(meetings.chain([seen()])).behaviour(open).start().await;
    down_and_up(&mut world).await;
    assert_eq!(world.words(GAPS).await, ["down 50 complete"]);
    assert_eq!(world.calls(Endpoint::Histories).len(), 3, "twenty on a page");
    assert_eq!(world.calls(RoomCodeInfos).len(), 0);
    world.until(at(24 * 5, 0)).await;
    let archived = "SELECT count(*) FROM conferences WHERE discovered_by = 'history' AND state = 'archived'";
    assert_eq!(world.number(archived).await, 50);
}

#[tokio::test]
async fn that_past_meetings_are_not_listed_is_remembered_for_a_month_and_pauses_nothing() {
    let mut world = listing([seen()]).start().await;
    for (day, asked) in [(0, 1), (1, 1), (2, 2)] {
        if day == 2 {
            world.meddle("UPDATE histories_refusal SET refused_at = refused_at - 29 * 86400000").await;
        }
        world.until(at(24 * day + 10, 30)).await;
        world.clock.advance_to(at(24 * day + 12, 0));
        world.restart().await;
        world.pass(hours(1)).await;
        assert_eq!(world.calls(Endpoint::Histories).len(), asked, "day {day}");
        assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0);
    }
    assert_eq!(world.number("SELECT count(*) FROM watch_gaps WHERE searched_at IS NOT NULL").await, 3);
}

#[tokio::test]
async fn a_booking_without_a_known_room_code_is_asked_for_it_or_else_for_its_last_meeting() {
    for refused in [false, true] {
        let mut booked = missed("booked", "555666777").booked(at(8, 0));
        booked.schedule_conference_id = Some("schedule-1".to_owned());
        let mut world = listing([seen(), booked]).start().await;
        world.until(at(9, 20)).await;
        world.meddle("UPDATE conferences SET room_code = NULL, schedule_conference_id = 'schedule-1'").await;
        if refused {
            world.fault(Fault::new(Answer::error("userNotInOrg")).on(ScheduleInfos));
        }
        down(&mut world).await;
        world.meddle("UPDATE conferences SET room_code = NULL").await;
        world.pass(hours(1)).await;
        assert_eq!(world.words(GAPS).await, ["down 1"], "refused: {refused}");
        assert_eq!(world.calls(ScheduleInfos).len(), 1);
        assert_eq!(world.calls(ScheduledConferences).len(), usize::from(refused));
        assert_eq!(world.asked(RoomCodeInfos, "555666777").len(), usize::from(!refused));
    }
}

#[tokio::test]
async fn a_room_code_that_brings_only_errors_keeps_no_other_and_is_not_asked_for_ever() {
    let mut poisonous = seen();
    "poisonous".clone_into(&mut poisonous.conference_id);
    "666".clone_into(&mut poisonous.room_code);
    let mut world = listing([seen(), poisonous, missed("again", &room())]).start().await;
    world.fault(Fault::new(Answer::error("systemError")).on(RoomCodeInfos).conference("666"));
    down_and_up(&mut world).await;
    assert_eq!(world.words(HISTORY).await.len(), 1);
    world.pass(hours(24)).await;
    assert_eq!(world.asked(RoomCodeInfos, "666").len(), 3);
    assert_eq!(world.number("SELECT unanswered FROM watch_gaps WHERE searched_at IS NOT NULL").await, 1);
    assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0);
}

#[tokio::test]
async fn a_room_code_that_is_unknown_by_now_has_no_meetings() {
    let mut world = listing([seen()]).start().await;
    world.fault(Fault::new(Answer::error("invalidRoomCode")).on(RoomCodeInfos));
    down_and_up(&mut world).await;
    assert_eq!(world.calls(RoomCodeInfos).len(), 1);
    assert_eq!(world.number("SELECT unanswered FROM watch_gaps WHERE searched_at IS NOT NULL").await, 0);
}

/// An entry of a room code's list, from eleven to half past.
fn entry(id: &str, status: i64) -> serde_json::Value {
    let (from, to) = (at(11, 0).as_millis(), at(11, 30).as_millis());
    json!({ "conferenceId": id, "status": status, "startTime": from, "endTime": to })
}

#[tokio::test]
async fn an_odd_list_costs_no_more_than_its_pages_and_what_it_may_show() {
    let mut world = listing([seen()]).start().await;
    let list: Vec<_> = (0..5_000).map(|n| entry(&format!("odd{n}"), 1)).collect();
    let body = json!({ "conferenceList": list, "nextToken": "for ever" }).to_string();
    world.fault(Fault::new(Answer::Raw { status: 200, body }).on(RoomCodeInfos));
    world.fault(Fault::new(Answer::error("roomNotFound")).on(Endpoint::ConferenceInfo));
    down_and_up(&mut world).await;
    assert_eq!(world.calls(RoomCodeInfos).len(), 2, "the second page asks for itself");
    assert_eq!(world.number("SELECT found FROM watch_gaps WHERE unanswered = 1").await, 100);
}

#[tokio::test]
async fn what_did_not_end_in_the_gap_or_has_no_time_or_no_id_is_not_found() {
    let mut world = listing([seen()]).start().await;
    let mut early = entry("early", 1);
    early["endTime"] = json!(at(8, 0).as_millis());
    let list = json!([
        early,
        entry("in progress", 2),
        entry("bad id", 1),
        { "conferenceId": "timeless", "status": 1 },
        { "status": 1 },
        null,
        entry("good", 1),
        entry("good", 1),
    ]);
    let body = json!({ "conferenceList": list, "hasMore": false, "nextToken": "1" }).to_string();
    world.fault(Fault::new(Answer::Raw { status: 200, body }).on(RoomCodeInfos));
    down_and_up(&mut world).await;
    assert_eq!(world.calls(RoomCodeInfos).len(), 1);
    assert_eq!(world.words("SELECT conference_id FROM conferences WHERE discovered_by = 'history'").await, ["good"]);
    assert_eq!(world.words(GAPS).await, ["down 1"]);
}

#[tokio::test]
async fn a_search_that_is_cut_short_goes_on_where_it_was_and_finds_nothing_twice() {
    let known = (0..60).map(|n| {
        let mut meeting = meeting(&format!("seen{n:02}"));
        meeting.room_code = format!("{n:09}");
        meeting
    });
    let missed = (0..60).map(|n| missed(&format!("again{n:02}"), &format!("{n:09}")));
    let mut world = listing(known.chain(missed)).start().await;
    down(&mut world).await;
    world.tick().await;
    let first = world.calls(RoomCodeInfos).len();
    assert!((30..60).contains(&first), "{first}");
    world.restart().await;
    world.pass(hours(1)).await;
    assert_eq!(world.calls(RoomCodeInfos).len(), 60);
    assert_eq!(world.words(GAPS).await, ["down 60"]);
    world.meddle("UPDATE watch_gaps SET searched_at = NULL").await;
    world.restart().await;
    world.pass(hours(1)).await;
    assert_eq!(world.calls(RoomCodeInfos).len(), 120);
    assert_eq!(world.words(GAPS).await, ["down 60"]);
    assert_eq!(world.number("SELECT count(*) FROM conferences").await, 120);
}

#[tokio::test]
async fn a_search_takes_no_call_that_collecting_or_looking_needs() {
    let world = listing([seen().recorded(minutes(1))]);
    let world = world.config(|config| config.quota.calls_per_month = 5_000).start().await;
    world.until(at(10, 5)).await;
    world
        .meddle("INSERT INTO api_calls (day, endpoint, outcome, calls) VALUES ('2026-06-01', 'get', 'ok', 4400)")
        .await;
    world.catalog.ask_for(at(9, 0), at(10, 5)).await.unwrap();
    world.pass(hours(24)).await;
    assert_eq!(world.number(UNSEARCHED).await, 1);
    assert_eq!((world.calls(RoomCodeInfos).len(), world.calls(Endpoint::Histories).len()), (0, 0));
    world.until(at(24 * 5, 0)).await;
    assert_eq!(world.state("seen").await, "archived");
}

/// A world that was looked at until `from`, and what goes wrong with its lists then.
async fn trouble(answer: Answer) -> World {
    let world = listing([seen()]).start().await;
    let fault = Fault::new(answer).on(Endpoint::OrgConferences).from(at(10, 0)).until(at(15, 0));
    world.fault(fault);
    world.until(at(48, 0)).await;
    world
}

#[tokio::test]
async fn a_gap_says_why_nobody_looked() {
    for (answer, reason) in [
        (Answer::quota_spent(), "spent 0"),
        (Answer::scope_missing(&["VideoConference.Conference.Read"]), "paused 0"),
        (Answer::error("noPermission"), "failed 0"),
    ] {
        let world = trouble(answer).await;
        assert_eq!(world.words(GAPS).await, [reason]);
    }
}

#[tokio::test]
async fn where_nothing_looks_for_meetings_there_is_no_gap() {
    let mut world = World::with([seen()]).start().await;
    down_and_up(&mut world).await;
    assert_eq!(world.words(GAPS).await, [""; 0]);
    // Nor for the time before somebody looked for the first time, or did again.
    world.reconfigure(|config| config.discover.organization = true).await;
    world.pass(hours(1)).await;
    world.reconfigure(|config| config.discover.organization = false).await;
    world.pass(hours(24)).await;
    world.reconfigure(|config| config.discover.organization = true).await;
    world.pass(hours(1)).await;
    assert_eq!(world.words(GAPS).await, [""; 0]);
}

/// Forty passes, one a minute.
async fn ticks(world: &World) {
    for _ in 0..40 {
        world.clock.advance_to(world.now() + minutes(1));
        world.tick().await;
    }
}

#[tokio::test]
async fn a_clock_that_is_set_makes_no_gap_and_hides_none() {
    for off_by_ms in [-30 * HOUR_MS, 30 * HOUR_MS] {
        let mut world = listing([seen()]).start().await;
        world.until(at(10, 0)).await;
        for off_by_ms in [off_by_ms, 0] {
            world.wall.set_off_by(off_by_ms);
            ticks(&world).await;
        }
        assert_eq!(world.words(GAPS).await, [""; 0], "off by {off_by_ms} ms");
        world.until(at(24 * 3, 0)).await;
        world.clock.advance_to(world.now() + hours(3));
        world.restart().await;
        world.wall.set_off_by(off_by_ms);
        ticks(&world).await;
        assert_eq!(world.number("SELECT (ended_at - began_at) / 3600000 FROM watch_gaps").await, 3);
    }
}

#[tokio::test]
async fn looking_that_is_stretched_so_that_the_calls_last_leaves_no_gap() {
    let plan = Plan { seed: 6, meetings: 120, days: 10, first_day: MIDNIGHT };
    let world = World::of(Organisation::generate(&plan)).listing().starting(MIDNIGHT);
    let world = world.config(|config| config.quota.calls_per_month = 900).start().await;
    world.until(at(24 * 14, 0)).await;
    assert!(world.calls(Endpoint::OrgConferences).len() < 14 * 24, "it was stretched");
    assert_eq!(world.words(GAPS).await, [""; 0]);
}

/// A world in which nothing but events tells of meetings, at ten.
async fn told() -> World {
    let builder = World::with([seen()]).config(|config| {
        config.watch.conferences.clear();
        config.events.stream = true;
    });
    let mut world = builder.start().await;
    world.listen().await;
    world.until(at(10, 0)).await;
    world
}

#[tokio::test]
async fn while_no_event_can_arrive_and_nothing_else_looks_there_is_a_gap() {
    let mut world = told().await;
    world.until(at(14, 0)).await;
    world.hang_up();
    world.archive.stream_closed("the socket died", world.now()).await.unwrap();
    world.until(at(17, 0)).await;
    world.listen().await;
    world.until(at(24, 0)).await;
    assert_eq!(world.words(GAPS).await, ["disconnected 0"]);
    assert_eq!(world.number("SELECT (ended_at - began_at) / 3600000 FROM watch_gaps").await, 3);
}

#[tokio::test]
async fn a_daemon_that_is_killed_while_events_come_leaves_a_gap_from_its_last_sign_of_life() {
    let mut world = told().await;
    world.until(at(14, 0)).await;
    world.archive.stream_lives(world.now()).await.unwrap();
    world.hang_up();
    world.clock.advance_to(at(20, 0));
    world.restart().await;
    world.listen().await;
    world.is_written("SELECT count(*) FROM watch_gaps").await;
    assert_eq!(world.words(GAPS).await, ["down 0"]);
    assert_eq!(world.number("SELECT (ended_at - began_at) / 3600000 FROM watch_gaps").await, 6);
}

#[tokio::test]
async fn gaps_that_touch_are_one_and_what_is_asked_for_is_another() {
    let mut world = listing([seen()]).start().await;
    world.until(at(10, 30)).await;
    for hour in [14, 18] {
        world.clock.advance_to(at(hour, 0));
        world.restart().await;
        world.tick().await;
    }
    assert_eq!(world.words(GAPS).await, ["down 0"]);
    for (from, to) in [(9, 12), (11, 13)] {
        world.catalog.ask_for(at(from, 0), at(to, 0)).await.unwrap();
    }
    assert_eq!(world.words("SELECT reason FROM watch_gaps ORDER BY 1").await, ["asked", "down"]);
    assert_eq!(world.catalog.verify().await.unwrap(), []);
}

#[tokio::test]
async fn a_meeting_that_began_anew_in_the_gap_is_read_again() {
    let mut world = listing([seen().recorded(minutes(1))]).start().await;
    world.until(at(24 * 5 + 10, 30)).await;
    assert_eq!(world.state("seen").await, "archived");
    world.change("seen", |meeting| {
        *meeting = meeting.clone().again(at(24 * 5 + 11, 0), at(24 * 5 + 11, 30));
    });
    world.clock.advance_to(at(24 * 5 + 12, 0));
    world.restart().await;
    world.pass(hours(1)).await;
    assert_eq!(world.conference("seen").await.ended_at, Some(at(24 * 5 + 11, 30).as_millis()));
    assert_eq!(world.words(GAPS).await, ["down 0"], "it was known");
    assert_eq!(world.catalog.verify().await.unwrap(), []);
}
