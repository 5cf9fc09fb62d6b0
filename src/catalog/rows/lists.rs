//! What the catalog shows to those who ask: whole rows, with its own column names and raw values.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::catalog::Error;
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;

/// A row of a table or a view that is listed.
pub trait Row {
    /// Its columns, in their order.
    const COLUMNS: &[&str];
}

/// A row of a list, as the database wrote it: one JSON array, for sqlx takes as long for one value as `sqlite3` for a row.
pub struct Listed<R>(String, PhantomData<R>);

impl<R: Row> Listed<R> {
    pub(in crate::catalog) const fn new(row: String) -> Self {
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
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize, sqlx::FromRow)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
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

pub(in crate::catalog) fn parse<'a, T: Deserialize<'a>>(row: &'a str) -> Result<T, Error> {
    serde_json::from_str(row).map_err(|error| sqlx::Error::Decode(error.into()).into())
}
