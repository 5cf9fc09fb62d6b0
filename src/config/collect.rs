//! `[collect]`: how the recordings of ended conferences are fetched.

use std::time::Duration;

use serde::Deserialize;

use super::duration;
use super::error::Problem;
use crate::domain::lifecycle;

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Collect {
    /// How often due work is looked for; costs no call when nothing is due.
    #[serde(deserialize_with = "duration::required")]
    pub interval: Duration,
    /// How long after the end was confirmed the recordings are first asked for; zero: at once.
    #[serde(deserialize_with = "duration::required")]
    pub first_delay: Duration,
    /// The wait after the first attempt that found nothing; each further wait is twice as long.
    #[serde(deserialize_with = "duration::required")]
    pub retry_min: Duration,
    /// The longest wait between two attempts.
    #[serde(deserialize_with = "duration::required")]
    pub retry_max: Duration,
    /// A list is final when two reads at least this far apart gave the same; zero: the first list is final.
    #[serde(deserialize_with = "duration::required")]
    pub settle: Duration,
    /// How long after a conference's end its recordings are awaited.
    #[serde(deserialize_with = "duration::required")]
    pub give_up_after: Duration,
}

impl Default for Collect {
    fn default() -> Self {
        let lifecycle::Collect { interval, first_delay, retry_min, retry_max, settle, give_up_after } =
            lifecycle::Collect::default();
        Self { interval, first_delay, retry_min, retry_max, settle, give_up_after }
    }
}

impl Collect {
    pub(super) fn validate(&self) -> Result<(), Problem> {
        const SHORTEST: Duration = Duration::from_millis(1);
        duration::at_least(SHORTEST, "collect.interval", self.interval)?;
        duration::at_least(SHORTEST, "collect.retry_min", self.retry_min)?;
        duration::at_least(SHORTEST, "collect.give_up_after", self.give_up_after)?;
        if self.retry_min > self.retry_max {
            let (min, max) = (duration::write(self.retry_min), duration::write(self.retry_max));
            return Err(Problem::between(
                "collect.retry_min",
                "collect.retry_max",
                format!(
                    "the shortest wait, {min}, is longer than the longest, {max}; raise retry_max or lower retry_min"
                ),
            ));
        }
        Ok(())
    }
}
