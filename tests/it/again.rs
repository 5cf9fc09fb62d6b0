//! In progress again: a meeting that goes on is followed, whatever state its conference is in.

use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting};

use crate::world::{World, at, hours, meeting, minutes};

const IDS: [&str; 4] = ["archived", "ended", "failed", "unrecorded"];

/// Four meetings that are over at 14:00, each of which has by then come to the state that is its name.
async fn four_that_are_over(users: &[&str]) -> World {
    let refused = meeting("failed").owner("owner").creator("owner").refuses("owner").attended_by("attendee");
    let meetings = [
        meeting("archived").attended_by("attendee").recorded(minutes(1)),
        Meeting::sample("ended", at(12, 0), at(13, 30)).booked(at(8, 0)).attended_by("attendee"),
        refused.recorded(minutes(1)),
        meeting("unrecorded").attended_by("attendee"),
    ];
    let world = World::with(meetings)
        .config(|config| {
            config.collect.give_up_after = hours(3);
            config.discover.organization = users.is_empty();
            config.discover.users = users.iter().map(|user| (*user).to_owned()).collect();
        })
        .start()
        .await;
    world.until(at(14, 0)).await;
    for id in IDS {
        assert_eq!(world.state(id).await, id);
    }
    world
}

/// The meeting is held again, and recorded.
fn held_again(world: &World, id: &str, from: Timestamp, until: Timestamp) {
    world.change(id, |meeting| {
        (meeting.starts_at, meeting.ends_at) = (from, until);
        meeting.refused_union_ids.clear();
        *meeting = meeting.clone().recorded(minutes(1));
    });
}

async fn become_active_and_are_archived_again(world: &World) {
    for id in IDS {
        held_again(world, id, at(14, 0), at(15, 0));
    }
    world.until(at(14, 31)).await;
    let states = world.words("SELECT conference_id || ' ' || state FROM conferences ORDER BY conference_id").await;
    assert_eq!(states, IDS.map(|id| format!("{id} active")));
    let open = "SELECT count(*) FROM conferences WHERE closed_at IS NULL";
    assert_eq!(world.number(open).await, 4);
    let told = "SELECT DISTINCT conference_id FROM conference_events WHERE state = 'active' AND event = 'decided'
        AND at >= 1780293600000 ORDER BY 1";
    assert_eq!(world.words(told).await, IDS, "the journal says so");

    world.until(at(17, 0)).await;
    for (id, recordings) in IDS.into_iter().zip([2, 1, 2, 1]) {
        assert_eq!(
            (world.state(id).await.as_str(), world.recordings(id).await.len()),
            ("archived", recordings),
            "{id}"
        );
        assert!(world.conference(id).await.closed_at.unwrap() > at(15, 0).as_millis(), "{id}");
    }
    assert_eq!(world.number("SELECT count(*) FROM recordings WHERE missing_since IS NOT NULL").await, 0);
}

#[tokio::test]
async fn whatever_is_over_and_stands_in_the_organisations_list_is_active_again() {
    let world = four_that_are_over(&[]).await;
    become_active_and_are_archived_again(&world).await;
}

#[tokio::test]
async fn whatever_is_over_and_stands_in_a_users_list_is_active_again() {
    let world = four_that_are_over(&["attendee"]).await;
    become_active_and_are_archived_again(&world).await;
}

#[tokio::test]
async fn a_booked_id_that_dingtalk_did_not_know_yet_is_archived_once_it_was_held() {
    let booked = Meeting::sample("early", at(24 + 9, 0), at(24 + 12, 0)).booked(at(24 + 8, 0)).recorded(minutes(1));
    let world = World::with([booked]).start().await;
    world.until(at(24, 0)).await;
    let row = world.conference("early").await;
    assert_eq!((row.state.as_str(), row.last_error_code.as_deref()), ("failed", Some("roomNotFound")));
    world.until(at(24 + 30, 0)).await;
    assert_eq!((world.state("early").await.as_str(), world.recordings("early").await.len()), ("archived", 1));
}

#[tokio::test]
async fn a_booked_id_that_dingtalk_did_not_know_yet_is_active_when_the_list_shows_it() {
    let booked = Meeting::sample("early", at(10, 0), at(12, 0)).booked(at(9, 50)).recorded(minutes(1));
    let world = World::with([booked]).listing().watching("early", None).start().await;
    world.until(at(9, 40)).await;
    assert_eq!(world.state("early").await, "failed");
    world.until(at(10, 31)).await;
    assert_eq!(world.state("early").await, "active");
    world.until(at(14, 0)).await;
    assert_eq!(world.state("early").await, "archived");
}

#[tokio::test]
async fn an_id_that_dingtalk_never_knows_is_asked_about_ever_more_rarely_until_the_wait_is_over() {
    let world = World::with([]).watching("nonsense", None).start().await;
    world.until(at(9 + 80, 0)).await;
    let asked = world.simulator.metered_calls();
    assert!((5..=25).contains(&asked), "{asked} calls in three days");
    let row = world.conference("nonsense").await;
    assert_eq!((row.state.as_str(), row.next_attempt_at), ("failed", None));
    world.pass(hours(24 * 20)).await;
    assert_eq!(world.simulator.metered_calls(), asked);
}

#[tokio::test]
async fn an_answer_that_was_given_while_the_meeting_went_on_marks_no_recording_missing() {
    let world = World::with([meeting("a").recorded(minutes(1))]).listing().watching("a", None).start().await;
    world.until(at(10 + 71, 0)).await;
    assert_eq!(world.state("a").await, "archived");
    // It goes on when the last reading is due.
    held_again(&world, "a", at(10 + 71, 10), at(10 + 74, 0));
    let nothing = Answer::error("cloudRecordNotFound");
    world.fault(Fault::new(nothing).on(Endpoint::GetVideos).from(at(10 + 71, 10)).until(at(10 + 74, 0)));
    world.until(at(10 + 78, 0)).await;
    assert_eq!((world.state("a").await.as_str(), world.recordings("a").await.len()), ("archived", 2));
    assert_eq!(world.number("SELECT count(*) FROM recordings WHERE missing_since IS NOT NULL").await, 0);
    let revisions = world.number("SELECT count(*) FROM recording_revisions").await;
    assert_eq!(revisions, 0, "nor was one marked in between");
}
