//! A conference of another organisation: `orgAccessForbidden` is about it alone, as long as others are answered.

use recording_archiver::simulator::{Answer, Endpoint, Fault};

use crate::world::{World, at, meeting, minutes};

#[tokio::test]
async fn a_conference_of_another_organisation_fails_alone_and_holds_up_nobody() {
    let recorded = (0..4).map(|n| meeting(&format!("recorded-{n}")).recorded(minutes(1)));
    let unrecorded = (0..2).map(|n| meeting(&format!("unrecorded-{n}")));
    let world = World::with(recorded.chain(unrecorded).chain([meeting("foreign")])).start().await;
    world.fault(Fault::new(Answer::error("orgAccessForbidden")).on(Endpoint::GetVideos).conference("foreign"));
    while world.now() < at(11, 0) {
        world.pass(minutes(1)).await;
        assert_eq!(world.words("SELECT scope FROM pauses").await, [""; 0], "at {}", world.now());
    }
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await, 4, "on time");
    while world.now() < at(10 + 79, 0) {
        world.pass(minutes(30)).await;
        assert_eq!(world.words("SELECT scope FROM pauses").await, [""; 0], "at {}", world.now());
    }
    let row = world.conference("foreign").await;
    assert_eq!((row.state.as_str(), row.last_error_code.as_deref()), ("failed", Some("orgAccessForbidden")));
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'unrecorded'").await, 2);
}

#[tokio::test]
async fn a_second_reading_is_not_late_for_a_conference_of_another_organisation() {
    let world = World::with(["foreign", "ours"].map(|id| meeting(id).recorded(minutes(1)))).start().await;
    world.fault(Fault::new(Answer::error("orgAccessForbidden")).on(Endpoint::GetVideos).conference("foreign"));
    world.until(at(12, 0)).await;
    let row = world.conference("ours").await;
    assert_eq!(row.state, "archived");
    assert!(row.closed_at.unwrap() <= at(11, 0).as_millis());
}
