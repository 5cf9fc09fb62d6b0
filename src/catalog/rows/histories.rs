//! Whether DingTalk lists past meetings to this app.

use crate::domain::clock::Timestamp;

/// That DingTalk does not let an app list past meetings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stands for the app's key.
    pub app: i64,
    pub code: String,
    pub refused_at: Timestamp,
}
