//! What follows from each error at each endpoint: lived through in a small world, and compared with the one table
//! (`domain::failure`).
//!
//! `a` is looked at; `b` is over, and its recording comes late; `c` goes on. Whoever is harmed by what goes wrong with `a`
//! is seen.

mod record;
mod table;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use recording_archiver::domain::clock::{Clock, Timestamp};
use recording_archiver::domain::endpoint::Endpoint as Ours;
use recording_archiver::domain::failure::{About, Class, Pauses, Scope};
use recording_archiver::simulator::{Behaviour, EmptyList, Endpoint, Fault, Meeting, Simulator};
use tokio::net::TcpSocket;

pub(crate) use table::ours;
use table::{Failure, failures};

use crate::world::{World, at, hours, minutes};

use Endpoint::{AccessToken, ConferenceInfo, GetVideos, OrgConferences, Query, UsersLists};

/// A single error costs no more than this beside what the hour costs anyhow: a token, the same call with it, and one for
/// what was not answered.
const CALLS_FOR_ONE_ERROR: usize = 3;

/// An hour in which every call fails costs no more than this.
const CALLS_FOR_AN_HOUR: usize = 45;

/// Longer than any answer takes here, and short enough to wait for.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Worlds at a time.
const SIDE_BY_SIDE: usize = 4;

/// A meeting whose recording belongs to one and that was created by another: either may be asked as.
fn meeting(id: &str, starts_at: Timestamp, ends_at: Timestamp, delay: Duration) -> Meeting {
    let meeting = Meeting::sample(id, starts_at, ends_at).creator("creator").attended_by("attendee");
    meeting.owner("owner").recorded(delay)
}

/// The world, just before `on` is called.
async fn before(on: Endpoint) -> World {
    let meetings = [
        meeting("a", at(9, 0), at(10, 30), minutes(1)),
        meeting("b", at(8, 0), at(8, 30), hours(3)),
        meeting("c", at(9, 0), at(11, 30), minutes(1)),
    ];
    // `cloudRecordNotFound` is one of the errors: a recording that is not there yet makes an empty list.
    let builder = World::with(meetings).behaviour(Behaviour { empty_list: EmptyList::Empty, ..Behaviour::default() });
    let builder = match on {
        OrgConferences => builder.listing().watching("b", None),
        UsersLists => builder.config(|config| config.discover.users = vec!["attendee".to_owned()]),
        _ => builder,
    };
    let builder = builder.config(|config| config.dingtalk.request_timeout = TIMEOUT);
    let mut world = builder.starting(at(9, 1)).start().await;
    let moment = match on {
        ConferenceInfo => at(10, 30),
        GetVideos => at(10, 32),
        OrgConferences | UsersLists => at(9, 12),
        _ => at(9, 4),
    };
    world.until(moment).await;
    if on == AccessToken {
        // A daemon that has just been started has no token.
        world.restart().await;
    }
    world
}

async fn pauses(world: &World) -> Vec<(Scope, Duration)> {
    let pauses = world.catalog.pauses().await.unwrap();
    pauses.into_iter().map(|pause| (pause.scope, pause.until.since(pause.since))).collect()
}

async fn failed_calls(world: &World) -> Vec<String> {
    let sql = "SELECT outcome || ' ' || sum(calls) FROM api_calls WHERE outcome <> 'ok' GROUP BY outcome";
    world.words(sql).await
}

async fn states(world: &World) -> Vec<String> {
    world.words("SELECT state FROM conferences ORDER BY conference_id").await
}

fn calls_since(world: &World, since: Timestamp) -> usize {
    world.simulator.calls().iter().filter(|call| call.at >= since).count()
}

/// One pass, when it is due.
async fn step(world: &World) {
    let report = world.tick().await;
    if report.ran.is_empty() {
        world.clock.advance_to(report.next_due_at.unwrap());
        world.tick().await;
    }
}

/// Until every conference is closed, and none is looked at again; answers their states, how many recordings there are, and the pauses.
async fn the_end(world: &World) -> (Vec<String>, i64, i64) {
    const OPEN: &str = "SELECT count(*) FROM conferences
                        WHERE closed_at IS NULL OR (state = 'failed' AND next_attempt_at IS NOT NULL)";
    let deadline = world.now() + hours(60);
    while world.now() < deadline && world.number(OPEN).await > 0 {
        world.pass(hours(1)).await;
    }
    let recordings = world.number("SELECT count(*) FROM recordings WHERE missing_since IS NULL").await;
    (states(world).await, recordings, world.number("SELECT count(*) FROM pauses").await)
}

fn all_archived() -> (Vec<String>, i64, i64) {
    (vec!["archived".to_owned(); 3], 3, 0)
}

/// Each error that can come at `on`, once. What does not follow as the table says is named.
async fn every_error_once(on: Endpoint) {
    let calm = before(on).await;
    let since = calm.now();
    calm.pass(hours(1)).await;
    let most = calls_since(&calm, since) + CALLS_FOR_ONE_ERROR;
    let lived = failures().into_iter().filter(|failure| failure.on.contains(&on));
    let lived: Vec<_> =
        stream::iter(lived.map(|failure| once(failure, on, most))).buffered(SIDE_BY_SIDE).collect().await;
    assert!(lived.len() > 20);
    let broken: Vec<String> = lived.into_iter().flatten().collect();
    assert!(broken.is_empty(), "{} differ:\n{}", broken.len(), broken.join("\n"));
}

async fn once(failure: Failure, on: Endpoint, most: usize) -> Vec<String> {
    let world = before(on).await;
    let mut broken = Vec::new();
    let mut expect = |is: bool, what: String| {
        if !is {
            broken.push(format!("{:?} at {on:?}: {what}", failure.answer));
        }
    };
    let (state, since) = (world.state("a").await, world.now());
    let fault = Fault::new(failure.answer.clone()).on(on).times(1);
    let is_about_one = matches!(on, ConferenceInfo | GetVideos);
    world.fault(if is_about_one { fault.conference("a") } else { fault });
    while !world.simulator.faults().pending().is_empty() {
        assert!(world.now() < since + hours(1), "{on:?} was not called");
        step(&world).await;
    }
    let (seen, wanted) = (pauses(&world).await, failure.pause(on).into_iter().collect::<Vec<_>>());
    expect(seen == wanted, format!("the pauses are {seen:?}, not {wanted:?}"));
    let (seen, wanted) = (failed_calls(&world).await, failure.ledger(on));
    expect(seen == wanted, format!("the ledger has {seen:?}, not {wanted:?}"));
    let wanted = match failure.class {
        // The call is repeated with a new token, and answered.
        Class::TokenInvalid if on == ConferenceInfo => "ended",
        _ if failure.is_refusal(on) => "failed",
        _ => state.as_str(),
    };
    let seen = world.state("a").await;
    expect(seen == wanted, format!("the state is {seen}, not {wanted}"));

    world.until((since + hours(1)).max(world.now())).await;
    let calls = calls_since(&world, since);
    expect(calls <= most, format!("{calls} calls in the hour, not {most} at most"));
    let end = the_end(&world).await;
    expect(end == all_archived(), format!("in the end, {end:?}"));
    expect(world.ledger().await >= world.simulator.metered_calls(), "the ledger undercounts".to_owned());
    broken
}

#[tokio::test]
async fn the_table_holds_for_one_error_at_the_batch_query() {
    every_error_once(Query).await;
}

#[tokio::test]
async fn the_table_holds_for_one_error_at_conference_info() {
    every_error_once(ConferenceInfo).await;
}

#[tokio::test]
async fn the_table_holds_for_one_error_at_the_list_of_recordings() {
    every_error_once(GetVideos).await;
}

#[tokio::test]
async fn the_table_holds_for_one_error_at_the_organisations_list() {
    every_error_once(OrgConferences).await;
}

#[tokio::test]
async fn the_table_holds_for_one_error_at_a_users_list() {
    every_error_once(UsersLists).await;
}

#[tokio::test]
async fn the_table_holds_for_one_error_at_the_token() {
    every_error_once(AccessToken).await;
}

/// What a world is like after an hour, from half past ten on, in which every call failed.
async fn check_the_hour(world: &World, class: Class, tried: usize, tried_before_the_pause: usize) {
    let scopes: Vec<Scope> = pauses(world).await.into_iter().map(|(scope, _)| scope).collect();
    if class.entails().pauses == Pauses::Endpoint {
        let is_held = |endpoint| scopes.iter().any(|scope| scope.holds(endpoint));
        assert!(is_held(Ours::Query) && is_held(Ours::Videos), "{class:?}: {scopes:?}");
    } else {
        assert_eq!(scopes, [Scope::Everything], "{class:?}");
        assert!(tried_before_the_pause <= 12, "{class:?}: {tried_before_the_pause} calls before the pause");
    }
    assert!(tried <= CALLS_FOR_AN_HOUR, "{class:?}: {tried} calls in the hour");
    assert_eq!(states(world).await, ["active", "ended", "active"], "{class:?}");
}

#[tokio::test]
async fn an_hour_in_which_everything_fails_pauses_everything_and_closes_nothing() {
    let mut classes = HashSet::new();
    let failures = failures().into_iter().filter(|failure| {
        let is_answer = failure.class.entails().about == About::Conference;
        !is_answer && failure.class != Class::TimedOut && classes.insert(failure.class)
    });
    let lived = failures.map(|failure| async move {
        let (world, began, end) = (before(Query).await, at(10, 29), at(11, 29));
        world.until(began).await;
        world.fault(Fault::new(failure.answer.clone()).until(end));
        let tried = || calls_since(&world, began);
        while world.now() < end && !pauses(&world).await.iter().any(|(scope, _)| *scope == Scope::Everything) {
            step(&world).await;
        }
        let tried_before_the_pause = tried();
        world.until(end.max(world.now())).await;
        check_the_hour(&world, failure.class, tried(), tried_before_the_pause).await;
        assert_eq!(the_end(&world).await, all_archived(), "{:?}", failure.class);
    });
    let lived: Vec<()> = stream::iter(lived).buffered(SIDE_BY_SIDE).collect().await;
    assert!(lived.len() >= 12);
}

#[tokio::test]
async fn an_hour_in_which_nobody_is_reached_costs_nothing() {
    let mut world = before(Query).await;
    world.until(at(10, 29)).await;
    let spent = world.ledger().await;
    let (address, port) = unplug(&mut world).await;
    world.until(at(11, 29)).await;
    let tried = world.number("SELECT sum(calls) FROM api_calls WHERE outcome = 'unreached'").await;
    check_the_hour(&world, Class::Unreached, usize::try_from(tried).unwrap(), 0).await;
    assert_eq!(world.ledger().await, spent);
    drop(port);
    let organisation = world.simulator.with_organisation(|organisation| organisation.clone());
    let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
    world.simulator = Simulator::start(address, organisation, Behaviour::default(), clock).await.unwrap();
    assert_eq!(the_end(&world).await, all_archived());
}

/// From here on, nobody listens where the simulator was. The socket keeps the port from being anybody else's; who keeps
/// the organisation listens elsewhere.
async fn unplug(world: &mut World) -> (SocketAddr, TcpSocket) {
    let organisation = world.simulator.with_organisation(|organisation| organisation.clone());
    let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
    let elsewhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let elsewhere = Simulator::start(elsewhere, organisation, Behaviour::default(), clock).await.unwrap();
    let gone = std::mem::replace(&mut world.simulator, elsewhere);
    let address = gone.local_addr();
    gone.shutdown().await;
    let port = TcpSocket::new_v4().unwrap();
    port.set_reuseaddr(true).unwrap();
    port.bind(address).unwrap();
    (address, port)
}
