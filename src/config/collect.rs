//! `[collect]`: how the recordings of ended conferences are fetched.

use std::time::Duration;

use serde::Deserialize;

use super::duration;
use super::error::Problem;

/// The section `[collect]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Collect {
    /// How often due work is looked for, at no call when nothing is due. 1 minute unless set. Intervals under a second
    /// are rung every second.
    #[serde(deserialize_with = "duration::required")]
    pub interval: Duration,
    /// How long after its end was confirmed a conference is first asked for recordings. 2 minutes unless set; zero
    /// asks at once.
    #[serde(deserialize_with = "duration::required")]
    pub first_delay: Duration,
    /// The wait after the first fruitless attempt; it doubles from there. 5 minutes unless set, at least 1 ms.
    #[serde(deserialize_with = "duration::required")]
    pub retry_min: Duration,
    /// The longest wait between two attempts. 6 hours unless set.
    #[serde(deserialize_with = "duration::required")]
    pub retry_max: Duration,
    /// How far apart two reads must be that give the same list, for the list to be final. 30 minutes unless set; zero
    /// takes the first list for final.
    #[serde(deserialize_with = "duration::required")]
    pub settle: Duration,
    /// How long after its end a conference is waited for. 72 hours unless set.
    #[serde(deserialize_with = "duration::required")]
    pub give_up_after: Duration,
}

impl Default for Collect {
    fn default() -> Self {
        Self {
            interval: Duration::from_mins(1),
            first_delay: Duration::from_mins(2),
            retry_min: Duration::from_mins(5),
            retry_max: Duration::from_hours(6),
            settle: Duration::from_mins(30),
            give_up_after: Duration::from_hours(72),
        }
    }
}

impl Collect {
    pub(super) fn validate(&self) -> Result<(), Problem> {
        let at_least_a_millisecond = [
            ("collect.interval", self.interval),
            ("collect.retry_min", self.retry_min),
            ("collect.give_up_after", self.give_up_after),
        ];
        for (key, value) in at_least_a_millisecond {
            if value < Duration::from_millis(1) {
                return Err(Problem::new(key, format!("{} is too short; at least 1ms", duration::write(value))));
            }
        }
        if self.retry_min > self.retry_max {
            let (min, max) = (duration::write(self.retry_min), duration::write(self.retry_max));
            return Err(Problem::between(
                "collect.retry_min",
                "collect.retry_max",
                format!("the least wait, {min}, is longer than the longest, {max}; raise retry_max or lower retry_min"),
            ));
        }
        Ok(())
    }
}
