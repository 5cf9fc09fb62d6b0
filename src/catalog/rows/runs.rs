//! When each stage last ran, and what experience says about the work to come.

use serde::Serialize;

use crate::catalog::count;
use crate::domain::clock::Timestamp;

pub(in crate::catalog) const HOUR_MS: i64 = 3_600_000;

/// When a stage last ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobRun {
    /// `discover`, `poll`, `collect` or `maintain`.
    pub stage: String,
    pub last_started_at: Timestamp,
    pub last_finished_at: Timestamp,
    /// `ok`, or what stopped it.
    pub outcome: String,
    /// When it is due again, as far as could be told then.
    pub next_due_at: Option<Timestamp>,
    /// When its last untroubled run began; until there is one, its first. [`Catalog::job_ran`] works it out by itself.
    #[serde(skip)]
    pub last_ok_at: Timestamp,
    /// How many runs in a row something stopped since then. So it does this.
    #[serde(skip)]
    pub failures: u32,
}

/// What experience and the open work say about the calls to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// Conferences that have not begun, as far as is known.
    pub waiting: u64,
    /// Conferences that go on, as far as is known.
    pub active: u64,
    /// Conferences that have ended and will be read at least once more, archived ones for their last look.
    pub awaited: u64,
    /// Conferences found since a given instant that have ended, closed ones among them.
    pub ended: u64,
    /// Calls spent on confirming, collecting and starting recordings since then.
    pub calls: u64,
    /// Calls spent on everything in this month.
    pub spent: u64,
    /// The most ids that a batch is known to take, where more were refused.
    pub most_ids: Option<u64>,
    /// The pages that the organisation's list had.
    pub pages: Option<u64>,
}

impl JobRun {
    /// The run of `stage` that begins at `now`, as it will be if nothing stops it.
    pub fn begun(stage: &str, now: Timestamp) -> Self {
        Self {
            stage: stage.to_owned(),
            last_started_at: now,
            last_finished_at: now,
            outcome: "ok".to_owned(),
            next_due_at: None,
            last_ok_at: now,
            failures: 0,
        }
    }
}

/// A row of `job_runs`.
#[derive(sqlx::FromRow)]
pub(in crate::catalog) struct JobRunRow {
    pub(in crate::catalog) stage: String,
    pub(in crate::catalog) last_started_at: i64,
    pub(in crate::catalog) last_finished_at: i64,
    pub(in crate::catalog) outcome: String,
    pub(in crate::catalog) next_due_at: Option<i64>,
    pub(in crate::catalog) last_ok_at: i64,
    pub(in crate::catalog) failures: i64,
}

impl From<JobRunRow> for JobRun {
    fn from(row: JobRunRow) -> Self {
        Self {
            stage: row.stage,
            last_started_at: Timestamp::from_millis(row.last_started_at),
            last_finished_at: Timestamp::from_millis(row.last_finished_at),
            outcome: row.outcome,
            next_due_at: row.next_due_at.map(Timestamp::from_millis),
            last_ok_at: Timestamp::from_millis(row.last_ok_at),
            failures: u32::try_from(row.failures).unwrap_or(u32::MAX),
        }
    }
}

/// What a [`Workload`] is worked out from.
#[derive(sqlx::FromRow)]
pub(in crate::catalog) struct WorkloadRow {
    pub(in crate::catalog) waiting: i64,
    pub(in crate::catalog) active: i64,
    pub(in crate::catalog) awaited: i64,
    pub(in crate::catalog) found: i64,
    pub(in crate::catalog) calls: i64,
    pub(in crate::catalog) spent: i64,
    pub(in crate::catalog) most_ids: Option<i64>,
    pub(in crate::catalog) pages: Option<i64>,
}

impl From<WorkloadRow> for Workload {
    fn from(row: WorkloadRow) -> Self {
        Self {
            waiting: count(row.waiting),
            active: count(row.active),
            awaited: count(row.awaited),
            // One that is open for longer than experience reaches is a rare exception.
            ended: count(row.found - row.waiting - row.active),
            calls: count(row.calls),
            spent: count(row.spent),
            most_ids: row.most_ids.map(count),
            pages: row.pages.map(count),
        }
    }
}
