//! `[poll]`: how often conferences in progress are asked about.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;

use super::error::Problem;
use super::shared;
use crate::domain::schedule::Schedule;

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Poll {
    /// How long after one look the next one is due; 5 minutes unless set. An interval under a second means every second.
    pub interval: Option<Duration>,
    /// In place of `interval`: a cron pattern of six fields, in local time.
    #[serde(deserialize_with = "shared::cron")]
    pub cron: Option<Schedule>,
    /// How many conferences one call asks about. The most that DingTalk takes is not documented.
    pub batch_size: NonZeroUsize,
}

impl Default for Poll {
    fn default() -> Self {
        const FIFTY: NonZeroUsize = NonZeroUsize::new(50).expect("50 is not zero");
        Self { interval: None, cron: None, batch_size: FIFTY }
    }
}

impl Poll {
    pub fn schedule(&self) -> Schedule {
        let interval = self.interval.unwrap_or(Duration::from_mins(5));
        self.cron.clone().unwrap_or(Schedule::Every(interval))
    }

    pub(super) fn validate(&self) -> Result<(), Problem> {
        shared::check_timing("poll", self.interval, self.cron.as_ref())
    }
}
