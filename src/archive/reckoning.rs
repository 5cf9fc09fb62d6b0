//! Reckoning: how much time has really passed since the last pass, whatever the clock on the wall says.
//!
//! Administrators and time servers set clocks, machines sleep, daemons are stopped. The wait for a recording must not end
//! because of it.

use std::time::Duration;

use super::Archive;
use crate::catalog;
use crate::domain::clock::Timestamp;

/// Less than this is how passes come a little late, and how time servers correct clocks.
const TOLERANCE: Duration = Duration::from_mins(5);

impl Archive {
    /// Begins a pass: where the clock was set back, moves along what was planned by it; where more time seems to have
    /// passed than anybody watched, takes it out of every wait.
    pub(super) async fn reckon(&self, now: Timestamp) -> Result<(), catalog::Error> {
        let elapsed = self.clock.elapsed();
        let mut last_pass = self.last_pass.lock().await;
        let last_ran_at = self.catalog.last_ran_at().await?;
        if let Some(last_ran_at) = last_ran_at.filter(|last_ran_at| *last_ran_at > now) {
            let ahead = last_ran_at.since(now);
            tracing::warn!(?ahead, "the clock was set back by {ahead:?}; what was planned by it is moved along");
            self.catalog.set_back(ahead, now).await?;
        } else if let Some(unwatched) = self.unwatched(*last_pass, last_ran_at, now, elapsed) {
            tracing::info!(?unwatched, "nobody watched for {unwatched:?}: that much longer, recordings are waited for");
            self.catalog.unwatched(unwatched, now).await?;
        }
        *last_pass = Some((now, elapsed));
        Ok(())
    }

    /// Time between the last pass and this one in which nobody watched, if it is worth speaking of.
    fn unwatched(
        &self,
        last_pass: Option<(Timestamp, Duration)>,
        last_ran_at: Option<Timestamp>,
        now: Timestamp,
        elapsed: Duration,
    ) -> Option<Duration> {
        let unwatched = match last_pass {
            // On a clock that leapt, or a machine that slept, more time has passed than in this process.
            Some((then, elapsed_then)) => now.since(then).saturating_sub(elapsed.saturating_sub(elapsed_then)),
            // Nobody knows what happened since another process worked here. Passes as far apart as two readings of a list
            // may be are as good as watching: `once` may be run by a timer.
            None => now.since(last_ran_at?).saturating_sub(self.settings.collect.retry_max),
        };
        (unwatched > TOLERANCE).then_some(unwatched)
    }
}
