//! Polling and discovering keep their tenth of the month, however many old conferences are put on watch at once.

use std::time::Duration;

use recording_archiver::simulator::{Endpoint, Meeting};

use crate::world::{MIDNIGHT, World, at, hours, meeting, minutes};

/// A conference that ended three weeks ago.
fn old(n: usize) -> Meeting {
    let start = MIDNIGHT - hours(24 * 21) + minutes(n as u64);
    Meeting::sample(&format!("a{n:03}"), start, start + hours(1)).recorded(minutes(1))
}

/// A meeting from nine to five, on this day of the month, which the organisation's list shows.
fn daily(day: u64) -> Meeting {
    let start = at(24 * (day - 1) + 9, 0);
    Meeting::sample(&format!("today-{day:02}"), start, start + hours(8)).unregistered().recorded(minutes(1))
}

#[tokio::test]
async fn four_hundred_old_conferences_leave_calls_for_looking_all_month() {
    const SHARE: u64 = 300;
    let meetings = (0..400).map(old).chain([1, 10, 20].map(daily));
    let mut builder = World::with(meetings).listing().config(|config| config.quota.calls_per_month = SHARE);
    for n in 0..400 {
        builder = builder.watching(&format!("a{n:03}"), None);
    }
    let world = builder.start().await;
    for day in (3..=29).step_by(3) {
        world.until(at(24 * day, 0)).await;
        let is_look = |endpoint| endpoint == Endpoint::OrgConferences || endpoint == Endpoint::Query;
        let calls = world.simulator.calls();
        let looks = calls.iter().filter(|call| call.at >= at(24 * (day - 3), 0) && is_look(call.endpoint)).count();
        assert!(looks > 0, "neither discovered nor polled in the three days to day {day}");
    }
    assert!(world.simulator.metered_calls() <= SHARE);
    assert!(world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await > 10);
}

#[tokio::test]
async fn conferences_that_ended_long_ago_are_read_after_one_that_ended_today() {
    let world = World::with((0..30).map(old).chain([meeting("today").recorded(minutes(1))]))
        .config(|config| {
            config.collect.first_delay = Duration::ZERO;
            config.dingtalk.max_in_flight = 1.try_into().unwrap();
        })
        .starting(at(12, 0))
        .start()
        .await;
    world.until(at(12, 10)).await;
    let read = world.calls(Endpoint::GetVideos);
    let place = read.iter().position(|call| call.conference_ids == ["today"]);
    assert_eq!(place, Some(0), "of {} readings", read.len());
}
