//! What `[discover]` and `[poll]` have in common: an interval or a cron pattern, at most one of the two.

use std::time::Duration;

use super::duration;
use super::error::Problem;
use crate::domain::schedule::Schedule;

/// The shortest interval that can be written.
const SHORTEST: Duration = Duration::from_millis(100);

/// The schedule that a section asks for; every `default` when it asks for none.
pub(super) fn schedule(
    section: &str,
    interval: Option<Duration>,
    cron: Option<&str>,
    default: Duration,
) -> Result<Schedule, Problem> {
    let (interval_key, cron_key) = (format!("{section}.interval"), format!("{section}.cron"));
    match (interval, cron) {
        (Some(_), Some(_)) => {
            Err(Problem::between(&interval_key, &cron_key, "only one of the two can be set; remove the other"))
        }
        (None, Some(pattern)) => {
            Schedule::parse_cron(pattern).map_err(|error| Problem::new(cron_key, error.to_string()))
        }
        (Some(interval), None) if interval < SHORTEST => Err(Problem::new(
            interval_key,
            format!("{} is too short; at least {}", duration::write(interval), duration::write(SHORTEST)),
        )),
        (interval, None) => Ok(Schedule::Every(interval.unwrap_or(default))),
    }
}
