//! The log of calls, and what they cost.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use crate::domain::clock::Timestamp;

use super::calendar::month;
use super::endpoint::Endpoint;

/// A call that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When.
    pub at: Timestamp,
    /// At which API.
    pub endpoint: Endpoint,
    /// About which meetings.
    pub conference_ids: Vec<String>,
    /// As whom.
    pub union_id: Option<String>,
    /// The code of the error that it met, bare; none where it met none or another thing than an error of DingTalk's.
    pub code: Option<String>,
    /// Whether it counts against the organisation's quota.
    pub metered: bool,
}

/// A standard app's calls a second at one API.
const CALLS_PER_SECOND: usize = 20;
/// An endless simulator must not grow: the log keeps this many calls, the counters all of them.
const CALLS_KEPT: usize = 100_000;

/// Counts calls and says which are too many.
#[derive(Debug)]
pub(super) struct Meter {
    pub(super) quota: Option<u64>,
    pub(super) calls_per_second: Option<usize>,
    calls: VecDeque<Call>,
    by_month: BTreeMap<i32, u64>,
    last_second: HashMap<Endpoint, VecDeque<Duration>>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            quota: None,
            calls_per_second: Some(CALLS_PER_SECOND),
            calls: VecDeque::new(),
            by_month: BTreeMap::new(),
            last_second: HashMap::new(),
        }
    }
}

impl Meter {
    /// Whether a call, `elapsed` by the clock that never steps back, is more than an API takes in any one second. One
    /// that is not has been taken.
    pub(super) fn is_too_fast(&mut self, endpoint: Endpoint, elapsed: Duration) -> bool {
        let taken = self.last_second.entry(endpoint).or_default();
        taken.retain(|at| elapsed.saturating_sub(*at) < Duration::from_secs(1));
        if self.calls_per_second.is_some_and(|most| taken.len() >= most) {
            return true;
        }
        taken.push_back(elapsed);
        false
    }

    /// Whether the month's calls are spent.
    pub(super) fn is_spent(&self, now: Timestamp) -> bool {
        self.quota.is_some_and(|quota| self.in_month(now) >= quota)
    }

    /// Notes a call.
    pub(super) fn note(&mut self, call: Call) {
        if call.metered {
            *self.by_month.entry(month(call.at)).or_default() += 1;
        }
        if self.calls.len() == CALLS_KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    /// The last calls, oldest first.
    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.iter().cloned().collect()
    }

    /// How many metered calls there were in all.
    pub(super) fn total(&self) -> u64 {
        self.by_month.values().sum()
    }

    /// How many metered calls there were in the calendar month (UTC+8) around `instant`.
    pub(super) fn in_month(&self, instant: Timestamp) -> u64 {
        self.by_month.get(&month(instant)).copied().unwrap_or(0)
    }
}
