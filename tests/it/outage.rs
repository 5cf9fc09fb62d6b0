//! When everything is paused, and when not: an outage is a rate of failures, never one bad conference.

use std::time::Duration;

use recording_archiver::simulator::{Answer, Call, Endpoint, Fault, Meeting};

use tokio::time::timeout;

use crate::world::{World, at, hours, meeting, minutes};

const SECOND: Duration = Duration::from_secs(1);

/// Seven failures, each of five calls in a hundred.
fn failures() -> [Answer; 7] {
    [
        Answer::error("systemError"),
        Answer::too_fast(),
        Answer::Reset,
        Answer::Raw { status: 200, body: "\u{1}garbage".to_owned() },
        Answer::error("InvalidAuthentication"),
        Answer::Raw { status: 502, body: "<html>bad gateway</html>".to_owned() },
        Answer::Cut,
    ]
}

/// Twenty meetings of twenty seconds each around nine, intervals of a second, and so many calls at once, of which a third
/// fail at random.
async fn where_a_third_fails(seed: u64, max_in_flight: usize) -> World {
    let short = |n: u32| {
        let start = at(9, 0) + 2 * SECOND * n;
        Meeting::sample(&format!("c{n:02}"), start, start + 20 * SECOND).booked(at(8, 0)).recorded(2 * SECOND)
    };
    let world = World::with((0..20).map(short))
        .config(|config| {
            config.dingtalk.max_in_flight = max_in_flight.try_into().unwrap();
            config.poll.interval = Some(SECOND);
            let collect = &mut config.collect;
            let keys = [&mut collect.interval, &mut collect.first_delay, &mut collect.retry_min, &mut collect.settle];
            for key in keys {
                *key = SECOND;
            }
        })
        .start()
        .await;
    world.simulator.faults().set_seed(seed);
    for answer in failures() {
        world.fault(Fault::new(answer).percent(5));
    }
    world
}

#[tokio::test]
async fn where_a_third_of_all_calls_fail_at_random_short_meetings_are_archived_within_three_minutes() {
    for (seed, max_in_flight) in [(1, 1), (2, 1), (3, 1), (4, 1), (5, 8), (6, 8), (7, 8), (8, 8)] {
        let world = where_a_third_fails(seed, max_in_flight).await;
        world.until(at(9, 4)).await;
        let archived = world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await;
        let pauses = world.words("SELECT scope || ' ' || code || ' ' || (paused_until - since) FROM pauses").await;
        assert_eq!(archived, 20, "seed {seed}, {max_in_flight} in flight; {pauses:?}");
    }
}

#[tokio::test]
async fn a_pass_comes_to_its_end_however_many_of_the_calls_that_go_out_side_by_side_fail() {
    // Only a pass that waits for itself lasts this long.
    const FOR_EVER: Duration = minutes(1);

    for seed in 1..=5 {
        let world = where_a_third_fails(seed, 8).await;
        for _ in 0..40 {
            timeout(FOR_EVER, world.tick()).await.unwrap_or_else(|_| panic!("seed {seed}: a pass hangs"));
            world.clock.advance_to(world.now() + SECOND);
        }
    }
}

#[tokio::test]
async fn one_poisonous_conference_never_pauses_collecting() {
    for answer in [Answer::error("systemError"), Answer::Html, Answer::Reset] {
        let meetings = [Meeting::sample("poison", at(9, 0), at(15, 0)), meeting("a").recorded(minutes(1))];
        let world = World::with(meetings).starting(at(9, 1)).start().await;
        world.fault(Fault::new(answer.clone()).conference("poison"));
        while world.now() < at(12, 0) {
            world.pass(minutes(1)).await;
            assert_eq!(world.words("SELECT scope FROM pauses").await, [""; 0], "{answer:?} at {}", world.now());
        }
        let row = world.conference("a").await;
        assert_eq!(row.state, "archived", "{answer:?}");
        assert!(row.closed_at.unwrap() <= at(11, 0).as_millis(), "{answer:?}");
    }
}

#[tokio::test]
async fn after_an_outage_the_first_call_is_not_the_one_that_failed_last() {
    let ended = (0..3).map(|n| meeting(&format!("c{n}")).composed(hours(6)));
    let world = World::with(ended.chain([Meeting::sample("long", at(9, 0), at(24, 0))])).start().await;
    for minute in [40, 50, 57] {
        world.until(at(10, 10)).await;
        world.fault(Fault::new(Answer::error("systemError")).from(at(10, 10)).until(at(10, minute)));
        let ends = at(10, minute);
        world.until(ends + minutes(45)).await;
        let metered = world.simulator.calls().into_iter().filter(|call| !call.endpoint.is_token());
        let (before, after): (Vec<_>, Vec<_>) = metered.partition(|call| call.at < ends);
        let what = |call: &Call| (call.endpoint, call.conference_ids.clone());
        let (last, first) = (what(before.last().unwrap()), what(&after[0]));
        assert_ne!(last, first, "the outage ended at {ends}");
    }
}

#[tokio::test]
async fn an_outage_pauses_everything_and_its_end_is_found_within_minutes() {
    let meetings = (0..6).map(|n| meeting(&format!("c{n}")).recorded(minutes(1)));
    let world = World::with(meetings.chain([Meeting::sample("long", at(9, 0), at(24, 0))])).start().await;
    world.fault(Fault::new(Answer::error("systemError")).from(at(10, 10)).until(at(14, 0)));
    world.until(at(13, 59)).await;
    assert_eq!(world.words("SELECT scope FROM pauses").await, ["*"]);
    let tried = world.simulator.calls().iter().filter(|call| call.at >= at(10, 10)).count();
    assert!(tried <= 60, "{tried} calls in four hours of an outage");
    world.until(at(14, 20)).await;
    assert_eq!(world.words("SELECT scope FROM pauses").await, [""; 0]);
}

#[tokio::test]
async fn a_token_that_is_refused_twice_in_a_row_holds_up_a_call_for_less_than_two_minutes() {
    let world = World::with([Meeting::sample("long", at(9, 0), at(24, 0))])
        .config(|config| config.poll.interval = Some(minutes(1)))
        .starting(at(9, 1))
        .start()
        .await;
    world.until(at(9, 10)).await;
    world.fault(Fault::new(Answer::error("InvalidAuthentication")).on(Endpoint::Query).times(2));
    world.until(at(9, 20)).await;
    let answered: Vec<_> =
        world.calls(Endpoint::Query).into_iter().filter(|call| call.code.is_none()).map(|call| call.at).collect();
    let longest = answered.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap();
    assert!(longest < minutes(3), "no answer for {longest:?}");
}
