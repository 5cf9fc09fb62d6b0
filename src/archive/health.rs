//! Health: whether each stage achieves what it is there for, and not only whether it runs.

use std::fmt;
use std::time::Duration;

use super::{LookIntervals, Settings, Stage, maintain};
use crate::catalog::runs::JobRun;
use crate::catalog::{self, Catalog};
use crate::domain::clock::Timestamp;
use crate::domain::schedule::Schedule;

/// A stage that has not succeeded for so many of its intervals is stale: one that comes late, or fails once, is not.
const INTERVALS: u32 = 3;

/// The scheduler wakes once a second at most, and a pass takes its time: whoever configures less is not late for it.
const SLACK: Duration = Duration::from_secs(5);

/// A stage that ought to have succeeded by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    pub stage: Stage,
    /// Since when there was something for it to do that it has not done.
    pub since: Timestamp,
    /// What stopped its last run; `None` if it has not run since.
    pub stopped_by: Option<String>,
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has not succeeded since {}", self.stage.as_str(), self.since)?;
        match &self.stopped_by {
            Some(stopped_by) => write!(f, ": {stopped_by}"),
            None => write!(f, ": it does not run"),
        }
    }
}

/// The stages that are stale at `now`, for a daemon with these settings and `share` calls a month (0: unmetered). Reads
/// only. A catalog on which nothing has run yet is not stale.
pub async fn stale(
    catalog: &Catalog,
    settings: &Settings,
    share: u64,
    now: Timestamp,
) -> Result<Vec<Stale>, catalog::Error> {
    let intervals = LookIntervals::at(catalog, settings, share, now).await?;
    let mut late = Vec::new();
    for run in catalog.job_runs().await? {
        let Some(stage) = Stage::ALL.into_iter().find(|stage| stage.as_str() == run.stage) else { continue };
        let (schedule, stretched, wanted_since) = match stage {
            Stage::Discover if !settings.organization && settings.users.is_empty() => continue,
            Stage::Discover => (settings.discover.clone(), intervals.discover, Some(run.last_ok_at)),
            Stage::Poll => (settings.poll.clone(), intervals.poll, catalog.poll_wanted_since().await?),
            Stage::Collect => {
                (Schedule::Every(settings.collect.interval), Duration::ZERO, catalog.next_attempts().await?.list_at)
            }
            Stage::Maintain => (Schedule::Every(maintain::INTERVAL), Duration::ZERO, Some(run.last_ok_at)),
        };
        let Some(wanted_since) = wanted_since else { continue };
        // What is put off after each failure is never overdue.
        let fails = run.failures >= INTERVALS;
        let since = if fails { run.last_ok_at } else { run.last_ok_at.max(wanted_since) };
        if now > patience(&schedule, stretched, since, &run) + SLACK {
            let stopped_by = Some(run.outcome).filter(|outcome| outcome != "ok");
            late.push(Stale { stage, since, stopped_by });
        }
    }
    Ok(late)
}

/// Until when a stage that last succeeded at `since` need not have succeeded again.
fn patience(schedule: &Schedule, stretched: Duration, since: Timestamp, run: &JobRun) -> Timestamp {
    let intervals = |from: Timestamp, intervals: u32| {
        let scheduled = (0..intervals).try_fold(from, |at, _| schedule.next_after(at));
        // A pattern that never comes again is never late.
        scheduled.unwrap_or(Timestamp::from_millis(i64::MAX)).max(from + stretched.saturating_mul(intervals))
    };
    // This hour's interval is not that of the hour in which the last run planned the next.
    let planned = run.next_due_at.filter(|_| run.outcome == "ok").map(|planned| intervals(planned, INTERVALS - 1));
    intervals(since, INTERVALS).max(planned.unwrap_or(since))
}
