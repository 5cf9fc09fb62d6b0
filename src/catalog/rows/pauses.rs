//! Until when DingTalk is left alone, and why.

use serde::Serialize;

use crate::domain::clock::Timestamp;
use crate::domain::failure::Scope;

/// Until when DingTalk is left alone, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// What it holds.
    pub scope: Scope,
    /// No call before this.
    #[serde(rename = "paused_until")]
    pub until: Timestamp,
    /// When it began to fail.
    pub since: Timestamp,
    /// How many pauses in a row this is.
    #[serde(skip)]
    pub failures: u32,
    /// DingTalk's code, or ours.
    pub code: String,
    /// And what it says to people.
    pub message: String,
}

/// A row of `pauses`.
#[derive(sqlx::FromRow)]
pub(in crate::catalog) struct PauseRow {
    pub(in crate::catalog) scope: String,
    pub(in crate::catalog) paused_until: i64,
    pub(in crate::catalog) since: i64,
    pub(in crate::catalog) failures: i64,
    pub(in crate::catalog) code: String,
    pub(in crate::catalog) message: String,
}

impl PauseRow {
    /// A scope that this version does not know holds nothing that it calls.
    pub(in crate::catalog) fn pause(self) -> Option<Pause> {
        Some(Pause {
            scope: Scope::named(&self.scope)?,
            until: Timestamp::from_millis(self.paused_until),
            since: Timestamp::from_millis(self.since),
            failures: u32::try_from(self.failures).unwrap_or(u32::MAX),
            code: self.code,
            message: self.message,
        })
    }
}
