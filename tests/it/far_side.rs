//! The client alone, in front of the simulator: a gate that writes down what it is told, and no catalog.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use recording_archiver::cli::wiring;
use recording_archiver::config::Config;
use recording_archiver::dingtalk::{Class, Client, Endpoint, Gate, Outcome, Refusal};
use recording_archiver::domain::clock::{Clock, VirtualClock};
use recording_archiver::simulator::{Answer, Behaviour, Fault, Meeting, Organisation, Simulator};

use crate::world::at;

/// What the gate was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Admit(Endpoint),
    Answered,
    Failed(Class),
    Unsent(Class),
}

/// A gate that lets everything through.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<Told>>);

pub(crate) struct FarSide {
    pub(crate) simulator: Simulator,
    pub(crate) client: Client,
    gate: Arc<Recorder>,
}

impl FarSide {
    /// It is half past nine, and this goes on.
    pub(crate) async fn with(meetings: impl IntoIterator<Item = Meeting>) -> Self {
        let mut organisation = Organisation::empty();
        meetings.into_iter().for_each(|meeting| organisation.add(meeting));
        let clock = Arc::new(VirtualClock::new(at(9, 30))) as Arc<dyn Clock>;
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let simulator =
            Simulator::start(loopback, organisation, Behaviour::default(), Arc::clone(&clock)).await.unwrap();
        let gate = Arc::new(Recorder::default());
        let client = client(&simulator.base_url(), Arc::clone(&gate) as Arc<dyn Gate>, clock);
        Self { simulator, client, gate }
    }

    /// The next call, whatever it is, is answered like this.
    pub(crate) fn next(&self, answer: Answer) {
        self.simulator.faults().clear();
        self.simulator.faults().push(Fault::new(answer).times(1));
    }

    /// What the gate was told since it was last asked.
    pub(crate) fn told(&self) -> Vec<Told> {
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
    fn admit(&self, endpoint: Endpoint) -> BoxFuture<'_, Result<(), Refusal>> {
        self.0.lock().unwrap().push(Told::Admit(endpoint));
        async { Ok(()) }.boxed()
    }

    fn report<'a>(&'a self, _: Endpoint, outcome: Outcome<'a>) -> BoxFuture<'a, ()> {
        self.0.lock().unwrap().push(match outcome {
            Outcome::Answered => Told::Answered,
            Outcome::Failed(error) => Told::Failed(error.class),
            Outcome::Unsent(error) => Told::Unsent(error.class),
        });
        async {}.boxed()
    }
}
