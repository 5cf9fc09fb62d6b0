//! `[catalog]`: the file that recordings are catalogued in.

use std::path::PathBuf;

use serde::Deserialize;

use super::error::Problem;

/// The section `[catalog]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Catalog {
    /// The `SQLite` file; made when it is not there. `catalog.db` unless set. A relative path starts at the working
    /// directory of the process, not at the configuration file.
    pub path: PathBuf,
}

impl Default for Catalog {
    fn default() -> Self {
        Self { path: "catalog.db".into() }
    }
}

impl Catalog {
    pub(super) fn validate(&self) -> Result<(), Problem> {
        if self.path.as_os_str().is_empty() {
            return Err(Problem::new("catalog.path", "must not be empty"));
        }
        Ok(())
    }
}
