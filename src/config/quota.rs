//! `[quota]`: what may be spent.

use serde::Deserialize;

use super::error::Problem;

/// The section `[quota]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quota {
    /// This daemon's share of the organisation's metered API calls, in calls per calendar month (UTC+8); `0` is
    /// unmetered. 5000 unless set: all that a standard-edition organisation has.
    pub calls_per_month: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { calls_per_month: 5000 }
    }
}

impl Quota {
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "every section is asked, and any number will do")]
    pub(super) fn validate(&self) -> Result<(), Problem> {
        Ok(())
    }
}
