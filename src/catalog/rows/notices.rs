//! What was noticed, and who has yet to be told.

use serde::Serialize;
use serde_json::json;

use crate::catalog::count;
use crate::domain::notice::{Kind, Open};

/// A receiver, and how it takes what it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct ReceiverRow {
    /// `url` or `dingtalk_robot`.
    pub receiver: String,
    pub next_attempt_at: i64,
    /// Since when it takes no message; `None`: it took the last one.
    pub failing_since: Option<i64>,
    pub attempts: i64,
    pub last_error: Option<String>,
    /// How many notices it has yet to be told of.
    pub untold: i64,
}

/// A notice that a receiver has not been told of.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Untold {
    pub notice_id: i64,
    /// A [`Kind`]'s name.
    pub kind: String,
    pub subject: String,
    pub began_at: i64,
    pub over_at: Option<i64>,
    /// How many untold ones there are of its kind that are, like it, over or not.
    pub alike: i64,
}

/// What was recorded of a conference, in all.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Recorded {
    pub recordings: i64,
    pub duration_ms: i64,
}

/// The names of such kinds, as JSON.
pub(in crate::catalog) fn names(is_meant: impl Fn(Kind) -> bool) -> String {
    let kinds = Kind::ALL.into_iter().filter(|kind| is_meant(*kind)).map(Kind::as_str);
    json!(kinds.collect::<Vec<_>>()).to_string()
}

impl Untold {
    /// How many there are like this beside the `named` ones.
    pub fn more(&self, named: usize) -> u64 {
        count(self.alike).saturating_sub(named as u64)
    }
}

/// A notice that is open; `None` if this version does not know its kind.
pub(in crate::catalog) fn open(kind: &str, subject: String) -> Option<Open> {
    Some(Open { kind: Kind::named(kind)?, subject })
}
