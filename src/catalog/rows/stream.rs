//! The connection over which events come.

use serde::Serialize;

/// The connection over which events come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct StreamRow {
    /// Since when it is open.
    pub connected_since: Option<i64>,
    /// When it was last lost.
    pub closed_at: Option<i64>,
    /// When the last event came.
    pub last_push_at: Option<i64>,
    pub last_error: Option<String>,
}
