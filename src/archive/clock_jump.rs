//! How much time has really passed since the last pass, whatever the clock on the wall says.
//!
//! Administrators and time servers set clocks, machines sleep, daemons are stopped. The wait for a recording must not end
//! because of it.

use std::time::Duration;

use super::{Context, Memory};
use crate::catalog;
use crate::domain::clock::Timestamp;

/// Less than this is how passes come a little late, and how time servers correct clocks.
pub(super) const TOLERANCE: Duration = Duration::from_mins(5);

/// Begins a pass: a stage last ran at `last_ran_at`, by the clock of that time. Where the clock was set back, moves along what was planned by it; where more time seems to have passed
/// than anybody watched, takes it out of every wait. Answers whether the clock can be believed.
pub(super) async fn detect_clock_jump(
    context: &Context,
    memory: &mut Memory,
    last_ran_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, catalog::Error> {
    let elapsed = context.clock.elapsed();
    let mut is_sure = true;
    if let Some(last_ran_at) = last_ran_at.filter(|last_ran_at| *last_ran_at > now) {
        let ahead = last_ran_at.since(now);
        tracing::warn!(?ahead, "the clock was set back by {ahead:?}; what was planned by it is moved along");
        context.catalog.set_back(ahead, now).await?;
        is_sure = false;
    } else if let Some(unwatched) = unwatched(context, memory, last_ran_at, now, elapsed) {
        tracing::info!(?unwatched, "nobody watched for {unwatched:?}: recordings are waited for that much longer");
        context.catalog.unwatched(unwatched, now).await?;
        is_sure = false;
    }
    memory.last_pass = Some((now, elapsed));
    if !is_sure {
        // With the next one comes DingTalk's time, for the ledger.
        context.dingtalk.forget_token().await;
    }
    Ok(is_sure)
}

/// Time between the last pass and this one in which nobody watched, if it is worth speaking of.
fn unwatched(
    context: &Context,
    memory: &Memory,
    last_ran_at: Option<Timestamp>,
    now: Timestamp,
    elapsed: Duration,
) -> Option<Duration> {
    let unwatched = match memory.last_pass {
        // On a clock that jumped, or a machine that slept, more time has passed than in this process.
        Some((then, elapsed_then)) => now.since(then).saturating_sub(elapsed.saturating_sub(elapsed_then)),
        // Nobody knows what happened since another process worked here. Passes as far apart as two readings of a list
        // may be are as good as watching: `once` may be run by a timer.
        None => now.since(last_ran_at?).saturating_sub(context.settings.collect.retry_max),
    };
    (unwatched > TOLERANCE).then_some(unwatched)
}
