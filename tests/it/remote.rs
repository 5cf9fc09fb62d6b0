//! The client alone, in front of the simulator: its gate records its calls, and there is no catalog.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use recording_archiver::cli::wiring;
use recording_archiver::config::Config;
use recording_archiver::dingtalk::{Charge, Client, Gate, Outcome, Refusal, Request};
use recording_archiver::domain::clock::{Clock, Timestamp, VirtualClock};
use recording_archiver::domain::endpoint::Endpoint;
use recording_archiver::domain::failure::Class;
use recording_archiver::simulator::{Answer, Behaviour, Fault, Meeting, Organisation, Simulator};

use crate::world::at;

/// A call of the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GateCall {
    Admit(Endpoint),
    Answered,
    Failed(Class),
    Unsent(Class),
}

/// A gate that lets everything through.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<GateCall>>);

pub(crate) struct Remote {
    pub(crate) simulator: Simulator,
    pub(crate) client: Client,
    pub(crate) clock: Arc<VirtualClock>,
    gate: Arc<Recorder>,
}

impl Remote {
    /// It is half past nine, and these meetings exist.
    pub(crate) async fn with(meetings: impl IntoIterator<Item = Meeting>) -> Self {
        let mut organisation = Organisation::empty();
        meetings.into_iter().for_each(|meeting| organisation.add(meeting));
        let clock = Arc::new(VirtualClock::new(at(9, 30)));
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let simulator =
            Simulator::start(loopback, organisation, Behaviour::default(), Arc::clone(&shared)).await.unwrap();
        let gate = Arc::new(Recorder::default());
        let client = client(&simulator.base_url(), Arc::clone(&gate) as Arc<dyn Gate>, shared);
        Self { simulator, client, clock, gate }
    }

    /// Answers the next call like this, whatever it is.
    pub(crate) fn next(&self, answer: Answer) {
        self.simulator.faults().clear();
        self.simulator.faults().push(Fault::new(answer).times(1));
    }

    /// The calls of the gate since the last time.
    pub(crate) fn gate_calls(&self) -> Vec<GateCall> {
        std::mem::take(&mut *self.gate.0.lock().unwrap())
    }
}

/// A client with the simulator's credentials for whatever listens at `base_url`.
pub(crate) fn client(base_url: &str, gate: Arc<dyn Gate>, clock: Arc<dyn Clock>) -> Client {
    let mut config = Config::default();
    config.dingtalk.base_url = base_url.parse().unwrap();
    config.dingtalk.app_key = Some("dingxxxsimulated".to_owned());
    config.dingtalk.app_secret = Some("simulated-app-secret".into());
    config.dingtalk.request_timeout = Duration::from_secs(5);
    wiring::client(&config, gate, clock).unwrap()
}

impl Gate for Recorder {
    fn admit(&self, request: Request) -> BoxFuture<'_, Result<(), Refusal>> {
        self.0.lock().unwrap().push(GateCall::Admit(request.endpoint));
        async { Ok(()) }.boxed()
    }

    fn charge(&self, _: Request, _: Option<Timestamp>) -> BoxFuture<'_, Result<Charge, Refusal>> {
        async { Ok(Charge { day: String::new() }) }.boxed()
    }

    fn report<'a>(&'a self, _: Request, outcome: Outcome<'a>, charge: Option<Charge>) -> BoxFuture<'a, ()> {
        self.0.lock().unwrap().push(match (outcome, charge) {
            (Outcome::Answered, _) => GateCall::Answered,
            (Outcome::Failed(error), Some(_)) => GateCall::Failed(error.class),
            (Outcome::Failed(error), None) => GateCall::Unsent(error.class),
        });
        async {}.boxed()
    }
}
