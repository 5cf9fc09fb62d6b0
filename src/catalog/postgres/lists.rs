//! What the catalog shows to those who ask: whole rows, with its own column names and raw values.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::rows::lists::{
    CatalogRow, ConferenceFilter, ConferenceRow, LastErrorRow, Listed, RecordingFilter, RecordingRow, RevisionRow, Row,
    parse,
};
use super::{Catalog, Error, count};
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;

/// A query of whole rows of `conferences`.
macro_rules! conferences {
    ($rest:literal) => {
        sqlx::query_scalar::<_, String>(concat!(
            "SELECT json_build_array(conference_id, title, room_code, schedule_conference_id, biz_type, creator_union_id,
                 creator_nick, started_at, ended_at, duration_ms, state, record_status, record_owner_union_id,
                 union_id_hint, discovered_by, discovered_at, last_active_at, attempts, next_attempt_at,
                 last_error_code, last_error_message, last_error_at, closed_at)::text
             FROM conferences ",
            $rest
        ))
    };
}

/// A query of whole rows of `recordings`; `$1` says whether the titles are wanted.
macro_rules! recordings {
    ($($rest:literal),+) => {
        sqlx::query_scalar::<_, String>(concat!(
            "SELECT json_build_array(conference_id, media_id, record_id, recorder_union_id, record_type, started_at, ended_at,
                 duration_ms, file_size, region_id, raw, first_seen_at, last_changed_at, missing_since,
                 CASE WHEN $1 THEN (SELECT c.title FROM conferences c WHERE c.conference_id = r.conference_id) END)::text
             FROM recordings r ",
            $($rest),+
        ))
    };
}

macro_rules! count_recordings {
    ($($rest:literal),+) => {
        sqlx::query_scalar::<_, i64>(concat!("SELECT count(*) FROM recordings r ", $($rest),+))
    };
}

/// The same for those that a [`RecordingFilter`] names; `by` begins the condition with what they are found by.
macro_rules! matching {
    ($select:ident by $by:literal, $filter:ident $(, $order:literal)?) => {
        $select!(
            $by,
            " AND coalesce(started_at, first_seen_at) >= $3 AND coalesce(started_at, first_seen_at) < $4
               AND ($5::text IS NULL OR region_id = $5)
               AND ($6::text IS NULL OR strpos(lower(concat_ws(chr(10), conference_id, media_id, record_id, recorder_union_id,
                        (SELECT concat_ws(chr(10), c.title, c.creator_nick, c.room_code)
                         FROM conferences c WHERE c.conference_id = r.conference_id))), lower($6)) > 0)"
            $(, $order)?
        )
    };
}

/// Binds what [`matching`] needs.
macro_rules! bound {
    ($query:expr, $titles:expr, $filter:ident) => {
        $query
            .bind($titles)
            .bind($filter.conference_id.clone())
            .bind($filter.since.map_or(i64::MIN, Timestamp::as_millis))
            .bind($filter.until.map_or(i64::MAX, Timestamp::as_millis))
            .bind($filter.region_id.clone())
            .bind($filter.search.clone())
    };
}

/// A LIMIT; NULL: none.
pub(super) fn limit(most: Option<u64>) -> Option<i64> {
    most.map(|most| i64::try_from(most).unwrap_or(i64::MAX))
}

pub(super) fn listed<'a, R: Row + 'a>(
    rows: BoxStream<'a, sqlx::Result<String>>,
) -> BoxStream<'a, Result<Listed<R>, Error>> {
    rows.map(|row| Ok(Listed::new(row?))).boxed()
}

impl Catalog {
    pub async fn conference(&self, conference_id: &str) -> Result<Option<ConferenceRow>, Error> {
        let row = conferences!("WHERE conference_id = $1").bind(conference_id).fetch_optional(self.readers()).await?;
        row.as_deref().map(parse).transpose()
    }

    pub fn list_conferences(
        &self,
        filter: ConferenceFilter,
        most: Option<u64>,
    ) -> BoxStream<'_, Result<Listed<ConferenceRow>, Error>> {
        let rows = match filter {
            ConferenceFilter::All => conferences!("ORDER BY coalesce(started_at, discovered_at) DESC, rowid LIMIT $1"),
            ConferenceFilter::In(state) => {
                conferences!("WHERE state = $2 ORDER BY coalesce(started_at, discovered_at) DESC, rowid LIMIT $1")
                    .bind(limit(most))
                    .bind(state.as_str())
            }
            ConferenceFilter::Watched => conferences!(
                "WHERE state IN ('waiting', 'active', 'ended') AND discovered_by IN ('config', 'cli')
                 ORDER BY coalesce(started_at, discovered_at) DESC, rowid LIMIT $1"
            ),
        };
        let rows = if matches!(filter, ConferenceFilter::In(_)) { rows } else { rows.bind(limit(most)) };
        listed(rows.fetch(self.readers()))
    }

    pub async fn count_conferences(&self, filter: ConferenceFilter) -> Result<u64, Error> {
        let is_meant = |state: State| filter == ConferenceFilter::All || filter == ConferenceFilter::In(state);
        if filter != ConferenceFilter::Watched {
            let counts = self.count_by_state().await?;
            return Ok(counts.into_iter().filter(|(state, _)| is_meant(*state)).map(|(_, number)| number).sum());
        }
        let number = sqlx::query_scalar(
            "SELECT count(*) FROM conferences
             WHERE state IN ('waiting', 'active', 'ended') AND discovered_by IN ('config', 'cli')",
        );
        Ok(count(number.fetch_one(self.readers()).await?))
    }

    pub async fn last_error(&self) -> Result<Option<LastErrorRow>, Error> {
        let row = sqlx::query_as(
            "SELECT count(*) OVER () AS conferences, conference_id, last_error_code, last_error_message, last_error_at
             FROM conferences
             WHERE state IN ('waiting', 'active', 'ended') AND last_error_code IS NOT NULL
             ORDER BY last_error_at DESC NULLS LAST, conference_id LIMIT 1",
        );
        Ok(row.fetch_optional(self.readers()).await?)
    }

    pub async fn recordings_with(&self, media_id: &str) -> Result<Vec<RecordingRow>, Error> {
        let rows = recordings!("WHERE media_id = $2 ORDER BY coalesce(started_at, first_seen_at) DESC");
        rows.bind(true).bind(media_id).fetch_all(self.readers()).await?.iter().map(|row| parse(row)).collect()
    }

    pub fn list_recordings(
        &self,
        filter: &RecordingFilter,
        most: Option<u64>,
        titles: bool,
    ) -> BoxStream<'_, Result<Listed<RecordingRow>, Error>> {
        let rows = if filter.conference_id.is_some() {
            matching!(recordings by "WHERE conference_id = $2", filter,
                      " ORDER BY coalesce(started_at, first_seen_at) DESC, rowid LIMIT $7")
        } else {
            matching!(recordings by "WHERE $2::text IS NULL", filter,
                      " ORDER BY coalesce(started_at, first_seen_at) DESC, rowid LIMIT $7")
        };
        listed(bound!(rows, titles, filter).bind(limit(most)).fetch(self.readers()))
    }

    pub fn export_recordings(
        &self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> BoxStream<'_, Result<Listed<CatalogRow>, Error>> {
        let rows = sqlx::query_scalar(
            "SELECT json_build_array(v.title, v.started, v.duration, v.size_mib, v.region, v.type, v.creator,
                 v.recorder_union_id, v.conference_id, v.media_id, v.record_id, v.first_seen, v.missing_since)::text
             FROM recordings r
             JOIN recording_catalog v ON v.conference_id = r.conference_id AND v.media_id = r.media_id
             WHERE coalesce(r.started_at, r.first_seen_at) >= $1 AND coalesce(r.started_at, r.first_seen_at) < $2
             ORDER BY coalesce(r.started_at, r.first_seen_at) DESC, r.rowid",
        )
        .bind(since.map_or(i64::MIN, Timestamp::as_millis))
        .bind(until.map_or(i64::MAX, Timestamp::as_millis));
        listed(rows.fetch(self.readers()))
    }

    pub async fn count_matching(&self, filter: &RecordingFilter) -> Result<u64, Error> {
        if *filter == RecordingFilter::default() {
            return self.count_recordings().await;
        }
        let number = if filter.conference_id.is_some() {
            matching!(count_recordings by "WHERE $1::boolean IS NOT NULL AND conference_id = $2", filter)
        } else {
            matching!(count_recordings by "WHERE $1::boolean IS NOT NULL AND $2::text IS NULL", filter)
        };
        Ok(count(bound!(number, false, filter).fetch_one(self.readers()).await?))
    }

    pub async fn list_revisions(&self, conference_id: &str, media_id: &str) -> Result<Vec<RevisionRow>, Error> {
        let rows = sqlx::query_as(
            "SELECT revision_id, conference_id, media_id, replaced_at, record_id, recorder_union_id, record_type,
                    started_at, ended_at, duration_ms, file_size, region_id, raw, missing_since
             FROM recording_revisions WHERE conference_id = $1 AND media_id = $2 ORDER BY revision_id DESC",
        );
        Ok(rows.bind(conference_id).bind(media_id).fetch_all(self.readers()).await?)
    }
}
