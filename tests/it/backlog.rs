//! Backlogs: however much is due, looking comes first, and what does not fit before the next look stays due.

use std::env;
use std::time::Duration;

use recording_archiver::catalog::register::Registration;
use recording_archiver::domain::clock::Timestamp;
use recording_archiver::domain::conference::DiscoveredBy;
use recording_archiver::simulator::{Endpoint, Meeting};

use crate::world::{World, at, minutes};

/// How often is looked, and by how much a look may be late.
const LOOKS: Duration = Duration::from_secs(10);
const LATE: Duration = Duration::from_secs(3);

/// The longest time between two of these instants that follow one another.
fn longest_gap(instants: &[Timestamp]) -> Duration {
    instants.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap_or_default()
}

/// Old ids that are put on watch at once; `BACKLOG` says how many, a hundred thousand say. Two calls each.
fn backlog() -> u32 {
    env::var("BACKLOG").map_or(900, |ids| ids.parse().expect("BACKLOG"))
}

#[tokio::test]
async fn a_large_import_makes_no_look_late_and_nothing_of_it_is_lost() {
    let ids: Vec<String> = (0..backlog()).map(|n| format!("old{n}")).collect();
    let work = 2 * backlog() * Duration::from_secs(1) / 15;
    let old = ids.iter().map(|id| Meeting::sample(id, at(1, 0), at(2, 0)).recorded(minutes(1)));
    let world = World::with(old)
        .listing()
        .config(|config| {
            config.discover.interval = Some(LOOKS);
            config.poll.interval = Some(LOOKS);
            config.collect.settle = Duration::ZERO;
        })
        .start()
        .await;
    world.tick().await;
    let imported = world.now();
    let registrations: Vec<Registration> =
        ids.iter().map(|id| Registration { conference_id: id.clone(), union_id: None }).collect();
    world.catalog.register(&registrations, DiscoveredBy::Cli, imported).await.unwrap();
    world.pass(5 * work).await;
    assert_eq!(world.words("SELECT DISTINCT state FROM conferences").await, ["archived"]);
    assert_eq!(world.number("SELECT count(*) FROM recordings").await, i64::from(backlog()));
    let looks: Vec<Timestamp> = world.calls(Endpoint::OrgConferences).iter().map(|call| call.at).collect();
    let longest = longest_gap(&looks);
    let busy = world.calls(Endpoint::GetVideos).iter().map(|call| call.at.since(imported)).max().unwrap();
    println!("{} ids: at most {longest:?} between two looks, all read after {busy:?}", backlog());
    assert!(longest <= LOOKS + LATE, "{longest:?}");
    // On a busy machine answers come late, and virtual time goes on meanwhile; with a rest after each look it is nine minutes.
    assert!(busy < work * 7 / 2, "the rest of a backlog is not put off either: {busy:?} for {work:?}");
}
