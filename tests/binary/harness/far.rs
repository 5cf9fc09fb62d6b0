//! The simulated DingTalk that the binary talks to.

use std::net::Ipv4Addr;
use std::sync::Arc;

use recording_archiver::domain::clock::{Clock, SystemClock, Timestamp};
use recording_archiver::simulator::{Behaviour, Endpoint, Meeting, Organisation, Simulator};
use tokio::runtime::Runtime;

/// What a daemon in a hurry is told: everything is due at once.
const HURRIED: &str = "[collect]\ninterval = \"1s\"\nfirst_delay = \"0s\"\nretry_min = \"1s\"\nsettle = \"0s\"\n";

/// A simulated DingTalk on loopback, on the wall clock. It stops when it is dropped.
pub(crate) struct Far {
    pub(crate) simulator: Simulator,
    runtime: Runtime,
}

impl Far {
    /// One in which these meetings take place.
    pub(crate) fn with(meetings: impl IntoIterator<Item = Meeting>) -> Self {
        Self::by(Arc::new(SystemClock::new()), meetings)
    }

    /// The same, by another clock.
    pub(crate) fn by(clock: Arc<dyn Clock>, meetings: impl IntoIterator<Item = Meeting>) -> Self {
        let mut organisation = Organisation::empty();
        meetings.into_iter().for_each(|meeting| organisation.add(meeting));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listen = (Ipv4Addr::LOCALHOST, 0).into();
        let simulator = runtime.block_on(Simulator::start(listen, organisation, Behaviour::default(), clock)).unwrap();
        Self { simulator, runtime }
    }

    /// A configuration that reaches it and waits for nothing, with `more` behind it.
    pub(crate) fn configuration(&self, more: &str) -> String {
        format!(
            "[dingtalk]\nbase_url = \"{}\"\napp_key = \"{}\"\napp_secret = \"{}\"\n{HURRIED}{more}",
            self.simulator.base_url(),
            self.simulator.app_key(),
            self.simulator.app_secret()
        )
    }

    /// Has events pushed as time passes.
    pub(crate) fn pushes(&self) {
        let _runtime = self.runtime.enter();
        self.simulator.deliver_as_time_passes();
    }

    /// Has the events pushed that are due, and waits until each is answered.
    pub(crate) fn deliver(&self) {
        self.runtime.block_on(self.simulator.deliver());
    }

    /// How often it was asked at `endpoint`.
    pub(crate) fn asked(&self, endpoint: Endpoint) -> usize {
        self.simulator.calls().iter().filter(|call| call.endpoint == endpoint).count()
    }
}

/// What time it is.
pub(crate) fn now() -> Timestamp {
    SystemClock::new().now()
}
