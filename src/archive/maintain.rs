//! Maintain: keep the file in order.

use std::time::Duration;

use super::Archive;
use super::stages::Ran;
use crate::domain::clock::Timestamp;
use crate::domain::pace;

/// How often.
pub(super) const INTERVAL: Duration = Duration::from_hours(24);

/// How long the ledger keeps its days: this year's months and last year's, to compare.
const KEEP_CALLS: Duration = Duration::from_hours(750 * 24);

impl Archive {
    pub(super) async fn maintain(&self, now: Timestamp) -> Ran {
        self.catalog.tidy_calls(&pace::day(now - KEEP_CALLS)).await?;
        self.catalog.optimize().await?;
        Ok(None)
    }
}
