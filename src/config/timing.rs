//! What `[discover]` and `[poll]` share: an interval or a cron pattern, at most one of the two.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::duration;
use super::error::Problem;
use crate::domain::schedule::Schedule;

/// The shortest interval that can be written.
const SHORTEST: Duration = Duration::from_millis(100);

pub(super) fn cron<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Schedule>, D::Error> {
    Schedule::parse_cron(&String::deserialize(deserializer)?).map(Some).map_err(de::Error::custom)
}

pub(super) fn check(section: &str, interval: Option<Duration>, cron: Option<&Schedule>) -> Result<(), Problem> {
    let (interval_key, cron_key) = (format!("{section}.interval"), format!("{section}.cron"));
    if interval.is_some() && cron.is_some() {
        return Err(Problem::between(&interval_key, &cron_key, "only one of the two can be set; remove the other"));
    }
    interval.map_or(Ok(()), |interval| duration::at_least(SHORTEST, &interval_key, interval))
}
