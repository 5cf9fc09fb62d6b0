//! Memory that does not grow: not with the uptime, an outage, a listing or a body.
//!
//! The resident size is a process's own affair, so each life is lived in one: this test binary, started again for a
//! single test.

use std::convert::Infallible;
use std::env;
use std::fs;
use std::net::Ipv4Addr;
use std::num::NonZeroUsize;
use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use futures_util::{StreamExt, stream};
use recording_archiver::simulator::{Answer, Endpoint, Fault, Organisation, Plan};
use serde_json::json;
use tokio::net::TcpListener;

use crate::world::{MIDNIGHT, World, at, hours, meeting};

/// Names the life that the process is there for.
const LIFE: &str = "RECORDING_ARCHIVER_TEST_LIFE";

const KIB: u64 = 1;
const MIB: u64 = 1_024 * KIB;

/// What the simulator, which lives in the same process, may keep of each call or event in its log.
const LOGGED: u64 = KIB;

/// What a life came to: resident sizes in KiB, and the calls and events between the two moments.
struct Life {
    before: u64,
    after: u64,
    most: u64,
    logged: u64,
}

/// Lives `life` in a process of its own.
fn live(life: &str) -> Life {
    let mut process = Command::new(env::current_exe().unwrap());
    process.args(["--ignored", "--exact", "--nocapture", "bounded::a_life_in_a_process_of_its_own"]).env(LIFE, life);
    let output = process.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let numbers = printed.lines().find_map(|line| line.split_once("LIVED ")).unwrap_or_else(|| panic!("{output:?}")).1;
    let numbers: Vec<u64> = numbers.split(' ').map(|number| number.parse().unwrap()).collect();
    let [before, after, most, logged] = numbers[..] else { panic!("{numbers:?}") };
    println!("{life}: {before} KiB before, {after} KiB after, {most} KiB at the most, {logged} calls and events");
    Life { before, after, most, logged }
}

/// A line of `/proc/self/status`, in KiB.
fn resident(line: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let value = status.lines().find_map(|found| found.strip_prefix(line)).unwrap();
    value.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
#[ignore = "lived in a process of its own, which the tests below start"]
async fn a_life_in_a_process_of_its_own() {
    let Ok(life) = env::var(LIFE) else { return };
    let (before, world) = match life.as_str() {
        "month" => month(false).await,
        "month of events" => month(true).await,
        "outage" => outage().await,
        "listing" => endless_listing().await,
        "bodies" => endless_bodies().await,
        other => panic!("{other}"),
    };
    let (before, logged_before) = before;
    let logged = logged(&world) - logged_before;
    // On a line of its own, whatever the test harness has printed before it.
    println!("\nLIVED {before} {} {} {logged}", resident("VmRSS"), resident("VmHWM"));
}

type Lived = ((u64, usize), World);

fn measured(world: &World) -> (u64, usize) {
    (resident("VmRSS"), logged(world))
}

/// What the simulator has logged.
fn logged(world: &World) -> usize {
    world.simulator.calls().len() + world.simulator.stream().events().len()
}

/// A day of an organisation, and then the rest of its month.
async fn month(has_events: bool) -> Lived {
    let plan = Plan { seed: 4, meetings: 100, days: 20, first_day: MIDNIGHT };
    let mut world = World::of(Organisation::generate(&plan))
        .listing()
        .config(|config| {
            config.quota.calls_per_month = 1_000;
            config.events.stream = has_events;
        })
        .starting(MIDNIGHT)
        .start()
        .await;
    if has_events {
        world.listen().await;
    }
    world.until(at(24, 0)).await;
    let before = measured(&world);
    world.until(at(24 * 30, 0)).await;
    (before, world)
}

/// An hour of an outage, and then two days of it.
async fn outage() -> Lived {
    let meetings = (0..50).map(|n| meeting(&format!("c{n}")).recorded(Duration::ZERO));
    let world = World::with(meetings).listing().start().await;
    world.until(at(9, 30)).await;
    world.fault(Fault::new(Answer::error("systemError")));
    world.pass(hours(1)).await;
    let before = measured(&world);
    world.pass(hours(48)).await;
    (before, world)
}

/// A listing of which each page has a next one.
async fn endless_listing() -> Lived {
    let world = World::with([]).listing().start().await;
    world.tick().await;
    let called = logged(&world);
    for page in 0..600 {
        let meetings: Vec<_> = (0..100)
            .map(|n| json!({ "conferenceId": format!("{page}-{n}"), "status": 2, "title": "x".repeat(2_000) }))
            .collect();
        let body = json!({ "onGoingConfList": meetings, "hasMore": true, "nextToken": page.to_string() });
        let answer = Answer::Raw { status: 200, body: body.to_string() };
        world.fault(Fault::new(answer).on(Endpoint::OrgConferences).times(1));
    }
    // What is to come is in the simulator's memory by now.
    let before = (resident("VmRSS"), called);
    world.pass(Duration::from_mins(15)).await;
    (before, world)
}

/// Fifteen megabytes in answer to each of the calls that are made side by side, and then no end.
async fn endless_bodies() -> Lived {
    let mut world = World::with((0..16).map(|n| meeting(&format!("c{n}")))).start().await;
    world.until(at(9, 30)).await;
    let large = || {
        let megabytes = stream::iter((0..15).map(|_| Ok::<_, Infallible>(vec![b' '; 1024 * 1024])));
        Body::from_stream(megabytes.chain(stream::pending()))
    };
    let served = Router::new()
        .route("/v1.0/oauth2/accessToken", post(async || r#"{"accessToken":"t","expireIn":7200}"#))
        .fallback(async move || large());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, served).await });
    world
        .reconfigure(|config| {
            config.dingtalk.base_url = base_url.parse().unwrap();
            config.dingtalk.request_timeout = Duration::from_secs(2);
            config.poll.batch_size = NonZeroUsize::new(2).unwrap();
        })
        .await;
    let before = measured(&world);
    world.pass(Duration::from_mins(5)).await;
    let timeouts = "SELECT coalesce(sum(calls), 0) FROM api_calls WHERE outcome = 'timeout'";
    assert!(world.number(timeouts).await >= 8);
    (before, world)
}

fn is_flat(month: &str) {
    let life = live(month);
    let allowed = 8 * MIB + life.logged * LOGGED;
    assert!(life.after <= life.before + allowed, "{} KiB after a day, {} KiB after a month", life.before, life.after);
}

#[test]
fn a_month_takes_no_more_memory_than_a_day() {
    is_flat("month");
}

#[test]
fn a_month_of_events_takes_no_more_memory_than_a_day() {
    is_flat("month of events");
}

#[test]
fn an_outage_takes_no_more_memory_the_longer_it_lasts() {
    let life = live("outage");
    assert!(life.logged > 100, "{} calls", life.logged);
    let allowed = 2 * MIB + life.logged * LOGGED;
    assert!(
        life.after <= life.before + allowed,
        "{} KiB after an hour, {} KiB after two days",
        life.before,
        life.after
    );
}

#[test]
fn a_listing_without_end_takes_no_more_memory_than_its_ids() {
    let life = live("listing");
    assert!(life.logged >= 500, "{} pages were read", life.logged);
    assert!(life.most <= life.before + 40 * MIB, "{} KiB at first, {} KiB at the most", life.before, life.most);
}

#[test]
fn bodies_without_end_take_memory_one_at_a_time() {
    let life = live("bodies");
    // One large body takes 40 to 75 MiB, the more the slower the machine; eight side by side take over 200.
    assert!(life.most <= life.before + 96 * MIB, "{} KiB at first, {} KiB at the most", life.before, life.most);
}
