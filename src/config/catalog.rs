//! `[catalog]`: the file that recordings are catalogued in.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::duration;
use super::error::Problem;

/// What is kept for less says nothing about a meeting whose recordings are still awaited.
const LEAST_KEPT: Duration = Duration::from_hours(24);

/// The section `[catalog]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Catalog {
    /// The `SQLite` file; made when it is not there. `catalog.db` unless set. A relative path starts at the working
    /// directory of the process, not at the configuration file.
    pub path: PathBuf,
    /// How long the journal of each conference (`conference_events`) is kept, at least a day; 90 days unless set.
    #[serde(deserialize_with = "duration::required")]
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
        if self.keep_events < LEAST_KEPT {
            let found = duration::write(self.keep_events);
            return Err(Problem::new("catalog.keep_events", format!("{found} is too short; at least 1d")));
        }
        Ok(())
    }
}
