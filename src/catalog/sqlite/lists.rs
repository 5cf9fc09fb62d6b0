//! What the catalog shows to those who ask: whole rows, with its own column names and raw values.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::rows::lists::{
    CatalogRow, ConferenceFilter, ConferenceRow, LastErrorRow, Listed, RecordingFilter, RecordingRow, RevisionRow,
    parse,
};
use super::{Catalog, Error, count};
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;

/// A query of whole rows of `conferences`; checked when it is compiled.
macro_rules! conferences {
    ($rest:literal $(, $argument:expr)*) => {
        sqlx::query_scalar!(
            r#"SELECT json_array(conference_id, title, room_code, schedule_conference_id, biz_type, creator_union_id,
                   creator_nick, started_at, ended_at, duration_ms, state, record_status, record_owner_union_id,
                   union_id_hint, discovered_by, discovered_at, last_active_at, attempts, next_attempt_at,
                   last_error_code, last_error_message, last_error_at, closed_at) AS "row!: String"
               FROM conferences "# + $rest,
            $($argument),*
        )
    };
}

/// A query of whole rows of `recordings`; `?1` says whether the titles are wanted, which lie elsewhere in the file.
macro_rules! recordings {
    ($rest:literal $(+ $more:literal)* $(, $argument:expr)*) => {
        sqlx::query_scalar!(
            r#"SELECT json_array(conference_id, media_id, record_id, recorder_union_id, record_type, started_at, ended_at,
                   duration_ms, file_size, region_id, raw, first_seen_at, last_changed_at, missing_since,
                   CASE WHEN ?1 THEN (SELECT c.title FROM conferences c WHERE c.conference_id = r.conference_id) END) AS "row!: String"
               FROM recordings r "# + $rest $(+ $more)*,
            $($argument),*
        )
    };
}

macro_rules! count_recordings {
    ($rest:literal $(+ $more:literal)* $(, $argument:expr)*) => {
        sqlx::query_scalar!(r#"SELECT count(*) AS "number!: i64" FROM recordings r "# + $rest $(+ $more)*, $($argument),*)
    };
}

/// The same for those that a [`RecordingFilter`] names; `by` begins the condition with what SQLite finds them by.
macro_rules! matching {
    ($select:ident by $by:literal, $titles:expr, $filter:ident $(, $order:literal, $limit:expr)?) => {
        $select!(
            $by + " AND coalesce(started_at, first_seen_at) >= ?3 AND coalesce(started_at, first_seen_at) < ?4
               AND (?5 IS NULL OR region_id = ?5)
               AND (?6 IS NULL OR instr(lower(concat_ws(char(10), conference_id, media_id, record_id, recorder_union_id,
                        (SELECT concat_ws(char(10), c.title, c.creator_nick, c.room_code)
                         FROM conferences c WHERE c.conference_id = r.conference_id))), lower(?6)) > 0)" $(+ $order)?,
            $titles,
            $filter.conference_id,
            $filter.since.map_or(i64::MIN, Timestamp::as_millis),
            $filter.until.map_or(i64::MAX, Timestamp::as_millis),
            $filter.region_id,
            $filter.search
            $(, $limit)?
        )
    };
}

/// A LIMIT; -1: none.
pub(super) fn limit(most: Option<u64>) -> i64 {
    most.map_or(-1, |most| i64::try_from(most).unwrap_or(i64::MAX))
}

impl Catalog {
    /// A conference; `None` if the catalog does not know it.
    pub async fn conference(&self, conference_id: &str) -> Result<Option<ConferenceRow>, Error> {
        let row = conferences!("WHERE conference_id = ?", conference_id).fetch_optional(self.readers()).await?;
        row.as_deref().map(parse).transpose()
    }

    /// Conferences, `most` of them at the most, those that began last first.
    pub fn list_conferences(
        &self,
        filter: ConferenceFilter,
        most: Option<u64>,
    ) -> BoxStream<'_, Result<Listed<ConferenceRow>, Error>> {
        let most = limit(most);
        let rows = match filter {
            // Those in one of these are many: to read them in the order of the list costs less than to sort them.
            ConferenceFilter::All | ConferenceFilter::In(State::Archived | State::Unrecorded) => {
                let state = if let ConferenceFilter::In(state) = filter { Some(state.as_str()) } else { None };
                conferences!(
                    "INDEXED BY conferences_by_start WHERE ?1 IS NULL OR state = ?1
                     ORDER BY coalesce(started_at, discovered_at) DESC, rowid LIMIT ?2",
                    state,
                    most
                )
                .fetch(self.readers())
            }
            ConferenceFilter::In(state) => conferences!(
                "INDEXED BY conferences_by_state WHERE state = ?
                 ORDER BY coalesce(started_at, discovered_at) DESC, rowid LIMIT ?",
                state.as_str(),
                most
            )
            .fetch(self.readers()),
            ConferenceFilter::Watched => conferences!(
                "INDEXED BY conferences_by_state
                 WHERE state IN ('waiting', 'active', 'ended') AND discovered_by IN ('config', 'cli')
                 ORDER BY coalesce(started_at, discovered_at) DESC, rowid LIMIT ?",
                most
            )
            .fetch(self.readers()),
        };
        rows.map(|row| Ok(Listed::new(row?))).boxed()
    }

    /// How many conferences there are like this.
    pub async fn count_conferences(&self, filter: ConferenceFilter) -> Result<u64, Error> {
        let is_meant = |state| filter == ConferenceFilter::All || filter == ConferenceFilter::In(state);
        if filter != ConferenceFilter::Watched {
            let counts = self.count_by_state().await?;
            return Ok(counts.into_iter().filter(|(state, _)| is_meant(*state)).map(|(_, number)| number).sum());
        }
        let number = sqlx::query_scalar!(
            r#"SELECT count(*) AS "number!: i64" FROM conferences INDEXED BY conferences_by_state
               WHERE state IN ('waiting', 'active', 'ended') AND discovered_by IN ('config', 'cli')"#
        );
        Ok(count(number.fetch_one(self.readers()).await?))
    }

    /// The open conferences that DingTalk gave no answer about when it was last asked; `None` if there are none.
    pub async fn last_error(&self) -> Result<Option<LastErrorRow>, Error> {
        let row = sqlx::query_as!(
            LastErrorRow,
            r#"SELECT count(*) OVER () AS "conferences!: i64", conference_id AS "conference_id!",
                      last_error_code AS "last_error_code!", last_error_message, last_error_at
               FROM conferences INDEXED BY conferences_by_state
               WHERE state IN ('waiting', 'active', 'ended') AND last_error_code IS NOT NULL
               ORDER BY last_error_at DESC, conference_id LIMIT 1"#
        );
        Ok(row.fetch_optional(self.readers()).await?)
    }

    /// The recordings with this `mediaId`, those that began last first. More than one: it stands in several conferences.
    pub async fn recordings_with(&self, media_id: &str) -> Result<Vec<RecordingRow>, Error> {
        let rows = recordings!("WHERE media_id = ?2 ORDER BY coalesce(started_at, first_seen_at) DESC", true, media_id);
        rows.fetch_all(self.readers()).await?.iter().map(|row| parse(row)).collect()
    }

    /// Recordings, `most` of them at the most, those that began last first; with the conferences' `titles` or without.
    pub fn list_recordings(
        &self,
        filter: &RecordingFilter,
        most: Option<u64>,
        titles: bool,
    ) -> BoxStream<'_, Result<Listed<RecordingRow>, Error>> {
        let most = limit(most);
        let rows = if filter.conference_id.is_some() {
            matching!(recordings by "WHERE conference_id = ?2", titles, filter,
                      " ORDER BY coalesce(started_at, first_seen_at) DESC, rowid LIMIT ?7", most)
            .fetch(self.readers())
        } else {
            matching!(recordings by "INDEXED BY recordings_by_start WHERE ?2 IS NULL", titles, filter,
                      " ORDER BY coalesce(started_at, first_seen_at) DESC, rowid LIMIT ?7", most)
            .fetch(self.readers())
        };
        rows.map(|row| Ok(Listed::new(row?))).boxed()
    }

    /// The same recordings in words, in the same order: as the view has them that is for people.
    pub fn export_recordings(
        &self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> BoxStream<'_, Result<Listed<CatalogRow>, Error>> {
        let rows = sqlx::query_scalar!(
            r#"SELECT json_array(v.title, v.started, v.duration, v.size_mib, v.region, v.type, v.creator,
                   v.recorder_union_id, v.conference_id, v.media_id, v.record_id, v.first_seen, v.missing_since)
                   AS "row!: String"
               FROM recordings r INDEXED BY recordings_by_start
               JOIN recording_catalog v ON v.conference_id = r.conference_id AND v.media_id = r.media_id
               WHERE coalesce(r.started_at, r.first_seen_at) >= ?1 AND coalesce(r.started_at, r.first_seen_at) < ?2
               ORDER BY coalesce(r.started_at, r.first_seen_at) DESC, r.rowid"#,
            since.map_or(i64::MIN, Timestamp::as_millis),
            until.map_or(i64::MAX, Timestamp::as_millis)
        );
        rows.fetch(self.readers()).map(|row| Ok(Listed::new(row?))).boxed()
    }

    /// How many recordings there are like this.
    pub async fn count_matching(&self, filter: &RecordingFilter) -> Result<u64, Error> {
        if *filter == RecordingFilter::default() {
            return self.count_recordings().await;
        }
        let number = if filter.conference_id.is_some() {
            matching!(count_recordings by "WHERE conference_id = ?2", false, filter).fetch_one(self.readers()).await?
        } else {
            matching!(count_recordings by "INDEXED BY recordings_by_start WHERE ?2 IS NULL", false, filter)
                .fetch_one(self.readers())
                .await?
        };
        Ok(count(number))
    }

    /// What a recording said before, newest first.
    pub async fn list_revisions(&self, conference_id: &str, media_id: &str) -> Result<Vec<RevisionRow>, Error> {
        let rows = sqlx::query_as!(
            RevisionRow,
            "SELECT revision_id, conference_id, media_id, replaced_at, record_id, recorder_union_id, record_type,
                    started_at, ended_at, duration_ms, file_size, region_id, raw, missing_since
             FROM recording_revisions WHERE conference_id = ? AND media_id = ? ORDER BY revision_id DESC",
            conference_id,
            media_id,
        );
        Ok(rows.fetch_all(self.readers()).await?)
    }
}
