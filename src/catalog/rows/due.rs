//! What is known of a conference that is to be asked about, and when there is something to ask.

use std::collections::HashMap;

use crate::catalog::{Error, duration};
use crate::domain::clock::Timestamp;
use crate::domain::conference::{Conference, DiscoveredBy, State};
use crate::domain::recording::{Known, Recording};
use crate::domain::wait::Wait;

/// A list that is due, as the key from which the next ones are read.
pub type After = (Option<Timestamp>, String);

/// What decides when there is something to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NextAttempts {
    /// When the next conference may be asked whether it is in progress; the epoch: at any time. `None`: there is none.
    pub candidate_at: Option<Timestamp>,
    /// When the next conference that an event says is over may be asked about; `None`: there is none.
    pub told_over_at: Option<Timestamp>,
    /// When the next list of recordings is due; `None`: none is awaited.
    pub list_at: Option<Timestamp>,
    /// The same of lists that an event says are worth reading.
    pub generated_list_at: Option<Timestamp>,
}

/// A row of `conferences` beside its row of `conference_waits`.
#[derive(sqlx::FromRow)]
pub(in crate::catalog) struct Row {
    pub(in crate::catalog) conference_id: String,
    pub(in crate::catalog) state: String,
    pub(in crate::catalog) title: Option<String>,
    pub(in crate::catalog) discovered_by: String,
    pub(in crate::catalog) discovered_at: i64,
    pub(in crate::catalog) last_active_at: Option<i64>,
    pub(in crate::catalog) ended_at: Option<i64>,
    pub(in crate::catalog) attempts: i64,
    pub(in crate::catalog) next_attempt_at: Option<i64>,
    pub(in crate::catalog) record_status: Option<i64>,
    pub(in crate::catalog) union_id_hint: Option<String>,
    pub(in crate::catalog) record_owner_union_id: Option<String>,
    pub(in crate::catalog) creator_union_id: Option<String>,
    pub(in crate::catalog) counted_until: Option<i64>,
    pub(in crate::catalog) awaited_ms: Option<i64>,
    pub(in crate::catalog) accepted_union_id: Option<String>,
    pub(in crate::catalog) list_changed_at: Option<i64>,
    pub(in crate::catalog) list_changes: Option<i64>,
    pub(in crate::catalog) failing_since: Option<i64>,
    pub(in crate::catalog) generated_at: Option<i64>,
}

impl TryFrom<Row> for Conference {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let instant = |column: Option<i64>| column.map(Timestamp::from_millis);
        let discovered_at = Timestamp::from_millis(row.discovered_at);
        Ok(Self {
            state: Some(parse_state(&row.conference_id, &row.state)?),
            conference_id: row.conference_id,
            title: row.title,
            discovered_by: DiscoveredBy::named(&row.discovered_by),
            discovered_at,
            last_active_at: instant(row.last_active_at),
            ended_at: instant(row.ended_at),
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            next_attempt_at: instant(row.next_attempt_at),
            record_status: row.record_status,
            union_id_hint: row.union_id_hint,
            record_owner_union_id: row.record_owner_union_id,
            creator_union_id: row.creator_union_id,
            wait: Wait {
                awaited: duration(row.awaited_ms.unwrap_or(0)),
                counted_until: instant(row.counted_until).unwrap_or(discovered_at),
                accepted_union_id: row.accepted_union_id,
                list_changed_at: instant(row.list_changed_at),
                list_changes: u32::try_from(row.list_changes.unwrap_or(0)).unwrap_or(u32::MAX),
                failing_since: instant(row.failing_since),
                generated_at: instant(row.generated_at),
            },
        })
    }
}

fn parse_state(conference_id: &str, state: &str) -> Result<State, Error> {
    state.parse().map_err(|source| Error::State { conference_id: conference_id.to_owned(), source })
}

/// A row of `recordings`, as far as what DingTalk lists is compared with it.
#[derive(sqlx::FromRow)]
pub(in crate::catalog) struct KnownRow {
    pub(in crate::catalog) conference_id: String,
    pub(in crate::catalog) media_id: String,
    pub(in crate::catalog) record_id: Option<String>,
    pub(in crate::catalog) recorder_union_id: Option<String>,
    pub(in crate::catalog) record_type: Option<i64>,
    pub(in crate::catalog) started_at: Option<i64>,
    pub(in crate::catalog) ended_at: Option<i64>,
    pub(in crate::catalog) duration_ms: Option<i64>,
    pub(in crate::catalog) file_size: Option<i64>,
    pub(in crate::catalog) region_id: Option<String>,
    pub(in crate::catalog) raw: String,
    pub(in crate::catalog) last_changed_at: i64,
    pub(in crate::catalog) missing_since: Option<i64>,
}

/// The recordings of conferences, by their ids.
pub(in crate::catalog) fn by_conference(rows: Vec<KnownRow>) -> HashMap<String, Vec<Known>> {
    let mut recordings: HashMap<String, Vec<Known>> = HashMap::new();
    for row in rows {
        let known = Known {
            recording: Recording {
                media_id: row.media_id,
                record_id: row.record_id,
                recorder_union_id: row.recorder_union_id,
                record_type: row.record_type,
                started_at: row.started_at.map(Timestamp::from_millis),
                ended_at: row.ended_at.map(Timestamp::from_millis),
                duration_ms: row.duration_ms,
                file_size: row.file_size,
                region_id: row.region_id,
                raw: row.raw,
            },
            last_changed_at: Timestamp::from_millis(row.last_changed_at),
            missing_since: row.missing_since.map(Timestamp::from_millis),
        };
        recordings.entry(row.conference_id).or_default().push(known);
    }
    recordings
}

/// When there is something to ask, state by state.
#[derive(sqlx::FromRow)]
pub(in crate::catalog) struct NextAttemptsRow {
    pub(in crate::catalog) waiting: Option<i64>,
    pub(in crate::catalog) active: Option<i64>,
    pub(in crate::catalog) told_over: Option<i64>,
    pub(in crate::catalog) failed: Option<i64>,
    pub(in crate::catalog) ended: Option<i64>,
    pub(in crate::catalog) archived: Option<i64>,
    pub(in crate::catalog) generated: Option<i64>,
}

impl From<NextAttemptsRow> for NextAttempts {
    fn from(row: NextAttemptsRow) -> Self {
        let first = |of: &[Option<i64>]| of.iter().flatten().min().map(|at| Timestamp::from_millis(*at));
        Self {
            candidate_at: first(&[row.waiting, row.active, row.failed]),
            told_over_at: first(&[row.told_over]),
            list_at: first(&[row.ended, row.archived]),
            generated_list_at: first(&[row.generated]),
        }
    }
}
