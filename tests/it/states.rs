//! The life of a conference: what moves it from state to state, and what does not.

use recording_archiver::simulator::{AcceptedUnionIds, Answer, Behaviour, Endpoint, Fault, Meeting, RecordStatus};

use crate::world::{MIDNIGHT, World, at, hours, meeting, minutes};

#[tokio::test]
async fn a_conference_waits_until_it_starts() {
    let world =
        World::with([meeting("a").booked(at(8, 0)), Meeting::sample("b", at(20, 0), at(21, 0)).booked(at(8, 0))])
            .start()
            .await;
    world.until(at(8, 59)).await;
    world.tick().await;
    assert_eq!([world.state("a").await, world.state("b").await], ["waiting", "waiting"]);
    world.until(at(9, 6)).await;
    assert_eq!([world.state("a").await, world.state("b").await], ["active", "waiting"]);
    assert_eq!(world.asked(Endpoint::ConferenceInfo, "b").len(), 1, "its planned start says when to ask again");
}

#[tokio::test]
async fn a_waiting_conference_that_the_batch_shows_is_active() {
    let world = World::with([meeting("a")]).starting(at(9, 1)).start().await;
    world.tick().await;
    let row = world.conference("a").await;
    assert_eq!((row.state.as_str(), row.last_active_at), ("active", Some(at(9, 1).as_millis())));
    assert!(world.calls(Endpoint::ConferenceInfo).is_empty(), "the batch is proof enough that it goes on");
}

#[tokio::test]
async fn a_waiting_conference_that_the_listing_shows_is_active_without_another_call() {
    let world = World::with([meeting("a")]).listing().watching("a", None).starting(at(9, 1)).start().await;
    world.tick().await;
    let row = world.conference("a").await;
    assert_eq!((row.state.as_str(), row.title.as_deref()), ("active", Some("Sample meeting")));
    assert_eq!(row.discovered_by, "config");
    assert_eq!(world.simulator.metered_calls(), 1);
}

#[tokio::test]
async fn a_conference_nobody_registered_is_found_by_the_listing() {
    let world = World::with([meeting("a").unregistered()]).listing().starting(at(9, 1)).start().await;
    world.tick().await;
    let row = world.conference("a").await;
    assert_eq!((row.state.as_str(), row.discovered_by.as_str()), ("active", "organization"));
    assert_eq!((row.creator_nick.as_deref(), row.started_at), (Some("Colleague 1"), Some(at(9, 0).as_millis())));
}

#[tokio::test]
async fn a_conference_of_a_configured_user_is_found_and_that_user_is_asked_as() {
    let meeting = meeting("a").unregistered().attended_by("attendee").recorded(minutes(1));
    let world = World::with([meeting])
        .config(|config| config.discover.users = vec!["attendee".to_owned(), "stranger".to_owned()])
        .start()
        .await;
    world.until(at(12, 0)).await;
    let row = world.conference("a").await;
    assert_eq!((row.discovered_by.as_str(), row.union_id_hint.as_deref()), ("user", Some("attendee")));
    assert_eq!(row.state, "archived");
    let asked = world.asked(Endpoint::GetVideos, "a");
    assert_eq!(asked[0].union_id.as_deref(), Some("attendee"));
}

#[tokio::test]
async fn a_meeting_too_short_to_be_seen_in_progress_is_archived_all_the_same() {
    let short = Meeting::sample("short", at(9, 1), at(9, 3)).booked(at(8, 0)).recorded(minutes(1));
    let world = World::with([short]).config(|config| config.poll.interval = Some(minutes(10))).start().await;
    world.until(at(9, 30)).await;
    let row = world.conference("short").await;
    assert_eq!((row.state.as_str(), row.last_active_at), ("ended", None));
    world.until(at(12, 0)).await;
    assert_eq!(world.state("short").await, "archived");
    assert_eq!(world.recordings("short").await.len(), 1);
}

#[tokio::test]
async fn a_conference_missing_from_the_batch_is_confirmed_before_it_ends() {
    let world = World::with([meeting("a")]).start().await;
    world.until(at(9, 59)).await;
    let before = world.calls(Endpoint::ConferenceInfo).len();
    world.fault(Fault::new(Answer::error("systemError")).on(Endpoint::ConferenceInfo).times(1));
    world.until(at(10, 6)).await;
    assert_eq!(world.state("a").await, "active", "nothing has confirmed the end yet");
    world.until(at(10, 30)).await;
    let row = world.conference("a").await;
    assert_eq!(row.state, "ended");
    assert_eq!((row.ended_at, row.duration_ms), (Some(at(10, 0).as_millis()), Some(3_600_000)));
    assert_eq!(world.calls(Endpoint::ConferenceInfo).len(), before + 2);
}

#[tokio::test]
async fn a_conference_that_goes_on_outside_the_batch_is_not_ended() {
    let world = World::with([meeting("a")]).starting(at(9, 1)).start().await;
    world.tick().await;
    let nobody = Answer::Raw { status: 200, body: r#"{"infos":[]}"#.to_owned() };
    world.fault(Fault::new(nobody).on(Endpoint::Query).until(at(9, 50)));
    world.until(at(9, 49)).await;
    assert_eq!(world.state("a").await, "active");
    let suspicions = world.asked(Endpoint::ConferenceInfo, "a").len();
    assert!((1..=5).contains(&suspicions), "confirmed, and ever more rarely: {suspicions}");
    world.until(at(11, 0)).await;
    assert_eq!(world.state("a").await, "ended");
}

#[tokio::test]
async fn nothing_listed_is_unrecorded_only_at_the_deadline() {
    for record_status in [RecordStatus::Truthful, RecordStatus::Absent] {
        let behaviour = Behaviour { record_status, ..Behaviour::default() };
        let world = World::with([meeting("a")]).behaviour(behaviour).start().await;
        world.until(at(10 + 71, 59)).await;
        assert_eq!(world.state("a").await, "ended");
        world.until(at(10 + 73, 0)).await;
        let row = world.conference("a").await;
        assert_eq!((row.state.as_str(), row.next_attempt_at), ("unrecorded", None));
        let last = world.asked(Endpoint::GetVideos, "a").pop().unwrap();
        assert!(last.at >= at(10 + 72, 0), "read a last time at the deadline, not before: {}", last.at);
    }
}

#[tokio::test]
async fn a_conference_that_nobody_may_see_needs_a_person() {
    let refusing =
        meeting("a").owner("owner").creator("creator").recorded(minutes(1)).refuses("owner").refuses("creator");
    let world = World::with([refusing, meeting("b").recorded(minutes(1))])
        .config(|config| config.dingtalk.fallback_union_id = Some("fallback".to_owned()))
        .behaviour(Behaviour { accepted_union_ids: AcceptedUnionIds::OwnerAndCreator, ..Behaviour::default() })
        .watching("a", Some("hint"))
        .start()
        .await;
    world.until(at(12, 0)).await;
    let row = world.conference("a").await;
    assert_eq!((row.state.as_str(), row.last_error_code.as_deref()), ("failed", Some("permissionError")));
    let asked: Vec<_> = world.asked(Endpoint::GetVideos, "a").into_iter().filter_map(|call| call.union_id).collect();
    assert_eq!(asked, ["hint", "owner", "creator", "fallback"], "each is asked as, in turn and once");
    assert_eq!(world.state("b").await, "archived");
}

#[tokio::test]
async fn a_conference_for_which_there_is_nobody_to_ask_as_needs_a_person() {
    let body = format!(r#"{{"confInfo":{{"status":1,"endTime":{}}}}}"#, at(10, 0).as_millis());
    let world = World::with([meeting("a")]).starting(at(10, 1)).start().await;
    world.fault(Fault::new(Answer::Raw { status: 200, body }).on(Endpoint::ConferenceInfo));
    world.until(at(11, 0)).await;
    let row = world.conference("a").await;
    assert_eq!((row.state.as_str(), row.last_error_code.as_deref()), ("failed", Some("noUnionId")));
    assert!(world.calls(Endpoint::GetVideos).is_empty());
}

#[tokio::test]
async fn an_unknown_conference_fails_alone() {
    let world = World::with([meeting("a").recorded(minutes(1)), meeting("b")]).watching("nonsense", None).start().await;
    world.until(at(9, 10)).await;
    let row = world.conference("nonsense").await;
    assert_eq!((row.state.as_str(), row.last_error_code.as_deref()), ("failed", Some("roomNotFound")));
    assert_eq!([world.state("a").await, world.state("b").await], ["active", "active"]);
    world.until(at(12, 0)).await;
    assert_eq!([world.state("a").await, world.state("b").await], ["archived", "ended"]);
    assert_eq!(world.asked(Endpoint::ConferenceInfo, "nonsense").len(), 1);
}

#[tokio::test]
async fn a_retry_reads_a_closed_conference_anew() {
    let world = World::with([meeting("late").recorded(hours(100)), meeting("kept").recorded(minutes(1))]).start().await;
    world.until(at(10 + 90, 0)).await;
    assert_eq!([world.state("late").await, world.state("kept").await], ["unrecorded", "archived"]);
    world.until(at(10 + 101, 0)).await;
    let refused = world.catalog.retry(&["late".to_owned(), "kept".to_owned()], world.now()).await.unwrap();
    assert!(refused.is_empty());
    assert_eq!([world.state("late").await, world.state("kept").await], ["ended", "ended"]);
    assert_eq!(world.conference("late").await.closed_at, None);
    world.pass(hours(1)).await;
    assert_eq!([world.state("late").await, world.state("kept").await], ["archived", "archived"]);
    assert_eq!(world.recordings("late").await.len(), 1);
    assert_eq!(world.recordings("kept").await.len(), 1);
}

#[tokio::test]
async fn nothing_is_left_open_and_closed_conferences_cost_nothing_more() {
    let meetings = [
        meeting("recorded").recorded(minutes(5)),
        meeting("composed").composed(hours(20)),
        meeting("unrecorded"),
        meeting("refused").owner("owner").creator("owner").recorded(minutes(5)).refuses("owner"),
        Meeting::sample("short", at(9, 1), at(9, 2)).recorded(minutes(5)),
    ];
    let world = World::with(meetings).watching("nonsense", None).start().await;
    world.until(at(10 + 80, 0)).await;
    let open = "SELECT count(*) FROM conferences WHERE closed_at IS NULL OR next_attempt_at IS NOT NULL";
    assert_eq!(world.number(open).await, 0);
    assert_eq!(world.number("SELECT count(*) FROM conference_waits").await, 0);
    let calls = world.simulator.calls().len();
    world.pass(hours(24 * 40)).await;
    assert_eq!(world.simulator.calls().len(), calls, "not a call more, not even for a token");
}

#[tokio::test]
async fn a_meeting_seen_in_progress_is_waited_for_in_full_whatever_its_end_is_said_to_be() {
    let world = World::with([meeting("a").recorded(minutes(90))]).starting(at(9, 1)).start().await;
    world.tick().await;
    // By this word, the wait was over before it began.
    world.change("a", |meeting| meeting.ends_at = MIDNIGHT - hours(100));
    world.until(at(14, 0)).await;
    assert_eq!(world.state("a").await, "archived");
}

#[tokio::test]
async fn a_meeting_that_became_known_by_a_clock_far_ahead_is_waited_for_in_full() {
    let world = World::with([meeting("a").recorded(minutes(90))]).starting(at(10, 5)).start().await;
    world.meddle("UPDATE conferences SET discovered_at = discovered_at + 7 * 86400000").await;
    world.until(at(14, 0)).await;
    assert_eq!(world.state("a").await, "archived");
}
