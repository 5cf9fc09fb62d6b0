//! An error that stays with one conference while others are answered: it is asked about ever more rarely, and it ends.

use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting};

use crate::world::{World, at, hours, meeting, minutes};

/// The end of three days' wait after ten on 1 June, and the longest wait between two calls.
const WAIT_OVER: u64 = 10 + 72 + 8;

/// The most calls about one conference in three days of errors.
const MOST_CALLS: usize = 25;

/// A conference named `odd` from nine to ten, and one that goes on for a week.
async fn beside_a_long_one(odd: Meeting) -> World {
    World::with([odd, Meeting::sample("long", at(9, 0), at(24 * 7, 0))]).starting(at(9, 1)).start().await
}

async fn has_failed(world: &World, endpoint: Endpoint, code: &str) {
    let row = world.conference("odd").await;
    assert_eq!((row.state.as_str(), row.last_error_code.as_deref()), ("failed", Some(code)), "{endpoint:?}");
    assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0);
    let asked = world.asked(endpoint, "odd").len();
    assert!((5..=MOST_CALLS).contains(&asked), "{endpoint:?} was asked {asked} times: {code}");
}

#[tokio::test]
async fn a_conference_whose_info_brings_only_errors_fails_when_the_wait_is_over() {
    for code in ["somethingNew", "systemError"] {
        let world = beside_a_long_one(meeting("odd").recorded(minutes(1))).await;
        world.fault(Fault::new(Answer::error(code)).on(Endpoint::ConferenceInfo).conference("odd"));
        world.until(at(10 + 70, 0)).await;
        assert_eq!(world.state("odd").await, "active", "{code}: not before");
        world.until(at(WAIT_OVER, 0)).await;
        has_failed(&world, Endpoint::ConferenceInfo, code).await;
    }
}

#[tokio::test]
async fn a_conference_whose_list_brings_only_errors_fails_when_the_wait_is_over() {
    for code in ["somethingNew", "systemError"] {
        let world = beside_a_long_one(meeting("odd").recorded(minutes(1))).await;
        world.fault(Fault::new(Answer::error(code)).on(Endpoint::GetVideos).conference("odd"));
        world.until(at(10 + 70, 0)).await;
        assert_eq!(world.state("odd").await, "ended", "{code}: not before");
        world.until(at(WAIT_OVER, 0)).await;
        has_failed(&world, Endpoint::GetVideos, code).await;
    }
}

#[tokio::test]
async fn a_conference_that_never_began_and_brings_only_errors_fails_when_the_wait_is_over() {
    let world = beside_a_long_one(Meeting::sample("odd", at(24 * 20, 0), at(24 * 21, 0)).booked(at(8, 0))).await;
    world.fault(Fault::new(Answer::error("somethingNew")).on(Endpoint::ConferenceInfo).conference("odd"));
    world.until(at(WAIT_OVER, 0)).await;
    has_failed(&world, Endpoint::ConferenceInfo, "somethingNew").await;
}

#[tokio::test]
async fn errors_of_the_token_say_nothing_about_the_conference_that_was_to_be_asked_about() {
    const MET_BY_ODD: &str =
        "SELECT count(*) FROM conference_events WHERE conference_id = 'odd' AND endpoint = 'accessToken'";
    let world = beside_a_long_one(meeting("odd").recorded(hours(97))).await;
    let lose_the_token = || {
        world.simulator.expire_tokens();
        world.fault(Fault::new(Answer::error("systemError")).on(Endpoint::AccessToken).until(world.now() + minutes(1)));
    };
    world.until(at(10, 10)).await;
    while world.number(MET_BY_ODD).await == 0 {
        lose_the_token();
        world.pass(minutes(1)).await;
    }
    // Others are answered, and then the daemon stands still for four days.
    world.pass(minutes(4)).await;
    world.clock.advance_to(at(10 + 96, 0));
    while world.number(MET_BY_ODD).await == 1 {
        lose_the_token();
        world.pass(minutes(1)).await;
    }
    assert_eq!(world.state("odd").await, "ended");
    world.until(at(10 + 110, 0)).await;
    assert_eq!(world.state("odd").await, "archived");
}
