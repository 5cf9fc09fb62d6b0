//! Who is connected: tickets, and the connections that they opened.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::domain::clock::Timestamp;
use crate::simulator::random::Random;

use super::event::uuid;

/// A connection that is told to leave is closed so much later.
const LEAVE_WITHIN: Duration = Duration::from_secs(10);
/// So many frames may wait for a client that does not read.
const OUTBOX: usize = 2_000;
/// An endless simulator must not grow: the log keeps this many connections.
const RECORDS_KEPT: usize = 10_000;
/// The stream of random numbers that tickets are drawn from.
const STREAM: u64 = 23;

/// A connection that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRecord {
    /// 1 for the first one.
    pub number: u64,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed, by whichever side.
    pub closed_at: Option<Timestamp>,
}

/// The tickets that are good and the connections that are open.
#[derive(Debug, Default)]
pub(super) struct Connections {
    tickets: HashMap<String, Ticket>,
    tickets_issued: u64,
    open: BTreeMap<u64, Connection>,
    records: VecDeque<ConnectionRecord>,
    opened: u64,
    /// Whether new connections are silent too.
    is_silent: bool,
}

#[derive(Debug)]
struct Ticket {
    /// By the clock that never steps back, as tokens do.
    expires_at: Duration,
    takes_events: bool,
}

/// One connection, seen from behind the socket. When it is dropped, its socket is closed.
#[derive(Debug)]
pub(super) struct Connection {
    opened_at: Timestamp,
    /// When the last frame left.
    pub(super) sent_at: Timestamp,
    takes_events: bool,
    outbox: mpsc::Sender<String>,
    silent: watch::Sender<bool>,
    reset: CancellationToken,
    /// When it is closed, once it was told to leave.
    closes_at: Option<Timestamp>,
    /// The messageId and the data of a ping that is not answered yet.
    pub(super) ping: Option<(String, String)>,
}

/// The socket's side of a connection.
#[derive(Debug)]
pub(in crate::simulator) struct SocketSide {
    pub(super) number: u64,
    /// What is to be sent. It ends where the socket is to be closed.
    pub(super) outbox: mpsc::Receiver<String>,
    /// Whether it neither reads nor writes.
    pub(super) silent: watch::Receiver<bool>,
    /// Whether it is to be reset.
    pub(super) reset: CancellationToken,
}

impl Connections {
    /// A ticket for one connection, good for `life`.
    pub(super) fn issue_ticket(&mut self, takes_events: bool, life: Duration, elapsed: Duration) -> String {
        self.tickets.retain(|_, ticket| elapsed < ticket.expires_at);
        self.tickets_issued += 1;
        let ticket = uuid(&mut Random::new(self.tickets_issued, STREAM));
        self.tickets.insert(ticket.clone(), Ticket { expires_at: elapsed + life, takes_events });
        ticket
    }

    /// Uses up a ticket, and says whether its connection takes events; none if the ticket is not good.
    pub(super) fn redeem(&mut self, ticket: &str, elapsed: Duration) -> Option<bool> {
        let ticket = self.tickets.remove(ticket)?;
        (elapsed < ticket.expires_at).then_some(ticket.takes_events)
    }

    pub(super) fn opened(&mut self, takes_events: bool, now: Timestamp) -> SocketSide {
        self.opened += 1;
        let number = self.opened;
        let (sender, outbox) = mpsc::channel(OUTBOX);
        let (silence, silent) = watch::channel(self.is_silent);
        let reset = CancellationToken::new();
        let connection = Connection {
            opened_at: now,
            sent_at: now,
            takes_events,
            outbox: sender,
            silent: silence,
            reset: reset.clone(),
            closes_at: None,
            ping: None,
        };
        self.open.insert(number, connection);
        if self.records.len() == RECORDS_KEPT {
            self.records.pop_front();
        }
        self.records.push_back(ConnectionRecord { number, opened_at: now, closed_at: None });
        SocketSide { number, outbox, silent, reset }
    }

    /// False if it was closed already.
    pub(super) fn closed(&mut self, number: u64, now: Timestamp) -> bool {
        let was_open = self.open.remove(&number).is_some();
        let record = self.records.iter_mut().rev().find(|record| record.number == number && was_open);
        if let Some(record) = record {
            record.closed_at = Some(now);
        }
        was_open
    }

    pub(super) fn numbers(&self) -> Vec<u64> {
        self.open.keys().copied().collect()
    }

    /// The connections that events are shared among.
    pub(super) fn receiving(&self) -> Vec<u64> {
        self.open.iter().filter(|(_, connection)| connection.receives()).map(|(number, _)| *number).collect()
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Connection> {
        self.open.get_mut(&number)
    }

    /// Those that have lived longer than `life` and were not told to leave yet.
    pub(super) fn older_than(&self, life: Duration, now: Timestamp) -> Vec<u64> {
        let is_old = |connection: &Connection| connection.closes_at.is_none() && connection.opened_at + life <= now;
        self.open.iter().filter(|(_, connection)| is_old(connection)).map(|(number, _)| *number).collect()
    }

    /// Those whose time to leave is over.
    pub(super) fn overdue(&self, now: Timestamp) -> Vec<u64> {
        let is_overdue = |connection: &Connection| connection.closes_at.is_some_and(|at| at <= now);
        self.open.iter().filter(|(_, connection)| is_overdue(connection)).map(|(number, _)| *number).collect()
    }

    /// When the next connection is told to leave or closed.
    pub(super) fn next_end_at(&self, life: Option<Duration>) -> Option<Timestamp> {
        let end = |c: &Connection| c.closes_at.or_else(|| life.map(|life| c.opened_at + life));
        self.open.values().filter_map(end).min()
    }

    /// From here on, the open connections are silent or not; and, if `new_too`, those to come.
    pub(super) fn set_silent(&mut self, silent: bool, new_too: bool) {
        if new_too {
            self.is_silent = silent;
        }
        for connection in self.open.values() {
            connection.silent.send_replace(silent);
        }
    }

    pub(super) fn records(&self) -> Vec<ConnectionRecord> {
        self.records.iter().cloned().collect()
    }
}

impl Connection {
    /// Whether events are pushed over it. They are over a silent one too: DingTalk does not notice.
    fn receives(&self) -> bool {
        self.takes_events && self.closes_at.is_none()
    }

    /// Whether a frame leaves. One over a silent connection does not, nor one to a client that has long not read.
    pub(super) fn send(&mut self, frame: String, now: Timestamp) -> bool {
        self.sent_at = now;
        !*self.silent.borrow() && self.outbox.try_send(frame).is_ok()
    }

    /// Told to leave: nothing is pushed over it any more.
    pub(super) fn leaves(&mut self, now: Timestamp) {
        self.closes_at = Some(now + LEAVE_WITHIN);
    }

    pub(super) fn reset(&self) {
        self.reset.cancel();
    }
}
