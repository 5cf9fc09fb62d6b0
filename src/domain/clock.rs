//! Instants, and who is asked for them.
//!
//! Time is a parameter. The one place that reads the system's clock is [`SystemClock`]; everything else is handed a
//! [`Timestamp`] or, where it must wait its turn, a [`Clock`]. That is what lets a month run in seconds.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::future::BoxFuture;
use serde::Serialize;

/// An instant: milliseconds since the epoch, UTC. DingTalk and the catalog both speak in these.
///
/// Arithmetic saturates, so that no duration an operator can write makes it panic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The same instant as a calendar date and time, where the calendar reaches that far.
    pub fn to_utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(instant: DateTime<Utc>) -> Self {
        Self(instant.timestamp_millis())
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

/// RFC 3339 to the second, in UTC: `2026-06-01T09:00:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_utc() {
            Some(instant) => f.write_str(&instant.to_rfc3339_opts(SecondsFormat::Secs, true)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// Whole milliseconds of a duration, at most `i64::MAX`: how the catalog keeps one.
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Whoever can be asked what time it is, and to wait.
///
/// Only the sender's rate limit waits, and only for fractions of a second: everything longer is a timestamp in the
/// catalog.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present instant. It may jump in either direction: administrators and time servers set clocks.
    fn now(&self) -> Timestamp;

    /// Time passed since some fixed moment. It never steps back: rates and the life of a token are measured by it.
    fn elapsed(&self) -> Duration;

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// The clock on the wall.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    #[expect(clippy::new_without_default, reason = "a clock is started")]
    #[expect(clippy::disallowed_methods, reason = "this is the door through which real time comes in")]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the door through which real time comes in")]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Utc::now().into()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock that stands still until it is told to move: for tests and for the demo.
///
/// Sleeping on it moves it: virtual time passes exactly as fast as it is waited for.
#[derive(Debug)]
pub struct VirtualClock(Mutex<Hands>);

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    elapsed: Duration,
}

impl VirtualClock {
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(Hands { now: start, elapsed: Duration::ZERO }))
    }

    /// Lets time pass until `instant`; a clock already past it stays where it is.
    pub fn advance_to(&self, instant: Timestamp) {
        let mut hands = self.hands();
        let passed = instant.since(hands.now);
        hands.now = hands.now + passed;
        hands.elapsed += passed;
    }

    /// Sets the clock to `instant`, backwards too, without any time passing: what a bad time server does to a machine.
    pub fn step_to(&self, instant: Timestamp) {
        self.hands().now = instant;
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.hands().now
    }

    fn elapsed(&self) -> Duration {
        self.hands().elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        // Rounded up to what the hands can show: a wait that moved nothing would be waited for without end.
        let whole = Duration::from_millis(u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX));
        let wake = self.now() + whole;
        self.advance_to(wake);
        Box::pin(std::future::ready(()))
    }
}
