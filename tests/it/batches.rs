//! The most ids that a batch query takes: learned once, and remembered.

use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::{Answer, Behaviour, Endpoint, Fault, Meeting};

use crate::world::{World, at, minutes};

/// The batch queries from `from` until `until`.
fn queries(world: &World, from: Timestamp, until: Timestamp) -> usize {
    world.calls(Endpoint::Query).iter().filter(|call| from <= call.at && call.at < until).count()
}

fn fifty() -> impl Iterator<Item = Meeting> {
    (0..50).map(|n| Meeting::sample(&format!("c{n:02}"), at(9, 0), at(15, 0)))
}

#[tokio::test]
async fn a_batch_that_is_refused_once_teaches_no_limit() {
    let world = World::with(fifty()).starting(at(9, 1)).start().await;
    world.fault(Fault::new(Answer::error("paramsError")).on(Endpoint::Query).times(1));
    world.tick().await;
    let from = world.now() + minutes(1);
    world.pass(minutes(60)).await;
    assert_eq!(queries(&world, from, world.now()), 12, "one a poll");
}

#[tokio::test]
async fn the_most_ids_of_a_batch_are_learned_once_and_remembered_over_a_restart() {
    let behaviour = Behaviour { most_ids: Some(10), ..Behaviour::default() };
    let mut world = World::with(fifty()).behaviour(behaviour).starting(at(9, 1)).start().await;
    world.tick().await;
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'active'").await, 50);
    for restarted in [false, true] {
        let from = world.now() + minutes(1);
        world.pass(minutes(60)).await;
        let polls = 12;
        let queries = queries(&world, from, world.now());
        assert!(queries <= 6 * polls, "{queries} queries in {polls} polls; restarted: {restarted}");
        world.restart().await;
    }
}
