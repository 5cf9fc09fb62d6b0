//! `[poll]`: how conferences in progress are looked at.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;

use super::error::Problem;
use super::{duration, timing};
use crate::domain::schedule::Schedule;

/// The section `[poll]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Poll {
    /// How long after one look the next one is due, at least 100 ms; 5 minutes when there is no `cron` either.
    /// Intervals under a second are rung every second.
    #[serde(deserialize_with = "duration::optional")]
    pub interval: Option<Duration>,
    /// When to look, as a cron pattern of six fields in local time; in place of `interval`.
    pub cron: Option<String>,
    /// How many conferences are asked after in one call. 50 unless set; the most DingTalk takes is not documented.
    pub batch_size: NonZeroUsize,
}

impl Default for Poll {
    fn default() -> Self {
        const FIFTY: NonZeroUsize = NonZeroUsize::new(50).expect("50 is not zero");
        Self { interval: None, cron: None, batch_size: FIFTY }
    }
}

impl Poll {
    const DEFAULT_INTERVAL: Duration = Duration::from_mins(5);

    /// When to look: the interval or the cron pattern, else every 5 minutes.
    ///
    /// # Panics
    ///
    /// If the section was put together by hand and would not pass [`Config::validate`](super::Config::validate).
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        self.try_schedule().expect("the section was validated when it was loaded")
    }

    fn try_schedule(&self) -> Result<Schedule, Problem> {
        timing::schedule("poll", self.interval, self.cron.as_deref(), Self::DEFAULT_INTERVAL)
    }

    pub(super) fn validate(&self) -> Result<(), Problem> {
        self.try_schedule().map(drop)
    }
}
