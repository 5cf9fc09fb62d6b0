//! What can be wrong with a catalog.

use std::path::PathBuf;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::SqliteError;

use super::postgres;
use crate::domain::conference::UnknownState;

/// What can be wrong with a catalog.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no catalog at {0}: run the daemon once, or name another with `catalog.path`")]
    Missing(PathBuf),
    #[error("{0} is not a SQLite database: it was left untouched; name another file with `catalog.path`")]
    NotADatabase(PathBuf),
    #[error("{0} is a database of another program: it was left untouched; name another file with `catalog.path`")]
    NotACatalog(PathBuf),
    #[error(
        "{catalog} was written by a newer recording-archiver (its schema is {found}, this program's is {known}): it was left untouched; install the newer program"
    )]
    Newer { catalog: String, found: i64, known: i64 },
    #[error(
        "{catalog} is older than this program (its schema is {found}, this program's is {known}): it was left untouched; starting the daemon brings it up to date"
    )]
    Older {
        catalog: String,
        /// 0 if its making was cut short.
        found: i64,
        known: i64,
    },
    #[error("{path} is damaged ({source}): it was left untouched; put a backup in its place")]
    Damaged { path: PathBuf, source: sqlx::Error },
    #[error("{0} holds a write that a crash cut short, and a reader cannot undo it: starting the daemon does")]
    CutShort(PathBuf),
    #[error("the catalog {path} could not be opened: {source}; its folder must exist and be writable")]
    Open { path: PathBuf, source: sqlx::Error },
    #[error("the catalog {catalog} could not be brought to this program's schema: {source}")]
    Migrate { catalog: String, source: MigrateError },
    #[error("{0} is no longer the file that was opened: it was moved, deleted or replaced")]
    Moved(PathBuf),
    #[error("there is no catalog in {0}: run the daemon once, or name another with `catalog.url` and `catalog.schema`")]
    NoSchema(String),
    #[error("{0} holds tables of another program: it was left untouched; name another schema with `catalog.schema`")]
    NotACatalogSchema(String),
    #[error("catalog.url is not understood: {0}; write \"postgres://user@host:5432/database\"")]
    Address(#[source] sqlx::Error),
    #[error("the catalog {catalog} could not be reached: {source}; the server must run, and let this user in")]
    Unreachable { catalog: String, source: sqlx::Error },
    #[error("another daemon has taken the lease of this catalog: nothing was written, and this daemon stands by")]
    Superseded,
    #[error("the catalog could not be read or written: {0}")]
    Sql(#[from] sqlx::Error),
    /// A row says what no version of this program writes.
    #[error("conferences.state of {conference_id}: {source}")]
    State { conference_id: String, source: UnknownState },
}

impl Error {
    /// Whether another program's lock, a full disk, or a server that is away stands in the way: waiting may help.
    pub fn may_pass(&self) -> bool {
        self.source_in_database().is_some_and(|source| match code(source) {
            // SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL.
            Some(code) => matches!(code & 0xff, 5 | 6 | 13),
            None => postgres::may_pass(source),
        })
    }

    /// Whether it failed because this process may only read the catalog.
    pub fn is_read_only(&self) -> bool {
        self.source_in_database().is_some_and(|source| match code(source) {
            // SQLITE_READONLY.
            Some(code) => code & 0xff == 8,
            None => postgres::is_read_only(source),
        })
    }

    fn source_in_database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Sql(source)
            | Self::Open { source, .. }
            | Self::Unreachable { source, .. }
            | Self::Migrate {
                source: MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _), ..
            } => Some(source),
            _ => None,
        }
    }
}

/// SQLite's extended code of an error; its low byte is the primary one. `None`: it is not SQLite's.
pub(super) fn code(error: &sqlx::Error) -> Option<u32> {
    let said = error.as_database_error()?.try_downcast_ref::<SqliteError>()?;
    said.code()?.parse().ok()
}
