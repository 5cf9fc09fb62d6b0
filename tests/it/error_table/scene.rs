//! The small world in which one endpoint is called: three conferences, of which one is looked at.
//!
//! `a` is looked at; `b` is over, its recording comes late; `c` goes on. So there is something else to do at any time,
//! and whoever is harmed by what goes wrong with `a` is seen.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use recording_archiver::domain::clock::{Clock, Timestamp};
use recording_archiver::simulator::{
    Behaviour, Call, CallEvent, EmptyList, Endpoint, Fault, Meeting, Observer, Simulator,
};
use tokio::net::TcpSocket;

use super::answers::Wrong;
use super::table::{On, Row, Times};
use crate::world::{Builder, World, at, hours, minutes};

/// Longer than any answer takes here, and short enough to wait for.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A world, and what went wrong in it.
pub(crate) struct Scene {
    pub(crate) world: World,
    /// The state of `a` before anything goes wrong.
    pub(crate) state_before: &'static str,
    /// The calls that went wrong, oldest first.
    struck: Arc<Mutex<Vec<Call>>>,
    /// The calls that an earlier simulator was asked.
    earlier: Vec<Call>,
    /// Keeps the port on which nobody listens from being anybody else's.
    port: Option<TcpSocket>,
    on: On,
}

/// A meeting whose recording belongs to one and that was created by another: either may be asked as.
fn meeting(id: &str, starts_at: Timestamp, ends_at: Timestamp, delay: Duration) -> Meeting {
    let meeting = Meeting::sample(id, starts_at, ends_at).creator("creator").attended_by("attendee");
    meeting.owner("owner").recorded(delay)
}

/// `cloudRecordNotFound` is one of the rows: here, a recording that is not there yet makes an empty list.
fn behaviour() -> Behaviour {
    Behaviour { empty_list: EmptyList::Empty, ..Behaviour::default() }
}

impl Scene {
    /// The world, just before the endpoint is called.
    pub(crate) async fn before(on: On) -> Self {
        let builder = World::with([
            meeting("a", at(9, 0), at(10, 30), minutes(1)),
            meeting("b", at(8, 0), at(8, 30), hours(3)),
            meeting("c", at(9, 0), at(11, 30), minutes(1)),
        ])
        .behaviour(behaviour());
        let builder = match on {
            On::Organization => builder.listing().watching("b", None),
            On::User => builder.config(|config| config.discover.users = vec!["attendee".to_owned()]),
            _ => builder,
        };
        let mut scene = Self::of(builder.starting(at(9, 1)), on).await;
        let world = &mut scene.world;
        world
            .until(match on {
                On::Get => at(10, 30),
                On::Videos | On::TokenToCollect => at(10, 32),
                On::Organization | On::User => at(9, 12),
                _ => at(9, 4),
            })
            .await;
        if matches!(on, On::TokenToPoll | On::TokenToCollect) {
            // A daemon that has just been started has no token.
            world.restart().await;
        }
        scene.state_before = if on.stage() == "collect" { "ended" } else { "active" };
        assert_eq!(scene.world.state("a").await, scene.state_before);
        scene
    }

    /// A world of another kind.
    pub(crate) async fn of(builder: Builder, on: On) -> Self {
        let world = builder.config(|config| config.dingtalk.request_timeout = TIMEOUT).start().await;
        let struck = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&struck);
        world.simulator.set_observer(Observer::new(move |event| {
            if let CallEvent::Answered { call, fault: Some(_), .. } = event {
                seen.lock().unwrap().push(call.clone());
            }
            true
        }));
        Self { world, state_before: "waiting", struck, earlier: Vec::new(), port: None, on }
    }

    /// From here on, it goes wrong.
    pub(crate) async fn spoil(&mut self, row: &Row) {
        let Wrong::Answered(answer) = &row.wrong else { return self.unplug().await };
        let fault = Fault::new(answer.clone());
        let fault = match self.on.endpoint() {
            Some(endpoint) => fault.on(endpoint),
            None => fault,
        };
        self.world.fault(match row.times {
            Times::Once if matches!(self.on, On::Get | On::Videos) => fault.conference("a").times(1),
            Times::Once | Times::Record => fault.times(1),
            Times::Hour => fault,
            Times::HourAlone => fault.conference("a"),
        });
    }

    /// From here on, nothing goes wrong.
    pub(crate) async fn mend(&mut self) {
        self.world.simulator.faults().clear();
        if self.port.take().is_some() {
            let base_url = self.world.simulator.base_url();
            self.world.reconfigure(|config| config.dingtalk.base_url = base_url.parse().unwrap()).await;
        }
    }

    /// Pass after pass, until one has gone wrong. Answers when that one began.
    pub(crate) async fn strike(&mut self) -> Timestamp {
        for _ in 0..10 {
            let now = self.world.now();
            let due = self.world.archive.next_due(now).await.unwrap().unwrap();
            self.world.clock.advance_to(due);
            let began = self.world.now();
            let report = self.world.tick().await;
            let ran = report.ran.iter().any(|(stage, _)| stage.as_str() == self.on.stage());
            if !self.struck().is_empty() || (self.port.is_some() && ran) {
                return began;
            }
        }
        panic!("{:?} was not called", self.on);
    }

    /// Where nobody listens.
    pub(crate) fn unplugged(&self) -> Option<SocketAddr> {
        self.port.as_ref().and_then(|port| port.local_addr().ok())
    }

    /// The calls that went wrong so far.
    pub(crate) fn struck(&self) -> Vec<Call> {
        self.struck.lock().unwrap().clone()
    }

    /// Every call so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        [self.earlier.clone(), self.world.simulator.calls()].concat()
    }

    /// The calls since `since`, those that reached nobody included.
    pub(crate) async fn tried_since(&self, since: Timestamp) -> usize {
        self.calls().into_iter().filter(|call| call.at >= since).count() + self.unreached().await
    }

    /// How many calls reached nobody, as far as our ledger knows.
    pub(crate) async fn unreached(&self) -> usize {
        let unreached = "SELECT coalesce(sum(calls), 0) FROM api_calls WHERE outcome = 'unreached'";
        self.world.number(unreached).await.try_into().unwrap()
    }

    /// When it last went wrong.
    pub(crate) async fn last_struck(&self) -> Timestamp {
        match self.struck().last() {
            Some(call) => call.at,
            None => Timestamp::from_millis(
                self.world.number("SELECT max(last_started_at) FROM job_runs WHERE outcome <> 'ok'").await,
            ),
        }
    }

    /// The pauses in force.
    pub(crate) async fn pauses(&self) -> Vec<(String, Timestamp)> {
        let pauses = self.world.catalog.pauses().await.unwrap().into_iter();
        pauses.filter(|pause| pause.until > self.world.now()).map(|pause| (pause.scope, pause.until)).collect()
    }

    /// Another simulator takes the place of this one, elsewhere; where it was, nobody listens.
    async fn unplug(&mut self) {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let organisation = self.world.simulator.with_organisation(|organisation| organisation.clone());
        let clock = Arc::clone(&self.world.clock) as Arc<dyn Clock>;
        let elsewhere = Simulator::start(loopback, organisation, behaviour(), clock).await.unwrap();
        let gone = std::mem::replace(&mut self.world.simulator, elsewhere);
        let address = gone.local_addr();
        self.earlier = gone.calls();
        gone.shutdown().await;
        let port = TcpSocket::new_v4().unwrap();
        port.set_reuseaddr(true).unwrap();
        port.bind(address).unwrap();
        self.port = Some(port);
    }
}

/// Our name for an endpoint of the simulator.
pub(crate) fn word(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::AccessToken | Endpoint::CorpToken => "accessToken",
        Endpoint::Query => "query",
        Endpoint::ConferenceInfo => "get",
        Endpoint::GetVideos => "getVideos",
        Endpoint::StartRecord => "start",
        Endpoint::StopRecord => "stop",
        Endpoint::OrgConferences => "orgConferences",
        Endpoint::UsersLists => "users/lists",
    }
}
