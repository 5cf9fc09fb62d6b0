//! Clocks that are set: what one that was ahead has planned is moved along, and nothing waits for it to catch up.

use std::time::Duration;

use recording_archiver::domain::clock::Clock;
use recording_archiver::simulator::{Answer, Endpoint, Fault};

use crate::world::{World, at, hours, meeting, minutes};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn a_list_read_by_a_clock_a_day_ahead_settles_in_its_time() {
    let world = World::with([meeting("a").recorded(minutes(10))]).start().await;
    world.until(at(9, 59)).await;
    world.clock.step_to(world.now() + DAY);
    world.pass(minutes(12)).await;
    assert_eq!(world.recordings("a").await.len(), 1);
    assert_eq!(world.state("a").await, "ended");

    world.clock.step_to(world.now() - DAY);
    world.pass(minutes(31)).await;
    let conference = world.conference("a").await;
    assert_eq!(conference.state, "archived");
    let last_look_at = conference.next_attempt_at.unwrap();
    assert!(last_look_at <= at(11 + 72, 0).as_millis(), "{conference:?}");
}

#[tokio::test]
async fn a_conference_postponed_by_a_clock_a_day_ahead_is_asked_about_in_its_time() {
    let world = World::with([meeting("a").recorded(hours(3))]).start().await;
    world.until(at(9, 59)).await;
    world.clock.step_to(world.now() + DAY);
    world.fault(Fault::new(Answer::error("cloudRecordNotFound")).on(Endpoint::GetVideos).times(4));
    world.pass(hours(1)).await;
    world.clock.step_to(world.now() - DAY);
    let asked = world.calls(Endpoint::GetVideos).len();
    world.pass(hours(4)).await;
    assert!(world.calls(Endpoint::GetVideos).len() > asked, "not asked for four hours");
    assert_eq!(world.recordings("a").await.len(), 1);
}

#[tokio::test]
async fn a_pause_that_a_clock_ahead_wrote_does_not_last_longer_for_it() {
    let world = World::with([meeting("a").recorded(minutes(1))]).start().await;
    world.until(at(9, 30)).await;
    world.clock.step_to(world.now() + 30 * DAY);
    world.fault(Fault::new(Answer::quota_spent()).times(1));
    world.tick().await;
    assert_eq!(world.number("SELECT count(*) FROM pauses").await, 1);

    world.clock.step_to(at(9, 31));
    world.tick().await;
    let paused_until = world.number("SELECT paused_until FROM pauses").await;
    assert!(paused_until <= world.clock.now().as_millis() + 24 * 3_600_000, "{paused_until}");
    world.until(at(36, 0)).await;
    assert_eq!(world.state("a").await, "archived");
}

#[tokio::test]
async fn a_clock_that_goes_right_moves_nothing() {
    let world = World::with([meeting("a").recorded(minutes(10))]).start().await;
    world.until(at(10, 3)).await;
    let before = world.conference("a").await;
    world.tick().await;
    world.tick().await;
    assert_eq!(world.conference("a").await, before);
}
