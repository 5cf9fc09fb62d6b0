//! How fast and how many: the rate, the calls in flight, and the gate that answers for every metered call.

use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::{Class, Error};
use crate::domain::clock::{Clock, Timestamp};

/// A page of DingTalk's. All but [`Endpoint::AccessToken`] are metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /v1.0/oauth2/accessToken` or `/v1.0/oauth2/{corpId}/token`: free, and never brought to the gate.
    AccessToken,
    /// `POST /v1.0/conference/videoConferences/query`
    Query,
    /// `GET /v1.0/conference/videoConferences/{conferenceId}`
    Conference,
    /// `GET …/{conferenceId}/cloudRecords/getVideos`
    Videos,
    /// `POST …/{conferenceId}/cloudRecords/start`
    RecordStart,
    /// `POST …/{conferenceId}/cloudRecords/stop`
    RecordStop,
    /// `GET /v1.0/conference/orgConferences`
    OrgConferences,
    /// `GET /v1.0/conference/users/lists`
    UserConferences,
}

impl Endpoint {
    /// The word the catalog's ledger uses: the page's own last word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "accessToken",
            Self::Query => "query",
            Self::Conference => "get",
            Self::Videos => "getVideos",
            Self::RecordStart => "start",
            Self::RecordStop => "stop",
            Self::OrgConferences => "orgConferences",
            Self::UserConferences => "users/lists",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a call may not be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What stands behind it: DingTalk's code, or ours.
    pub code: String,
    /// In words.
    pub message: String,
    /// Until when, where that is known.
    pub until: Option<Timestamp>,
}

/// What became of a call that was let through.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// It was answered.
    Answered,
    /// It was sent, and brought no answer that can be used.
    Failed(&'a Error),
    /// It was not sent after all: there was no token to be had, say.
    Unsent(&'a Error),
}

/// Whoever answers for the metered calls: asked before each one is sent, and told afterwards what became of it.
pub trait Gate: Send + Sync {
    /// Whether a call may be sent now. One that may is counted from here on.
    fn admit(&self, endpoint: Endpoint) -> BoxFuture<'_, Result<(), Refusal>>;

    /// What became of a call that was let through.
    fn report<'a>(&'a self, endpoint: Endpoint, outcome: Outcome<'a>) -> BoxFuture<'a, ()>;
}

/// The sender's own brakes.
pub(super) struct Limits {
    rate: RateLimiter<NotKeyed, InMemoryState, Elapsed, NoOpMiddleware<Duration>>,
    in_flight: Semaphore,
    clock: Elapsed,
}

impl Limits {
    pub(super) fn new(requests_per_second: NonZeroU32, max_in_flight: NonZeroUsize, clock: Arc<dyn Clock>) -> Self {
        let clock = Elapsed(clock);
        // Evenly spaced: a burst on top of the rate would exceed DingTalk's 20 a second.
        let quota = Quota::per_second(requests_per_second).allow_burst(NonZeroU32::MIN);
        Self {
            rate: RateLimiter::direct_with_clock(quota, clock.clone()),
            in_flight: Semaphore::new(max_in_flight.get()),
            clock,
        }
    }

    /// Waits for a place in flight, and then for the call's turn.
    pub(super) async fn turn(&self, endpoint: Endpoint) -> Result<SemaphorePermit<'_>, Error> {
        let permit =
            self.in_flight.acquire().await.map_err(|closed| Error::new(endpoint, Class::Held, "closed", closed))?;
        while let Err(not_until) = self.rate.check() {
            self.clock.0.sleep(not_until.wait_time_from(self.clock.now())).await;
        }
        Ok(permit)
    }
}

/// The given clock, as the rate limiter wants it: the one that never steps back.
#[derive(Clone, Debug)]
struct Elapsed(Arc<dyn Clock>);

impl governor::clock::Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
