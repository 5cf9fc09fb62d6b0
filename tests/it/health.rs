//! Health: red when a stage achieves nothing, and not only when nobody runs.

use std::time::Duration;

use recording_archiver::archive::health;
use recording_archiver::simulator::{Answer, Endpoint, Fault, Organisation, Plan};

use crate::world::{MIDNIGHT, World, at, hours, meeting, minutes};

/// The stages that are stale now, each with what stopped it.
async fn stale(world: &World) -> Vec<String> {
    let (settings, share) = (world.archive.settings(), world.archive.share());
    let stale = health::stale(&world.catalog, settings, share, world.now()).await.unwrap();
    stale
        .iter()
        .map(|stale| format!("{}: {}", stale.stage.as_str(), stale.stopped_by.as_deref().unwrap_or("-")))
        .collect()
}

#[tokio::test]
async fn a_daemon_that_does_its_work_is_healthy_at_every_hour_of_a_metered_fortnight() {
    let organisation = Organisation::generate(&Plan { seed: 11, meetings: 60, days: 10, first_day: MIDNIGHT });
    let world = World::of(organisation)
        .listing()
        .config(|config| config.quota.calls_per_month = 1_500)
        .starting(MIDNIGHT)
        .start()
        .await;
    for hour in 1..24 * 14 {
        world.until(MIDNIGHT + hours(hour)).await;
        assert_eq!(stale(&world).await, [""; 0], "in hour {hour}");
    }
}

#[tokio::test]
async fn a_daemon_that_has_nothing_to_do_is_healthy_and_so_is_a_catalog_on_which_none_ran() {
    let world = World::with([]).start().await;
    assert_eq!(stale(&world).await, [""; 0]);
    world.until(at(24 * 10, 0)).await;
    assert_eq!(stale(&world).await, [""; 0]);
}

#[tokio::test]
async fn a_stage_that_fails_is_stale_after_three_of_its_intervals_and_well_when_it_succeeds_again() {
    let world = World::with([meeting("a"), meeting("b").recorded(minutes(0))]).start().await;
    world.until(at(9, 30)).await;
    for endpoint in [Endpoint::Query, Endpoint::ConferenceInfo] {
        world.fault(Fault::new(Answer::error("systemError")).on(endpoint).until(at(11, 0)));
    }
    world.until(at(9, 44)).await;
    assert_eq!(stale(&world).await, [""; 0]);
    world.until(at(10, 20)).await;
    let red = stale(&world).await;
    assert!(red.len() == 1 && red[0].starts_with("poll: ") && red[0].contains("systemError"), "{red:?}");
    world.until(at(12, 30)).await;
    assert_eq!(stale(&world).await, [""; 0]);
}

#[tokio::test]
async fn a_daemon_that_does_not_run_is_stale_in_all_that_there_is_to_do() {
    let world = World::with([meeting("a"), meeting("b").recorded(minutes(0))]).listing().start().await;
    world.until(at(9, 30)).await;
    world.clock.advance_to(at(9, 30) + Duration::from_mins(14));
    assert_eq!(stale(&world).await, [""; 0]);
    world.clock.advance_to(at(12, 0));
    assert_eq!(stale(&world).await, ["discover: -", "poll: -"]);
    world.until(at(12, 1)).await;
    assert_eq!(stale(&world).await, [""; 0]);
}

#[tokio::test]
async fn lists_that_are_due_and_not_read_are_stale() {
    let world = World::with([meeting("a").recorded(minutes(0))]).start().await;
    world.simulator.faults().push(Fault::new(Answer::error("systemError")).on(Endpoint::GetVideos));
    world.until(at(10, 10)).await;
    assert_eq!(stale(&world).await, [""; 0], "one failure is none");
    world.until(at(10, 30)).await;
    let red = stale(&world).await;
    assert!(red.iter().any(|stale| stale.starts_with("collect: ")), "{red:?}");
}
