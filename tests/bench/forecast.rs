//! The forecast: what a look may cost, from four weeks of forty meetings a day.

use std::time::Duration;

use divan::{Bencher, black_box};
use recording_archiver::domain::clock::Timestamp;
use recording_archiver::domain::forecast::{Budget, CALLS_PER_CONFERENCE, Profile, looking_rate};

use crate::old::NOW;

const WEEKS: Duration = Duration::from_hours(28 * 24);

const BUDGET: Budget = Budget {
    share: 5_000,
    calls_left: 2_500,
    calls_per_conference: CALLS_PER_CONFERENCE,
    open: 8,
    waiting: 2,
    awaited: 40,
    unannounced: 1.0,
};

fn starts() -> Vec<Timestamp> {
    let meeting = |day: u64, n: u64| NOW - Duration::from_mins(day * 1_440 + n * 13);
    (0..28).flat_map(|day| (0..40).map(move |n| meeting(day, n))).collect()
}

#[divan::bench]
fn learn(bencher: Bencher<'_, '_>) {
    let starts = starts();
    bencher.bench_local(|| Profile::learn(black_box(&starts), NOW - WEEKS, NOW));
}

#[divan::bench]
fn rate_of_looking(bencher: Bencher<'_, '_>) {
    let profile = Profile::learn(&starts(), NOW - WEEKS, NOW);
    bencher.bench_local(|| looking_rate(black_box(&profile), &BUDGET, NOW));
}
