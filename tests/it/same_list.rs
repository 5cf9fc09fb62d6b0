//! When two readings of a list are the same one: compared as JSON, and by what is known of it.

use std::time::Duration;

use recording_archiver::simulator::{Answer, Endpoint, Fault};

use crate::world::{World, at, hours, meeting, minutes};

/// A conference whose list is answered with these bodies, one a reading.
async fn answered_with(bodies: impl IntoIterator<Item = String>) -> World {
    let world = World::with([meeting("a").recorded(minutes(1))]).start().await;
    for body in bodies {
        world.fault(Fault::new(Answer::Raw { status: 200, body }).on(Endpoint::GetVideos).times(1));
    }
    world
}

/// How long after its end was confirmed the conference was closed.
async fn closed_after(world: &World) -> Duration {
    let row = world.conference("a").await;
    assert_eq!(row.state, "archived");
    Duration::from_millis((row.closed_at.unwrap() - at(10, 0).as_millis()).unsigned_abs())
}

#[tokio::test]
async fn the_same_list_with_its_keys_in_another_order_is_no_other_list() {
    let one = r#"{"videoList":[{"recordId":"r","mediaId":"m","fileSize":7,"more":{"x":1,"y":[2,3]},"regionId":"cn"}]}"#;
    let two =
        r#"{"videoList":[{"more":{"y":[2, 3],"x":1},"regionId":"cn","fileSize":7,"mediaId":"m","recordId":"r" }]}"#;
    let world = answered_with([one, two].into_iter().cycle().take(40).map(str::to_owned)).await;
    world.until(at(10 + 74, 0)).await;
    assert_eq!(world.number("SELECT count(*) FROM recording_revisions").await, 0);
    assert!(closed_after(&world).await <= minutes(60));
    assert_eq!(world.calls(Endpoint::GetVideos).len(), 3, "seen, settled, and the last reading");
}

#[tokio::test]
async fn a_field_that_no_page_explains_may_change_at_each_reading_and_the_list_settles_as_planned() {
    let body = |n: u32| format!(r#"{{"videoList":[{{"mediaId":"m","fileSize":7,"expires":{n}}}]}}"#);
    let world = answered_with((0..60).map(body)).await;
    world.until(at(10 + 74, 0)).await;
    assert!(closed_after(&world).await <= minutes(60));
    assert_eq!(world.calls(Endpoint::GetVideos).len(), 3, "seen, settled, and the last reading");
    assert_eq!(world.number("SELECT count(*) FROM recording_revisions").await, 2);
}

#[tokio::test]
async fn the_wait_for_a_list_that_changes_at_each_reading_doubles() {
    let body = |n: u32| format!(r#"{{"videoList":[{{"mediaId":"m","fileSize":{n}}}]}}"#);
    let world = answered_with((0..200).map(body)).await;
    world.until(at(10 + 80, 0)).await;
    assert!(closed_after(&world).await >= hours(72), "a list that still changes is read until the wait is over");
    let readings = world.calls(Endpoint::GetVideos).len();
    assert!((4..=12).contains(&readings), "{readings} readings");
}
