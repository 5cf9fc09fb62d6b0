//! The archiver's own clock, which need not show the world's time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use recording_archiver::domain::clock::{Clock, Timestamp, VirtualClock};

/// Shows the world's time, off by some.
#[derive(Debug)]
pub(crate) struct ArchiverClock {
    world: Arc<VirtualClock>,
    off_by_ms: AtomicI64,
}

impl ArchiverClock {
    pub(crate) fn new(world: Arc<VirtualClock>) -> Self {
        Self { world, off_by_ms: AtomicI64::new(0) }
    }

    /// Sets it wrong by so much, or right again.
    pub(crate) fn set_off_by(&self, off_by_ms: i64) {
        self.off_by_ms.store(off_by_ms, Ordering::Relaxed);
    }
}

impl Clock for ArchiverClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.world.now().as_millis() + self.off_by_ms.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        self.world.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.world.sleep(duration)
    }
}
