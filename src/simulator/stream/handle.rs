//! What a test or a command does with Stream mode: sees to it that events are delivered, has things go wrong, and reads
//! what became of them.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::domain::clock::Timestamp;
use crate::simulator::gateway::Gateway;
use crate::simulator::server::lock;

use super::behaviour::StreamBehaviour;
use super::connections::ConnectionRecord;
use super::event::Event;
use super::log::PushedEvent;
use super::schedule::Source;

/// How long a client may stay silent, in real time, before it is taken to be silent for good.
const PATIENCE: Duration = Duration::from_secs(3);
/// As time passes by itself, what is due is looked for at least so often.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// As time passes by itself, something leaves over each connection at least so often.
const PING_EVERY: Duration = Duration::from_secs(25);

/// A handle to the Stream mode of a simulator. Clones are handles to the same one.
#[derive(Clone, Debug)]
pub struct StreamGateway(Arc<Mutex<Gateway>>);

impl StreamGateway {
    pub(in crate::simulator) fn new(gateway: Arc<Mutex<Gateway>>) -> Self {
        Self(gateway)
    }

    /// When something is next to be delivered: an event or its repetition, or the end of a connection. Not before `now`;
    /// none as long as nobody is connected. Whoever steps a virtual clock stops there and has it
    /// [delivered](Self::deliver).
    #[must_use]
    pub fn next_push_at(&self, now: Timestamp) -> Option<Timestamp> {
        let mut gateway = self.gateway();
        let Gateway { organisation, behaviour, stream, .. } = &mut *gateway;
        organisation.extend_to(now);
        stream.next_push_at(organisation, &behaviour.stream).map(|at| at.max(now))
    }

    /// Pushes everything that is due now. Returns when each push was answered, or its connection is closed, or no answer
    /// has come for three seconds of real time.
    pub async fn deliver(&self) {
        let mut changes = self.gateway().stream.changes.subscribe();
        loop {
            let Some(mut pushed) = self.step() else { return };
            while let Some(message_id) = pushed.last() {
                if !self.gateway().stream.schedule.awaits(message_id) {
                    pushed.pop();
                } else if !matches!(timeout(PATIENCE, changes.changed()).await, Ok(Ok(()))) {
                    break;
                }
            }
        }
    }

    /// Delivers as time passes by itself, until `stop`; pings connections over which nothing else leaves.
    pub(in crate::simulator) async fn deliver_until(self, stop: CancellationToken) {
        let clock = Arc::clone(&self.gateway().clock);
        while !stop.is_cancelled() {
            while self.step().is_some() {}
            let now = clock.now();
            self.with(|gateway, now| gateway.stream.ping(PING_EVERY, &gateway.behaviour.stream, now));
            let idle = self.next_push_at(now).map_or(LOOK_EVERY, |at| at.since(now).min(LOOK_EVERY));
            tokio::select! {
                () = stop.cancelled() => {}
                () = clock.sleep(idle.max(Duration::from_millis(10))) => {}
            }
        }
    }

    /// Waits until exactly `count` connections are open; false if they are not within three seconds of real time.
    pub async fn connected(&self, count: usize) -> bool {
        let mut changes = self.gateway().stream.changes.subscribe();
        let connected = async { while self.open_connections() != count && changes.changed().await.is_ok() {} };
        timeout(PATIENCE, connected).await.is_ok()
    }

    /// How many connections are open.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.gateway().stream.connections.numbers().len()
    }

    /// Every connection that was ever opened, oldest first; of very many, the last ten thousand.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionRecord> {
        self.gateway().stream.connections.records()
    }

    /// Every event that was pushed, with its pushes; of very many, the last twenty thousand.
    #[must_use]
    pub fn events(&self) -> Vec<PushedEvent> {
        self.gateway().stream.log.events()
    }

    /// How many pushes were acknowledged.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.gateway().stream.log.acknowledged()
    }

    /// How many metered pushes there were in the calendar month (UTC+8) around `instant`.
    #[must_use]
    pub fn pushes_in_month(&self, instant: Timestamp) -> u64 {
        self.gateway().stream.log.in_month(instant)
    }

    /// How many pings were answered rightly.
    #[must_use]
    pub fn pongs(&self) -> u64 {
        self.gateway().stream.pongs
    }

    /// Whether the events of a meeting are announced at all.
    #[must_use]
    pub fn covers(&self, conference_id: &str) -> bool {
        self.gateway().behaviour.stream.covers(conference_id)
    }

    /// Has events come another way from here on.
    pub fn change(&self, change: impl FnOnce(&mut StreamBehaviour)) {
        change(&mut self.gateway().behaviour.stream);
    }

    /// From here on, so many of a hundred events never come.
    pub fn lose(&self, percent: u8) {
        self.change(|behaviour| behaviour.lost_percent = percent);
    }

    /// From here on, only so many of a hundred meetings are announced.
    pub fn cover(&self, percent: u8) {
        self.change(|behaviour| behaviour.covered_percent = percent);
    }

    /// While it is silent, all connections stay open, those to come too, and nothing comes over them, no pong either.
    /// `DingTalk` does not notice: it pushes, and meters.
    pub fn set_silent(&self, silent: bool) {
        self.gateway().stream.connections.set_silent(silent, true);
    }

    /// The connections that are open go silent, as [`set_silent`](Self::set_silent) says; those to come do not.
    pub fn fall_silent(&self) {
        self.gateway().stream.connections.set_silent(true, false);
    }

    /// Tells every connection to leave. Nothing is pushed over them any more, and they are closed 10 s later.
    pub fn disconnect_all(&self) {
        self.with(|gateway, now| {
            for number in gateway.stream.connections.numbers() {
                gateway.stream.disconnect(number, &gateway.behaviour.stream, now);
            }
        });
    }

    /// Resets every connection.
    pub fn drop_all(&self) {
        self.with(|gateway, now| gateway.stream.drop_all(now));
    }

    /// Pings every connection.
    pub fn ping_all(&self) {
        self.with(|gateway, now| gateway.stream.ping(Duration::ZERO, &gateway.behaviour.stream, now));
    }

    /// Has a hand-made event pushed from now on, as any other.
    pub fn push(&self, event: Event) {
        self.with(|gateway, now| {
            let event_id = event.event_id.clone();
            gateway.stream.schedule.add(Source::Made(Box::new(event)), event_id, now);
        });
    }

    /// Sends any text over every connection, unmetered: a malformed frame, for example.
    pub fn send(&self, text: &str) {
        self.with(|gateway, now| gateway.stream.send(text, now));
    }

    fn step(&self) -> Option<Vec<String>> {
        self.with(|gateway, now| {
            gateway.organisation.extend_to(now);
            gateway.stream.step(&gateway.organisation, &gateway.behaviour.stream, now)
        })
    }

    fn with<R>(&self, act: impl FnOnce(&mut Gateway, Timestamp) -> R) -> R {
        let mut gateway = self.gateway();
        let now = gateway.clock.now();
        act(&mut gateway, now)
    }

    fn gateway(&self) -> MutexGuard<'_, Gateway> {
        lock(&self.0)
    }
}
