//! The limits of the client: its rate, its calls in flight, and its large bodies.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use crate::domain::clock::Clock;

pub(super) struct Limits {
    rate: RateLimiter<NotKeyed, InMemoryState, Elapsed, NoOpMiddleware<Duration>>,
    in_flight: Semaphore,
    /// Held while a large body is in memory: there is one at a time.
    pub(super) large_body: Mutex<()>,
}

impl Limits {
    pub(super) fn new(requests_per_second: NonZeroU32, max_in_flight: NonZeroUsize, clock: Arc<dyn Clock>) -> Self {
        // Evenly spaced: a burst on top of the rate would exceed DingTalk's 20 a second.
        let quota = Quota::per_second(requests_per_second).allow_burst(NonZeroU32::MIN);
        Self {
            rate: RateLimiter::direct_with_clock(quota, Elapsed(clock)),
            in_flight: Semaphore::new(max_in_flight.get()),
            large_body: Mutex::default(),
        }
    }

    /// Waits for a place in flight, and then for the call's turn.
    pub(super) async fn turn(&self) -> SemaphorePermit<'_> {
        let permit = self.in_flight.acquire().await.expect("nobody closes the semaphore");
        let clock = self.rate.clock();
        while let Err(not_until) = self.rate.check() {
            clock.0.sleep(not_until.wait_time_from(clock.now())).await;
        }
        permit
    }
}

/// The given clock's monotonic time, for the rate limiter.
#[derive(Clone, Debug)]
struct Elapsed(Arc<dyn Clock>);

impl governor::clock::Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
