//! Stream mode: the events that DingTalk pushes over a WebSocket, instead of being asked.
//!
//! Events follow from the truth ([`event`]), are pushed as DingTalk pushes them ([`schedule`]) over whatever is
//! connected ([`connections`], [`socket`]), and cost pushes ([`log`]). Nothing moves by itself: whoever steps the clock
//! has what is due delivered ([`StreamGateway::deliver`]), or a task does it as time passes. As long as nobody is
//! connected, nothing comes to pass here.

mod behaviour;
mod connections;
mod event;
mod frame;
mod handle;
mod log;
mod schedule;
mod socket;
mod upcoming;

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::domain::clock::Timestamp;

use super::organisation::Organisation;
use super::random::Random;
use behaviour::LATEST;
use connections::Connections;
use event::uuid;
use frame::Up;
use log::Log;
use schedule::{Awaited, GONE_AFTER, Schedule, Source};
use upcoming::Upcoming;

pub use behaviour::{CreatedStatus, EventTopic, Noise, StreamBehaviour, SystemFrames};
pub use connections::ConnectionRecord;
pub use event::Event;
pub use frame::PushAnswer;
pub use handle::StreamGateway;
pub use log::{Push, PushedEvent};

pub(super) use connections::SocketSide;
pub(super) use frame::xml;
pub(super) use socket::connect;

/// So many events are under way to clients at once.
const WAVE: usize = 1_000;
/// The stream of random numbers that the ids of the system's frames are drawn from.
const STREAM: u64 = 24;

/// Everything about events that is behind the socket.
#[derive(Debug)]
pub(super) struct Stream {
    address: SocketAddr,
    connections: Connections,
    upcoming: Upcoming,
    schedule: Schedule,
    log: Log,
    system_frames: u64,
    pongs: u64,
    /// Ticks whenever a frame has come up or somebody has come or gone.
    changes: watch::Sender<u64>,
}

impl Stream {
    pub(super) fn new() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            connections: Connections::default(),
            upcoming: Upcoming::default(),
            schedule: Schedule::default(),
            log: Log::default(),
            system_frames: 0,
            pongs: 0,
            changes: watch::Sender::new(0),
        }
    }

    /// Where its answers say that the WebSocket is.
    pub(super) fn listens_at(&mut self, address: SocketAddr) {
        self.address = address;
    }

    /// Answers `connections/open`: where to connect, and the ticket that opens one connection.
    pub(super) fn open(&mut self, takes_events: bool, behaviour: &StreamBehaviour, elapsed: Duration) -> Value {
        let ticket = self.connections.issue_ticket(takes_events, behaviour.ticket_life, elapsed);
        json!({ "endpoint": format!("ws://{}/connect", self.address), "ticket": ticket })
    }

    /// Uses up a ticket, and says whether its connection takes events; none if the ticket is not good.
    pub(super) fn redeem(&mut self, ticket: &str, elapsed: Duration) -> Option<bool> {
        self.connections.redeem(ticket, elapsed)
    }

    pub(super) fn opened(
        &mut self,
        takes_events: bool,
        organisation: &Organisation,
        behaviour: &StreamBehaviour,
        now: Timestamp,
    ) -> SocketSide {
        // What was due while nobody was connected was pushed to nobody.
        if self.connections.receiving().is_empty() {
            self.upcoming.skip_until(now - GONE_AFTER - LATEST);
            self.admit(organisation, behaviour, now);
            self.schedule.miss_until(now);
        }
        let side = self.connections.opened(takes_events, now);
        self.changed();
        side
    }

    pub(super) fn closed(&mut self, number: u64, now: Timestamp) {
        if self.connections.closed(number, now) {
            self.schedule.forget_connection(number);
        }
        self.changed();
    }

    /// When something is due next: an event, a repetition, or the end of a connection.
    fn next_push_at(&mut self, organisation: &Organisation, behaviour: &StreamBehaviour) -> Option<Timestamp> {
        let end = self.connections.next_end_at(behaviour.connection_life);
        if self.connections.receiving().is_empty() {
            return end;
        }
        let birth = self.upcoming.next_at(organisation, behaviour.noise);
        [end, birth, self.schedule.next_push_at()].into_iter().flatten().min()
    }

    /// Pushes what is due, at most a wave of it. The messageIds of what may be answered; none if nothing was due.
    fn step(
        &mut self,
        organisation: &Organisation,
        behaviour: &StreamBehaviour,
        now: Timestamp,
    ) -> Option<Vec<String>> {
        self.end_connections(behaviour, now);
        if self.connections.receiving().is_empty() {
            return None;
        }
        self.admit(organisation, behaviour, now);
        let due = self.schedule.due(now, WAVE);
        let pushed = due.iter().filter_map(|number| self.push(*number, organisation, behaviour, now)).collect();
        (!due.is_empty()).then_some(pushed)
    }

    /// What has come to pass is to be pushed, unless it is not announced or lost.
    fn admit(&mut self, organisation: &Organisation, behaviour: &StreamBehaviour, now: Timestamp) {
        for birth in self.upcoming.take_until(now, organisation, behaviour.noise) {
            let event_id = birth.event_id(behaviour);
            if !behaviour.covers(&birth.conference_id) || behaviour.loses(&event_id) {
                continue;
            }
            let first_at = birth.born_at + behaviour.delay(&event_id);
            self.schedule.add(Source::Birth(birth), event_id, first_at);
        }
    }

    fn push(
        &mut self,
        number: u64,
        organisation: &Organisation,
        behaviour: &StreamBehaviour,
        now: Timestamp,
    ) -> Option<String> {
        let pending = self.schedule.pending(number)?;
        let mut random = behaviour.random(&format!("push {} {} {number}", pending.event_id, pending.made));
        let is_metered = pending.made == 0 || behaviour.repeats_are_metered;
        let Some(event) = pending.event(organisation, behaviour) else {
            self.schedule.remove(number);
            return None;
        };
        let are_spent = behaviour.pushes_per_month.is_some_and(|most| self.log.in_month(now) >= most);
        if are_spent {
            self.schedule.pushed(number, now, None);
            return None;
        }
        let connection = *random.pick(&self.connections.receiving());
        let message_id = uuid(&mut random);
        let frame = frame::event(&event, &message_id, behaviour, now);
        let has_left = self.connections.get_mut(connection).is_some_and(|connection| connection.send(frame, now));
        let push = Push { at: now, connection, answer: None };
        let index = self.log.pushed(number, &event, push, is_metered);
        let awaited = Awaited { number, index, connection };
        self.schedule.pushed(number, now, Some((message_id.clone(), awaited)));
        has_left.then_some(message_id)
    }

    /// A frame has come up.
    pub(super) fn received(&mut self, connection: u64, text: &str, behaviour: &StreamBehaviour, now: Timestamp) {
        if let Some(up) = Up::parse(text) {
            self.answered(connection, up, behaviour, now);
        }
        self.changed();
    }

    fn answered(&mut self, connection: u64, up: Up, behaviour: &StreamBehaviour, now: Timestamp) {
        if let Some(Awaited { number, index, .. }) = self.schedule.take_awaited(&up.message_id) {
            let is_done = up.answer == PushAnswer::Acknowledged;
            self.log.answered(number, index, up.answer);
            if is_done {
                self.schedule.acknowledged(number, now, behaviour);
            }
        } else if let Some(connection) = self.connections.get_mut(connection) {
            let is_pong = |(message_id, data): &(String, String)| {
                *message_id == up.message_id && up.data.as_ref() == Some(data) && up.answer == PushAnswer::Acknowledged
            };
            if connection.ping.as_ref().is_some_and(is_pong) {
                connection.ping = None;
                self.pongs += 1;
            }
        }
    }

    /// Pings each connection over which nothing has left for `idle`.
    fn ping(&mut self, idle: Duration, behaviour: &StreamBehaviour, now: Timestamp) {
        for number in self.connections.numbers() {
            let message_id = self.system_message_id();
            let Some(connection) = self.connections.get_mut(number) else { continue };
            if now.since(connection.sent_at) >= idle {
                let (frame, data) = frame::ping(&message_id, behaviour.system_frames, now);
                connection.ping = Some((message_id, data));
                connection.send(frame, now);
            }
        }
    }

    /// Tells a connection to leave: nothing is pushed over it any more, and it is closed 10 s later.
    fn disconnect(&mut self, number: u64, behaviour: &StreamBehaviour, now: Timestamp) {
        let message_id = self.system_message_id();
        if let Some(connection) = self.connections.get_mut(number) {
            connection.send(frame::disconnect(&message_id, behaviour.system_frames, now), now);
            connection.leaves(now);
        }
    }

    fn end_connections(&mut self, behaviour: &StreamBehaviour, now: Timestamp) {
        for number in self.connections.overdue(now) {
            self.closed(number, now);
        }
        for number in behaviour.connection_life.map(|life| self.connections.older_than(life, now)).unwrap_or_default() {
            self.disconnect(number, behaviour, now);
        }
    }

    /// Sends any text over each connection.
    fn send(&mut self, text: &str, now: Timestamp) {
        for number in self.connections.numbers() {
            if let Some(connection) = self.connections.get_mut(number) {
                connection.send(text.to_owned(), now);
            }
        }
    }

    /// Breaks each connection off.
    fn drop_all(&mut self, now: Timestamp) {
        for number in self.connections.numbers() {
            if let Some(connection) = self.connections.get_mut(number) {
                connection.reset();
            }
            self.closed(number, now);
        }
    }

    fn system_message_id(&mut self) -> String {
        self.system_frames += 1;
        uuid(&mut Random::new(self.system_frames, STREAM))
    }

    fn changed(&self) {
        self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }
}
