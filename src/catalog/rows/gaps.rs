//! Gaps: times in which nobody watched, and how it stands with them.

use serde::Serialize;

use super::lists::row;
use crate::catalog::count;
use crate::domain::clock::Timestamp;
use crate::domain::gap::{Gap, Reason, Search};

row! {
    /// A row of `watch_gaps`.
    GapRow {
        gap_id: i64, began_at: i64, ended_at: i64, reason: String, planned_at: Option<i64>, searched_at: Option<i64>,
        found: i64, is_complete: i64, unanswered: i64
    }
}

impl GapRow {
    pub fn gap(&self) -> Gap {
        let [began_at, ended_at] = [self.began_at, self.ended_at].map(Timestamp::from_millis);
        Gap { began_at, ended_at, reason: Reason::named(&self.reason).unwrap_or(Reason::Down) }
    }

    pub fn search(&self) -> Search {
        match (self.searched_at, self.is_complete) {
            (None, _) => Search::Awaited,
            (Some(_), 0) => Search::Known { unanswered: count(self.unanswered) },
            (Some(_), _) => Search::Complete,
        }
    }
}

/// How it stands with the gaps of some time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct GapSummary {
    /// Those that nobody asked for.
    pub gaps: i64,
    /// Together, in milliseconds.
    pub duration_ms: i64,
    /// Those that are not searched yet.
    pub unsearched: i64,
    /// Those of which not every known room code and booking could be searched.
    pub unanswered: i64,
    /// Conferences found in them.
    pub found: i64,
    /// When the newest began, and ended.
    pub last_began_at: Option<i64>,
    pub last_ended_at: Option<i64>,
}

/// What a gap takes in when it joins others.
#[derive(sqlx::FromRow)]
pub(in crate::catalog) struct JoinedRow {
    pub(in crate::catalog) began_at: i64,
    pub(in crate::catalog) ended_at: i64,
    pub(in crate::catalog) reason: String,
    pub(in crate::catalog) found: i64,
}

/// One gap of `gap` and all that it joins, and how many conferences were found in those.
pub(in crate::catalog) fn join(gap: Gap, rows: &[JoinedRow]) -> (Gap, i64) {
    rows.iter().fold((gap, 0), |(gap, found), row| {
        let reason = Reason::named(&row.reason).unwrap_or(gap.reason);
        let [began_at, ended_at] = [row.began_at, row.ended_at].map(Timestamp::from_millis);
        (gap.joined(&Gap { began_at, ended_at, reason }), found + row.found)
    })
}
