//! Drives an archiver by a virtual clock: it jumps from one due time to the next, so that a month passes in seconds.

use std::sync::Arc;
use std::time::Duration;

use crate::archive::Archive;
use crate::catalog;
use crate::domain::clock::{Clock, Timestamp, VirtualClock};

pub struct Stepper {
    archive: Arc<Archive>,
    clock: Arc<VirtualClock>,
}

impl Stepper {
    /// `archive` must have been given `clock`.
    pub fn new(archive: Arc<Archive>, clock: Arc<VirtualClock>) -> Self {
        Self { archive, clock }
    }

    /// Does everything that is due until `until`, each thing at its time; then it is `until`.
    pub async fn run_until(&self, until: Timestamp) -> Result<(), catalog::Error> {
        loop {
            let now = self.clock.now();
            let next = self.archive.tick(now).await?.next_due_at;
            if self.clock.now() >= until {
                return Ok(());
            }
            // What is due twice at an instant (a pause that a probe has just lifted, say) is due again a second later.
            let soonest = now + Duration::from_secs(1);
            self.clock.advance_to(next.map_or(until, |due_at| due_at.max(soonest).min(until)));
        }
    }
}
