//! What is spent: nothing without need, never more than the share, and never less in the ledger than in truth.

use std::time::Duration;

use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::{Answer, Behaviour, Endpoint, Fault, Meeting, Organisation, Plan};
use tokio::time::timeout;

use crate::world::{MIDNIGHT, World, at, hours, meeting, minutes};

/// The end of June 2026, UTC+8.
const JULY: u64 = 30 * 24;

/// Goes on all June.
fn endless(id: &str) -> Meeting {
    Meeting::sample(id, at(9, 0), at(JULY - 1, 0))
}

async fn ledger_holds(world: &World) {
    let metered = world.simulator.metered_calls();
    let ledger = world.ledger().await;
    assert!(ledger >= metered, "the ledger says {ledger}, DingTalk has counted {metered}");
}

#[tokio::test]
async fn without_conferences_and_listings_not_a_call_is_made() {
    for share in [0, 5_000] {
        let world = World::with([]).config(|config| config.quota.calls_per_month = share).start().await;
        for _ in 0..24 * 60 {
            world.tick().await;
            world.clock.advance_to(world.now() + minutes(1));
        }
        world.archive.once(world.now()).await.unwrap();
        assert!(world.simulator.calls().is_empty(), "not even for a token");
        assert_eq!(world.ledger().await, 0);
    }
}

#[tokio::test]
async fn the_ledger_is_never_below_the_truth_even_in_the_middle_of_a_pass() {
    let plan = Plan { seed: 7, meetings: 60, days: 1, first_day: MIDNIGHT };
    let world = World::of(Organisation::generate(&plan)).listing().behaviour(Behaviour::drawn(7)).starting(MIDNIGHT);
    let world = world.start().await;
    for (n, answer) in [Answer::too_fast(), Answer::error("systemError"), Answer::Truncated].into_iter().enumerate() {
        world.fault(Fault::new(answer).from(at(10 + n as u64, 0)).times(2));
    }
    for _ in 0..24 * 30 {
        world.clock.advance_to(world.now() + minutes(2));
        let pass = world.archive.tick(world.now());
        tokio::pin!(pass);
        while timeout(Duration::from_millis(1), &mut pass).await.is_err() {
            ledger_holds(&world).await;
        }
        ledger_holds(&world).await;
    }
    assert!(world.simulator.faults().pending().is_empty() && world.simulator.metered_calls() > 200);
    let spare = world.number("SELECT coalesce(sum(calls), 0) FROM api_calls WHERE outcome = 'reserved'").await;
    assert_eq!(spare, 0, "what was put aside and not sent is given back");
}

#[tokio::test]
async fn the_ledger_is_not_below_the_truth_after_a_kill_in_the_middle_of_a_pass() {
    let meetings = (0..20).map(|n| meeting(&format!("c{n:02}")).recorded(minutes(1)));
    let mut world = World::with(meetings).start().await;
    let moments = [
        (Endpoint::AccessToken, at(8, 59), at(9, 4)),
        (Endpoint::Query, at(8, 59), at(9, 5)),
        (Endpoint::ConferenceInfo, at(9, 59), at(10, 10)),
        (Endpoint::ConferenceInfo, at(9, 59), at(10, 11)),
        (Endpoint::GetVideos, at(10, 12), at(10, 30)),
        (Endpoint::GetVideos, at(10, 12), at(10, 31)),
    ];
    for (on, lived_until, moment) in moments {
        if world.now() < lived_until {
            world.until(lived_until).await;
        }
        world.fault(Fault::new(Answer::Hang(hours(1))).on(on).from(moment).times(3));
        world.clock.advance_to(moment);
        let pass = timeout(Duration::from_millis(300), world.archive.tick(moment)).await;
        assert!(pass.is_err(), "the pass was killed while it waited for {on:?}");
        ledger_holds(&world).await;
        world.restart().await;
        world.simulator.faults().clear();
        ledger_holds(&world).await;
    }
    world.until(at(10 + 73, 0)).await;
    ledger_holds(&world).await;
    let above = world.ledger().await - world.simulator.metered_calls();
    assert!(above <= 24 * 6, "{above} calls above the truth after six kills");
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await, 20);
    assert_eq!(world.number("SELECT count(*) FROM recordings").await, 20);
}

#[tokio::test]
async fn the_share_is_never_exceeded_and_collecting_goes_on_in_the_next_month() {
    const SHARE: u64 = 20;
    let start = at(24 * 28, 0);
    let meetings = (0..12).map(|n| Meeting::sample(&format!("c{n:02}"), start, start + hours(1)).recorded(minutes(1)));
    let world =
        World::with(meetings).config(|config| config.quota.calls_per_month = SHARE).starting(start).start().await;
    world.until(at(JULY - 1, 0)).await;
    assert_eq!(world.simulator.metered_calls_in_month(start), SHARE, "spent to the last call");
    assert!(world.number("SELECT count(*) FROM conferences WHERE closed_at IS NULL").await > 0);
    assert_eq!(world.words("SELECT code FROM pauses WHERE scope = '*'").await, ["shareSpent"]);
    for month in 1..=6 {
        world.until(at(JULY + month * 31 * 24, 0)).await;
        assert!(world.simulator.metered_calls_in_month(world.now() - hours(48)) <= SHARE);
    }
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await, 12);
    assert_eq!(world.number("SELECT count(*) FROM recordings").await, 12);
}

#[tokio::test]
async fn a_share_that_is_raised_is_used_at_once() {
    let meetings = (0..6).map(|n| meeting(&format!("c{n}")).recorded(minutes(1)));
    let mut world = World::with(meetings).config(|config| config.quota.calls_per_month = 5).start().await;
    world.until(at(24, 0)).await;
    assert_eq!(world.simulator.metered_calls(), 5);
    world.reconfigure(|config| config.quota.calls_per_month = 5_000).await;
    world.pass(hours(80)).await;
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await, 6);
}

#[tokio::test]
async fn a_small_share_stretches_looking_so_that_it_lasts_the_month() {
    const SHARE: u64 = 300;
    let world = World::with([endless("a")]).config(|config| config.quota.calls_per_month = SHARE).start().await;
    let day = |day: u64| at(24 * day, 0);
    for n in 1..=29 {
        world.until(day(n)).await;
        let looks = world.metered_since(day(n - 1));
        assert!(looks > 0, "no look on day {n}");
        assert!(looks <= 72, "{looks} looks on day {n}");
    }
    world.until(at(JULY, 0)).await;
    let spent = world.simulator.metered_calls();
    assert!((SHARE / 2..=SHARE).contains(&spent), "{spent} of {SHARE} calls");
}

#[tokio::test]
async fn unmetered_looking_keeps_to_the_configured_interval() {
    let world = World::with([endless("a")]).starting(at(9, 1)).start().await;
    world.tick().await;
    world.until(at(24 + 9, 1)).await;
    let looks: Vec<Timestamp> = world.calls(Endpoint::Query).iter().map(|call| call.at).collect();
    assert_eq!(looks.len(), 288 + 1);
    // A call takes its turn, which moves the clock by a fraction of a second.
    let on_time = |gap: Duration| gap.abs_diff(minutes(5)) < Duration::from_secs(1);
    assert!(looks.windows(2).all(|pair| on_time(pair[1].since(pair[0]))));
}

#[tokio::test]
async fn a_listing_confirms_what_the_batch_would_have_been_asked_for() {
    let meetings = (0..30).map(|n| endless(&format!("c{n}")).unregistered());
    let world = World::with(meetings).listing().config(|config| config.poll.interval = Some(minutes(15)));
    let world = world.starting(at(9, 1)).start().await;
    world.until(at(33, 0)).await;
    assert_eq!(world.calls(Endpoint::OrgConferences).len(), 96);
    assert!(world.calls(Endpoint::Query).is_empty() && world.calls(Endpoint::ConferenceInfo).is_empty());
}
