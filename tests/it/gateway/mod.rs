//! The simulator's Stream mode, as a client of its own meets it: over a real WebSocket, on a clock that is stepped by
//! hand. What the archiver makes of events is tested elsewhere.

pub(crate) mod client;
mod connections;
mod events;
mod opening;
mod pushes;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use recording_archiver::domain::clock::{Clock, Timestamp, VirtualClock};
use recording_archiver::simulator::{
    Answer, Behaviour, CreatedStatus, Endpoint, Event, EventTopic, Fault, Meeting, Noise, Organisation, Plan,
    PushAnswer, PushedEvent, Simulator, StreamBehaviour, StreamGateway, SystemFrames,
};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite;

use self::client::{Client, SUBSCRIBED, Says, data};
use crate::world::{MIDNIGHT, at, hours, meeting, minutes};

/// A simulated organisation whose events a client listens to.
struct Far {
    simulator: Simulator,
    stream: StreamGateway,
    clock: Arc<VirtualClock>,
}

impl Far {
    /// It is a minute to nine.
    async fn with(meetings: impl IntoIterator<Item = Meeting>, behaviour: StreamBehaviour) -> Self {
        let mut organisation = Organisation::empty();
        meetings.into_iter().for_each(|meeting| organisation.add(meeting));
        Self::of(organisation, behaviour).await
    }

    async fn of(organisation: Organisation, stream: StreamBehaviour) -> Self {
        let clock = Arc::new(VirtualClock::new(at(8, 59)));
        let behaviour = Behaviour { stream, ..Behaviour::default() };
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let handed = Arc::clone(&clock) as Arc<dyn Clock>;
        let simulator = Simulator::start(loopback, organisation, behaviour, handed).await.unwrap();
        Self { stream: simulator.stream(), simulator, clock }
    }

    /// Asks for a connection; the status, and the body as it came.
    async fn ask(&self, secret: &str, subscriptions: &str, accept: &str) -> (u16, String) {
        client::ask(&self.simulator, secret, subscriptions, accept).await.unwrap()
    }

    /// Where a new ticket leads.
    async fn address(&self) -> String {
        client::address(&self.simulator).await.unwrap()
    }

    async fn connect(&self, says: Says) -> Client {
        Client::connect(&self.simulator, says).await.unwrap()
    }

    /// Delivers whatever is due until `until`, each thing at its time; then it is `until`.
    async fn until(&self, until: Timestamp) {
        self.simulator.deliver().await;
        while let Some(next) = self.simulator.next_push_at(self.clock.now()).filter(|next| *next <= until) {
            self.clock.advance_to(next);
            self.simulator.deliver().await;
        }
        self.clock.advance_to(until);
    }

    fn event(&self, conference_id: &str, n: usize) -> PushedEvent {
        let is_about = |event: &PushedEvent| event.conference_id.as_deref() == Some(conference_id);
        self.stream.events().into_iter().filter(is_about).nth(n).unwrap()
    }

    fn opens(&self) -> usize {
        self.simulator.calls().iter().filter(|call| call.endpoint == Endpoint::OpenConnection).count()
    }
}

/// When each push of an event was, in seconds after it was born.
fn pushed_after(event: &PushedEvent) -> Vec<u64> {
    event.pushes.iter().map(|push| push.at.since(event.born_at).as_secs()).collect()
}

fn plain() -> StreamBehaviour {
    StreamBehaviour::default()
}

/// A hand-made event.
fn made(n: usize, now: Timestamp) -> Event {
    Event {
        event_id: format!("made-{n}"),
        event_type: "meeting_status_change".to_owned(),
        conference_id: None,
        born_at: now,
        data: json!({"changeScene": "made", "openConfModel": {"conferenceId": "none"}}).to_string(),
    }
}

/// A hundred meetings of one day.
fn busy_day() -> Organisation {
    Organisation::generate(&Plan { seed: 7, meetings: 100, days: 1, first_day: MIDNIGHT })
}
