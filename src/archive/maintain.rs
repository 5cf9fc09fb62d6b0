//! Maintain: keep the file in order.

use std::time::Duration;

use super::Context;
use super::stage::Ran;
use crate::domain::clock::Timestamp;

/// How often.
pub(super) const INTERVAL: Duration = Duration::from_hours(24);

/// How many months the ledger keeps: this year's and last year's, to compare. Counted in the ledger itself: a clock that
/// jumps must not make this month look old.
const KEEP_MONTHS: u32 = 25;

/// Gaps are part of what can be proved of a time: as long as its ledger is kept, so are they.
const KEEP_GAPS: Duration = Duration::from_hours(KEEP_MONTHS as u64 * 31 * 24);

/// Nothing is dropped by a clock that cannot be believed, nor before DingTalk has said what time it is.
pub(super) async fn run(context: &Context, is_clock_sure: bool, now: Timestamp) -> Ran {
    let Context { catalog, dingtalk, settings, .. } = context;
    if let Some(their_now) = dingtalk.their_now().await.filter(|_| is_clock_sure) {
        catalog.tidy_calls(KEEP_MONTHS).await?;
        catalog.tidy_pushes(KEEP_MONTHS).await?;
        catalog.tidy_events(settings.keep_events, now.min(their_now)).await?;
        catalog.tidy_received_events(now.min(their_now)).await?;
        catalog.tidy_gaps(KEEP_GAPS, now.min(their_now)).await?;
        catalog.tidy_notices(settings.keep_events, now.min(their_now)).await?;
    }
    catalog.optimize().await?;
    Ok(None)
}
