//! Whole months from one seed each: an organisation, what DingTalk is like, what goes wrong, and a process that ends
//! between any two steps of its work. Whatever happened, nothing is lost.
//!
//! Calls go out one at a time, so that a seed repeats its month to the step; in one month of ten, eight go out side by
//! side, as a daemon sends them, and their answers come in any order. Every fifth seed also has a week that is run through
//! with its bad ids and without them (see [`fairness`]).
//!
//! `cargo test` runs through a hundred of them; `SOAK_SEEDS=2000 cargo test --release -- --ignored soak` through as many as
//! it is told, and `SOAK_SEED=17` in its place repeats one.

pub(crate) mod clock;
mod countdown;
mod events;
mod evidence;
mod fairness;
mod faults;
mod invariants;
mod line;
mod listener;
mod plan;
mod run;
mod shared;
mod told;
mod unusual;

use std::collections::BTreeMap;
use std::env;
use std::ops::Range;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use fairness::Cost;
use plan::Plan;
use run::Run;
use tokio::runtime;
use unusual::Counts;

/// What the archiver went through.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    months: u64,
    crashes: u64,
    kills: u64,
    starts: u64,
    calls: u64,
    recordings: u64,
    faults: BTreeMap<String, u64>,
    unusual: Counts,
    weeks_run_twice: u64,
    cost: Cost,
}

/// Says how a month that went wrong is repeated.
struct Repeat(u64);

impl Drop for Repeat {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("\nseed {} went wrong; to repeat it:\n", self.0);
            eprintln!("    SOAK_SEED={} cargo test --release --test it -- --ignored soak --nocapture\n", self.0);
        }
    }
}

/// Runs through the month of `seed`, and holds what came of it against what was true.
fn month(seed: u64) -> Report {
    let _repeat = Repeat(seed);
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let plan = Plan::of(seed);
        let mut run = Run::begin(&plan).await;
        run.through(&plan).await;
        invariants::hold_in_the_end(&run, &plan).await;
        told::holds_in_the_end(&run, &plan).await;
        let recordings = run.number("SELECT count(*) FROM recordings").await;
        let (calls, faults) = {
            let evidence = &mut run.shared.lock().unwrap().evidence;
            (evidence.calls, std::mem::take(&mut evidence.faults))
        };
        let is_run_twice = seed % 5 == 1;
        let cost = if is_run_twice { Box::pin(fairness::is_bounded(seed)).await } else { Cost::default() };
        Report {
            months: 1,
            crashes: run.crashes,
            kills: run.kills,
            starts: run.starts,
            calls,
            recordings,
            faults,
            unusual: plan.counts,
            weeks_run_twice: u64::from(is_run_twice),
            cost,
        }
    })
}

impl Report {
    fn add(&mut self, other: Self) {
        self.months += other.months;
        self.crashes += other.crashes;
        self.kills += other.kills;
        self.starts += other.starts;
        self.calls += other.calls;
        self.recordings += other.recordings;
        for (name, times) in other.faults {
            *self.faults.entry(name).or_default() += times;
        }
        for (name, times) in other.unusual {
            *self.unusual.entry(name).or_default() += times;
        }
        self.weeks_run_twice += other.weeks_run_twice;
        self.cost.delay = self.cost.delay.max(other.cost.delay);
        self.cost.calls = self.cost.calls.max(other.cost.calls);
    }

    fn print(&self) {
        println!("\nsurvived: {} months, {} calls, {} recordings", self.months, self.calls, self.recordings);
        println!(
            "{:>9}  crashes in the midst of work, {} while it waited, {} starts",
            self.crashes, self.kills, self.starts
        );
        println!(
            "{:>9}  weeks with and without bad ids: {:?} later at most, {} calls for each bad id at most",
            self.weeks_run_twice, self.cost.delay, self.cost.calls
        );
        for (name, times) in self.unusual.iter().chain(&self.faults) {
            println!("{times:>9}  {name}");
        }
    }
}

/// Runs through many months, side by side; every one that goes wrong says so, and how it is repeated.
fn months(seeds: Range<u64>) -> Report {
    let next = AtomicU64::new(seeds.start);
    let report = Mutex::new(Report::default());
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    match catch_unwind(|| month(seed)) {
                        Ok(one) => report.lock().unwrap().add(one),
                        Err(_) => wrong.lock().unwrap().push(seed),
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "these seeds went wrong: {wrong:?}");
    report.into_inner().unwrap()
}

#[test]
fn a_hundred_months_of_faults_and_crashes_lose_nothing() {
    let report = months(0..100);
    assert!(report.crashes > 300 && report.faults.len() > 30, "{} crashes, {:?}", report.crashes, report.faults);
    assert!(report.unusual.len() >= 13 && report.weeks_run_twice == 20, "{:?}", report.unusual);
}

#[test]
fn the_same_seed_is_the_same_month() {
    for seed in [3, 8] {
        assert_eq!(month(seed), month(seed), "seed {seed}");
    }
}

#[test]
#[ignore = "soak: as many months as SOAK_SEEDS says"]
fn soak_months_of_faults_and_crashes() {
    let number = |name| env::var(name).ok().map(|value| value.parse::<u64>().expect(name));
    let seeds = match number("SOAK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SOAK_SEEDS").unwrap_or(2_000),
    };
    months(seeds).print();
}
