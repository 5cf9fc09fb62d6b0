//! `[discover]`: where conferences that nobody named are looked for.

use std::time::Duration;

use serde::Deserialize;

use super::error::Problem;
use super::{duration, timing, word};
use crate::domain::schedule::Schedule;

/// The section `[discover]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Discover {
    /// Whether the organisation's list of conferences in progress is read, at a call a page. `false` unless set.
    pub organization: bool,
    /// `unionId`s of users whose conferences in progress are read, at a call each. None unless set.
    pub users: Vec<String>,
    /// How long after one look the next one is due, at least 100 ms; 15 minutes when there is no `cron` either.
    /// Intervals under a second are rung every second.
    #[serde(deserialize_with = "duration::optional")]
    pub interval: Option<Duration>,
    /// When to look, as a cron pattern of six fields in local time; in place of `interval`.
    pub cron: Option<String>,
}

impl Discover {
    const DEFAULT_INTERVAL: Duration = Duration::from_mins(15);

    /// When to look: the interval or the cron pattern, else every 15 minutes.
    ///
    /// # Panics
    ///
    /// If the section was put together by hand and would not pass [`Config::validate`](super::Config::validate).
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        self.try_schedule().expect("the section was validated when it was loaded")
    }

    fn try_schedule(&self) -> Result<Schedule, Problem> {
        timing::schedule("discover", self.interval, self.cron.as_deref(), Self::DEFAULT_INTERVAL)
    }

    pub(super) fn validate(&self) -> Result<(), Problem> {
        self.users.iter().try_for_each(|user| word::check("discover.users", user))?;
        if let Some(twice) = self.users.iter().enumerate().find(|(i, user)| self.users[..*i].contains(user)) {
            return Err(Problem::new("discover.users", format!("{:?} is there twice", twice.1)));
        }
        self.try_schedule().map(drop)
    }
}
