//! `[collect]`: how the recordings of ended conferences are fetched.

use std::time::Duration;

use super::duration;
use super::error::Problem;
use crate::domain::lifecycle::Collect;

pub(super) fn validate(collect: &Collect) -> Result<(), Problem> {
    const SHORTEST: Duration = Duration::from_millis(1);
    duration::at_least(SHORTEST, "collect.interval", collect.interval)?;
    duration::at_least(SHORTEST, "collect.retry_min", collect.retry_min)?;
    duration::at_least(SHORTEST, "collect.give_up_after", collect.give_up_after)?;
    if collect.retry_min > collect.retry_max {
        let (min, max) = (duration::write(collect.retry_min), duration::write(collect.retry_max));
        return Err(Problem::between(
            "collect.retry_min",
            "collect.retry_max",
            format!("the shortest wait, {min}, is longer than the longest, {max}; raise retry_max or lower retry_min"),
        ));
    }
    Ok(())
}
