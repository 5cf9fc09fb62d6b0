//! The search of gaps: what is to be asked about.

use serde_json::{Value, json};

use super::apply::Decision;
use crate::catalog::source::Source;
use crate::domain::clock::Timestamp;
use crate::domain::gap::{Gap, Reason};

/// Room codes and bookings are taken from so many conferences, those that began last.
pub(in crate::catalog) const LATELY: u32 = 1_000;

/// So many room codes are asked about for a search, and so many bookings.
pub(in crate::catalog) const MOST_ROOMS: u32 = 100;
pub(in crate::catalog) const MOST_BOOKINGS: u32 = 30;

/// What is to be asked, and how often that brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    pub source: Source,
    pub attempts: u32,
}

/// A gap that is being searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Searched {
    pub gap_id: i64,
    pub gap: Gap,
}

/// A gap that is being searched, as its row has it.
#[derive(sqlx::FromRow)]
pub(in crate::catalog) struct SearchedRow {
    pub(in crate::catalog) gap_id: i64,
    pub(in crate::catalog) began_at: i64,
    pub(in crate::catalog) ended_at: i64,
    pub(in crate::catalog) reason: String,
}

impl From<SearchedRow> for Searched {
    fn from(row: SearchedRow) -> Self {
        let [began_at, ended_at] = [row.began_at, row.ended_at].map(Timestamp::from_millis);
        let reason = Reason::named(&row.reason).unwrap_or(Reason::Down);
        Self { gap_id: row.gap_id, gap: Gap { began_at, ended_at, reason } }
    }
}

/// A row of `search_queue`.
#[derive(sqlx::FromRow)]
pub(in crate::catalog) struct QueuedRow {
    pub(in crate::catalog) source: String,
    pub(in crate::catalog) key: String,
    pub(in crate::catalog) union_id: Option<String>,
    pub(in crate::catalog) attempts: i64,
}

impl QueuedRow {
    pub(in crate::catalog) fn queued(self) -> Option<Queued> {
        let source = Source::read(&self.source, self.key, self.union_id)?;
        Some(Queued { source, attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX) })
    }
}

/// The gap of each conference that came to be known, as a JSON array.
pub(in crate::catalog) fn gaps_of_new(decisions: &[Decision], applied: &[bool], gap_ids: &[i64]) -> Value {
    let is_new = |(decision, is_applied): (&Decision, &bool)| *is_applied && decision.conference.state.is_none();
    let new = decisions.iter().zip(applied).zip(gap_ids).filter(|(it, _)| is_new(*it)).map(|(_, gap_id)| gap_id);
    json!(new.collect::<Vec<_>>())
}
