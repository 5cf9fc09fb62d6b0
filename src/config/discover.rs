//! `[discover]`: where unknown conferences are looked for.

use std::time::Duration;

use serde::Deserialize;

use super::error::Problem;
use super::shared;
use crate::domain::schedule::Schedule;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Discover {
    /// Whether the organisation's list of conferences in progress is read; each page costs a call.
    pub organization: bool,
    /// `unionId`s of users whose conferences in progress are read; each user costs a call.
    pub users: Vec<String>,
    /// How long after one look the next one is due; 15 minutes unless set. An interval under a second means every second.
    pub interval: Option<Duration>,
    /// In place of `interval`: a cron pattern of six fields, in local time.
    #[serde(deserialize_with = "shared::cron")]
    pub cron: Option<Schedule>,
}

impl Discover {
    pub fn schedule(&self) -> Schedule {
        let interval = self.interval.unwrap_or(Duration::from_mins(15));
        self.cron.clone().unwrap_or(Schedule::Every(interval))
    }

    pub(super) fn validate(&self) -> Result<(), Problem> {
        shared::check_union_ids("discover.users", &self.users)?;
        shared::check_timing("discover", self.interval, self.cron.as_ref())
    }
}
