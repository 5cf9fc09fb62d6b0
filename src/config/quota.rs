//! `[quota]`: how many API calls may be used.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Quota {
    /// This daemon's share of the organisation's metered API calls, per calendar month (UTC+8); `0`: unmetered. The default
    /// is all that a standard-edition organisation has.
    pub calls_per_month: u64,
    /// The same for the events that are pushed to it; see [`super::Events`].
    pub pushes_per_month: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { calls_per_month: 5000, pushes_per_month: 3000 }
    }
}
