//! What was spent, and what was learned about what it costs.

use crate::catalog::count;
use crate::domain::clock::Timestamp;
use crate::domain::endpoint::Endpoint;

/// What became of a call that was charged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Charged {
    /// The day it was charged on, UTC+8.
    pub day: String,
    pub endpoint: Endpoint,
    /// `ok`, DingTalk's code, `timeout`, `foreign`, `unrecognized`, `unreached` or `throttled`.
    pub outcome: &'static str,
}

/// What was learned about DingTalk's limits, which no page gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LearnedLimits {
    /// The most ids that a batch took, where more were refused.
    pub most_ids: Option<u64>,
    /// The fewest that were too many, and when that was learned.
    pub too_many_ids: Option<(u64, Timestamp)>,
    /// The longest page of the organisation's list that it takes.
    pub max_results: Option<u64>,
    /// The pages that the list had.
    pub pages: Option<u64>,
}

/// One of [`LearnedLimits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    MostIds,
    TooManyIds,
    MaxResults,
    Pages,
}

impl Limit {
    pub(in crate::catalog) const fn as_str(self) -> &'static str {
        match self {
            Self::MostIds => "query.accepted",
            Self::TooManyIds => "query.refused",
            Self::MaxResults => "orgConferences.maxResults",
            Self::Pages => "orgConferences.pages",
        }
    }
}

/// The month of a day.
pub(in crate::catalog) fn month(day: &str) -> &str {
    day.get(..7).unwrap_or(day)
}

/// A row of `learned_limits`.
#[derive(sqlx::FromRow)]
pub(in crate::catalog) struct LimitRow {
    pub(in crate::catalog) name: String,
    pub(in crate::catalog) value: i64,
    pub(in crate::catalog) learned_at: i64,
}

impl LearnedLimits {
    pub(in crate::catalog) fn of(rows: &[LimitRow]) -> Self {
        let row = |limit: Limit| rows.iter().find(|row| row.name == limit.as_str());
        let value = |limit| row(limit).map(|row| count(row.value));
        Self {
            most_ids: value(Limit::MostIds),
            too_many_ids: row(Limit::TooManyIds).map(|row| (count(row.value), Timestamp::from_millis(row.learned_at))),
            max_results: value(Limit::MaxResults),
            pages: value(Limit::Pages),
        }
    }
}
