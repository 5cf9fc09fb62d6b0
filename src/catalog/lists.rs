//! What the catalog shows to those who ask: whole rows, with its own column names and raw values.

use std::marker::PhantomData;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Catalog, Error, count};
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;

/// A row of a table or a view that is listed.
pub trait Row {
    /// Its columns, in their order.
    const COLUMNS: &[&str];
}

/// A row of a list, as SQLite wrote it: one JSON array, for sqlx takes as long for one value as `sqlite3` for a row.
pub struct Listed<R>(String, PhantomData<R>);

impl<R: Row> Listed<R> {
    pub(super) const fn new(row: String) -> Self {
        Self(row, PhantomData)
    }

    /// The columns' names and their values, as JSON.
    pub fn columns(&self) -> Result<impl Iterator<Item = (&'static str, &str)>, Error> {
        let values: Vec<&RawValue> = parse(&self.0)?;
        Ok(R::COLUMNS.iter().copied().zip(values.into_iter().map(RawValue::get)))
    }

    pub fn row(&self) -> Result<R, Error>
    where
        R: DeserializeOwned,
    {
        parse(&self.0)
    }
}

/// A row of a table; the schema describes its columns.
macro_rules! row {
    ($(#[$about:meta])* $name:ident { $($column:ident: $type:ty),+ $(; $(#[$more:meta])* $field:ident: $field_type:ty)? }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
        pub struct $name { $(pub $column: $type,)+ $($(#[$more])* pub $field: $field_type)? }

        impl $crate::catalog::lists::Row for $name {
            const COLUMNS: &[&str] = &[$(stringify!($column)),+];
        }
    };
}

pub(super) use row;

row! {
    /// A row of `conferences`.
    ConferenceRow {
        conference_id: String, title: Option<String>, room_code: Option<String>, schedule_conference_id: Option<String>,
        biz_type: Option<String>, creator_union_id: Option<String>, creator_nick: Option<String>, started_at: Option<i64>,
        ended_at: Option<i64>, duration_ms: Option<i64>, state: String, record_status: Option<i64>,
        record_owner_union_id: Option<String>, union_id_hint: Option<String>, discovered_by: String, discovered_at: i64,
        last_active_at: Option<i64>, attempts: i64, next_attempt_at: Option<i64>, last_error_code: Option<String>,
        last_error_message: Option<String>, last_error_at: Option<i64>, closed_at: Option<i64>
    }
}

row! {
    /// A row of `recordings`.
    RecordingRow {
        conference_id: String, media_id: String, record_id: Option<String>, recorder_union_id: Option<String>,
        record_type: Option<i64>, started_at: Option<i64>, ended_at: Option<i64>, duration_ms: Option<i64>,
        file_size: Option<i64>, region_id: Option<String>, raw: String, first_seen_at: i64, last_changed_at: i64,
        missing_since: Option<i64>;
        /// The conference's, for people: it is no column of this table.
        #[serde(skip_serializing)]
        title: Option<String>
    }
}

row! {
    /// A row of `recording_revisions`: what a recording said before it changed.
    RevisionRow {
        revision_id: i64, conference_id: String, media_id: String, replaced_at: i64, record_id: Option<String>,
        recorder_union_id: Option<String>, record_type: Option<i64>, started_at: Option<i64>, ended_at: Option<i64>,
        duration_ms: Option<i64>, file_size: Option<i64>, region_id: Option<String>, raw: String,
        missing_since: Option<i64>
    }
}

/// A row of the view `recording_catalog`, which describes its columns.
pub struct CatalogRow;

impl Row for CatalogRow {
    const COLUMNS: &[&str] = &[
        "title",
        "started",
        "duration",
        "size_mib",
        "region",
        "type",
        "creator",
        "recorder_union_id",
        "conference_id",
        "media_id",
        "record_id",
        "first_seen",
        "missing_since",
    ];
}

/// What DingTalk gave no answer about when it was last asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastErrorRow {
    /// How many open conferences there are like this; the rest is about the latest of them.
    pub conferences: i64,
    pub conference_id: String,
    pub last_error_code: String,
    pub last_error_message: Option<String>,
    pub last_error_at: Option<i64>,
}

/// Which conferences to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConferenceFilter {
    #[default]
    All,
    In(State),
    /// Those put on watch by the configuration or the command line that are still open.
    Watched,
}

/// Which recordings to show. Everything is optional; what is given must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingFilter {
    /// Begun at or after this; one whose beginning is unknown goes by when it was first seen.
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub conference_id: Option<String>,
    pub region_id: Option<String>,
    /// With this text in the conference's title, its creator's name, or any of the ids.
    pub search: Option<String>,
}

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

fn parse<'a, T: Deserialize<'a>>(row: &'a str) -> Result<T, Error> {
    serde_json::from_str(row).map_err(|error| sqlx::Error::Decode(error.into()).into())
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
