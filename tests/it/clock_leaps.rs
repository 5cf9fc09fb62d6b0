//! A clock that leaps far ahead and back: nothing is deleted by it, and the ledger keeps DingTalk's days.

use recording_archiver::simulator::Meeting;

use crate::world::{World, at, hours, meeting, minutes};

const HOUR_MS: i64 = 3_600_000;
const YEAR_MS: i64 = 365 * 24 * HOUR_MS;

const JOURNAL: &str = "SELECT count(*) FROM conference_events";
const DAYS: &str = "SELECT DISTINCT day FROM api_calls WHERE calls > 0 ORDER BY day";

/// Passes once a minute by the archiver's own clock.
async fn passes(world: &World, passes: u32) {
    for _ in 0..passes {
        world.clock.advance_to(world.now() + minutes(1));
        world.tick().await;
    }
}

/// One conference that is archived and one that goes on, at noon.
async fn at_noon() -> World {
    let world = World::with([meeting("a").recorded(minutes(1)), Meeting::sample("long", at(9, 0), at(24 * 5, 0))]);
    let world = world.start().await;
    world.until(at(12, 0)).await;
    assert_eq!(world.state("a").await, "archived");
    world
}

#[tokio::test]
async fn a_clock_that_leaps_a_year_ahead_and_back_deletes_no_journal_row() {
    let world = at_noon().await;
    let before = world.number(JOURNAL).await;
    assert!(before > 5);
    for _ in 0..3 {
        world.wall.set_off_by(YEAR_MS);
        passes(&world, 2).await;
        world.wall.set_off_by(0);
        passes(&world, 2).await;
    }
    assert!(world.number(JOURNAL).await >= before, "{} of {before} rows", world.number(JOURNAL).await);
}

#[tokio::test]
async fn a_clock_that_is_wrong_for_hours_moves_no_day_of_the_ledger() {
    for off_by_ms in [YEAR_MS, -YEAR_MS, 20 * HOUR_MS, -20 * HOUR_MS] {
        let world = at_noon().await;
        world.wall.set_off_by(off_by_ms);
        passes(&world, 30).await;
        world.wall.set_off_by(0);
        passes(&world, 30).await;
        assert_eq!(world.words(DAYS).await, ["2026-06-01"], "off by {off_by_ms} ms");
        assert_eq!(world.ledger().await, world.simulator.metered_calls(), "off by {off_by_ms} ms");
    }
}

#[tokio::test]
async fn a_daemon_that_starts_with_a_wrong_clock_counts_its_calls_on_dingtalks_day() {
    let world = World::with([Meeting::sample("long", at(9, 0), at(24 * 5, 0))]).starting(at(9, 1)).start().await;
    world.wall.set_off_by(-20 * HOUR_MS);
    passes(&world, 30).await;
    assert!(world.simulator.metered_calls() > 3);
    assert_eq!(world.words(DAYS).await, ["2026-06-01"]);
}

#[tokio::test]
async fn a_clock_that_is_seconds_off_moves_nothing_either() {
    let world = at_noon().await;
    world.wall.set_off_by(2_000);
    world.clock.advance_to(world.now() + hours(1));
    passes(&world, 30).await;
    assert_eq!(world.words(DAYS).await, ["2026-06-01"]);
    assert_eq!(world.state("a").await, "archived");
}
