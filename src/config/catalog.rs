//! `[catalog]`: the SQLite file, and how long it keeps the journal.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::duration;
use super::error::Problem;

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Catalog {
    /// The `SQLite` file; it is created if it does not exist. A relative path starts at the working directory of the
    /// process, not at the configuration file.
    pub path: PathBuf,
    /// How long the journal of each conference (`conference_events`) is kept.
    pub keep_events: Duration,
}

impl Default for Catalog {
    fn default() -> Self {
        Self { path: "catalog.db".into(), keep_events: Duration::from_hours(90 * 24) }
    }
}

impl Catalog {
    pub(super) fn validate(&self) -> Result<(), Problem> {
        if self.path.as_os_str().is_empty() {
            return Err(Problem::new("catalog.path", "must not be empty"));
        }
        // A journal that is kept for less does not cover a meeting whose recordings are still awaited.
        duration::at_least(Duration::from_hours(24), "catalog.keep_events", self.keep_events)
    }
}
