//! Maintain: keep the file in order.

use std::time::Duration;

use super::Archive;
use super::stages::Ran;
use crate::domain::clock::Timestamp;

/// How often.
pub(super) const INTERVAL: Duration = Duration::from_hours(24);

/// How many months the ledger keeps: this year's and last year's, to compare. Counted in the ledger itself: a clock that
/// leaps must not make this month look old.
const KEEP_MONTHS: u32 = 25;

impl Archive {
    pub(super) async fn maintain(&self, now: Timestamp) -> Ran {
        self.catalog.tidy_calls(KEEP_MONTHS).await?;
        self.catalog.tidy_events(self.settings.keep_events, now).await?;
        self.catalog.optimize().await?;
        Ok(None)
    }
}
