//! Opening and closing the catalog's file without harm to it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Sqlite, Transaction};

use super::super::error::{Error, code};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!();

/// `PRAGMA application_id` of a catalog, as the first migration sets it.
pub(super) const APPLICATION_ID: i64 = 0x5265_4172;

/// Takes the lock at once: see [`Catalog::write`].
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Reading connections: as many as there are ever questions at once.
const READERS: u32 = 4;

/// Asked now and then while a statement runs, at its end at the latest; `false` breaks it off there. A statement that
/// commits is asked about when it has.
///
/// This is SQLite's progress handler: with it, a test stops a daemon between any two steps of its work, as the end of the
/// process would.
pub type Progress = Arc<dyn Fn() -> bool + Send + Sync>;

#[derive(Clone, Debug)]
pub struct Catalog {
    path: PathBuf,
    /// Device and inode of the file at `path` when it was opened.
    file: Option<(u64, u64)>,
    writer: SqlitePool,
    readers: SqlitePool,
    /// See [`Catalog::for_observers`].
    observer: SqlitePool,
}

impl Catalog {
    /// Opens the catalog for writing; creates it where there is none, and brings an older one to this program's schema.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, None).await
    }

    /// The same; `progress` may break off any statement.
    pub async fn open_with(path: &Path, progress: Option<Progress>) -> Result<Self, Error> {
        if std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
            match inspect(path).await {
                Err(Error::CutShort(_)) => {
                    undo(path).await?;
                    inspect(path).await?
                }
                inspected => inspected?,
            };
        }
        let options = options(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was acknowledged must survive a power cut, or the ledger of calls could undercount.
            .synchronous(SqliteSynchronous::Full);
        let open = |source| Error::Open { path: path.to_owned(), source };
        let writer = pool(1, progress.clone()).connect_with(options.clone()).await.map_err(open)?;
        MIGRATIONS
            .run(&writer)
            .await
            .map_err(|source| Error::Migrate { catalog: path.display().to_string(), source })?;
        // Whoever counts steps is given one reader, so that they come in one order.
        let many = if progress.is_some() { 1 } else { READERS };
        let options = options.read_only(true).create_if_missing(false);
        let readers = pool(many, progress).connect_with(options.clone()).await.map_err(open)?;
        let observer = pool(1, None).connect_lazy_with(options);
        Ok(Self { path: path.to_owned(), file: file(path).ok(), writer, readers, observer })
    }

    /// Opens the catalog for reading only: no right to write is needed, and nothing is written.
    pub async fn open_read_only(path: &Path) -> Result<Self, Error> {
        if !path.exists() {
            return Err(Error::Missing(path.to_owned()));
        }
        let (found, known) = (inspect(path).await?, known());
        if found < known {
            return Err(Error::Older { catalog: path.display().to_string(), found, known });
        }
        let readers = pool(READERS, None)
            .connect_with(options(path).read_only(true))
            .await
            .map_err(|source| Error::Open { path: path.to_owned(), source })?;
        let (writer, observer) = (readers.clone(), readers.clone());
        Ok(Self { path: path.to_owned(), file: file(path).ok(), writer, readers, observer })
    }

    /// The same catalog for those who look on: they read by one connection of their own, and so keep nobody waiting.
    pub fn for_observers(&self) -> Self {
        Self { readers: self.observer.clone(), ..self.clone() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file at its path is still the one that was opened. [`Error::Moved`]: what is written goes to a file that
    /// nobody finds. A path that cannot be looked up proves nothing.
    pub fn check_in_place(&self) -> Result<(), Error> {
        match file(&self.path) {
            Ok(found) if Some(found) != self.file => Err(Error::Moved(self.path.clone())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Moved(self.path.clone())),
            _ => Ok(()),
        }
    }

    /// Closes it. The last one out leaves a single file in rollback mode behind: one that an admin who may only read can
    /// open, which SQLite does not grant for a WAL file whose folder is not writable.
    pub async fn close(self) {
        self.readers.close().await;
        self.observer.close().await;
        // Fails while somebody else has the file open; then it stays in WAL mode, and they keep its -wal and -shm.
        let single_file = sqlx::raw_sql("PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE");
        let _ = single_file.execute(&self.writer).await;
        self.writer.close().await;
    }

    /// A transaction of the one writer. It takes the lock at once: one that began by reading could be refused the right
    /// to write half-way.
    pub(in crate::catalog) async fn write(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        match self.writer.begin_with(BEGIN).await {
            // Where the disk is full, SQLite ends a transaction by itself, and sqlx goes on counting it: only another
            // connection can begin one.
            Err(sqlx::Error::InvalidSavePointStatement | sqlx::Error::WorkerCrashed) => {
                let _ = self.writer.acquire().await?.close().await;
                Ok(self.writer.begin_with(BEGIN).await?)
            }
            begun => Ok(begun?),
        }
    }

    /// The one writer, for a statement that is a transaction of its own.
    pub(super) fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    pub(in crate::catalog) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    pub(super) async fn read(&self) -> Result<PoolConnection<Sqlite>, Error> {
        Ok(self.readers.acquire().await?)
    }

    /// Lets SQLite refresh what it knows of its tables, and moves what it can from the log into the file. A reader that
    /// stays in a transaction only puts the rest off.
    pub async fn optimize(&self) -> Result<(), Error> {
        sqlx::raw_sql("PRAGMA optimize; PRAGMA wal_checkpoint(PASSIVE)").execute(&self.writer).await?;
        Ok(())
    }
}

/// The device and the inode of the file at `path`.
fn file(path: &Path) -> io::Result<(u64, u64)> {
    let file = std::fs::metadata(path)?;
    Ok((file.dev(), file.ino()))
}

fn options(path: &Path) -> SqliteConnectOptions {
    // How long a statement waits for another program's lock.
    let patience = Duration::from_secs(5);
    SqliteConnectOptions::new().filename(path).foreign_keys(true).busy_timeout(patience).row_buffer_size(1024)
}

/// A file does not hang up: there is no need to test a connection before each use, nor to renew one. The last to close
/// would take the -wal and -shm files along, and an admin who may only read needs them.
fn pool(connections: u32, progress: Option<Progress>) -> SqlitePoolOptions {
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None);
    let Some(progress) = progress else { return pool };
    pool.after_connect(move |connection, _| {
        let progress = Arc::clone(&progress);
        Box::pin(async move {
            connection.lock_handle().await?.set_progress_handler(1, move || progress());
            Ok(())
        })
    })
}

/// The schema's version that this program knows.
fn known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Whether an existing file is a catalog that this program may write to; its schema's version, 0 if it has none yet.
/// Reads only.
async fn inspect(path: &Path) -> Result<i64, Error> {
    let failed = |source| unusable(path, source);
    let mut connection = options(path).read_only(true).connect().await.map_err(failed)?;
    let version = schema_version(&mut connection).await;
    let _ = connection.close().await;
    let (found, known) = (version.map_err(failed)?, known());
    match found {
        None => Err(Error::NotACatalog(path.to_owned())),
        Some(found) if found > known => Err(Error::Newer { catalog: path.display().to_string(), found, known }),
        Some(found) => Ok(found),
    }
}

/// The version of a catalog's schema, 0 if it has none yet; `None` if this is another program's database.
async fn schema_version(connection: &mut SqliteConnection) -> sqlx::Result<Option<i64>> {
    let application_id: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    if application_id == APPLICATION_ID {
        let version = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations");
        return version.fetch_one(connection).await.map(Some);
    }
    let tables = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'");
    let tables: Vec<String> = tables.fetch_all(connection).await?;
    // A crash between creating the file and the first migration leaves it like this.
    let is_new = tables.iter().all(|table| table == "_sqlx_migrations");
    Ok(is_new.then_some(0))
}

/// Undoes the write that a crash cut short. Which program's file it is, its header says, without the journal.
async fn undo(path: &Path) -> Result<(), Error> {
    let failed = |source| unusable(path, source);
    let mut header = options(path).read_only(true).immutable(true).connect().await.map_err(failed)?;
    let application_id: i64 =
        sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut header).await.map_err(failed)?;
    let _ = header.close().await;
    if application_id != APPLICATION_ID {
        return Err(Error::NotACatalog(path.to_owned()));
    }
    // The first statement of one who may write does it.
    let mut writer = options(path).connect().await.map_err(failed)?;
    sqlx::query("SELECT 1 FROM sqlite_schema").execute(&mut writer).await.map_err(failed)?;
    let _ = writer.close().await;
    Ok(())
}

/// What it means that the file at `path` cannot be read.
fn unusable(path: &Path, source: sqlx::Error) -> Error {
    const SQLITE_CORRUPT: u32 = 11;
    const SQLITE_NOTADB: u32 = 26;
    const SQLITE_READONLY_ROLLBACK: u32 = 776;
    let code = code(&source);
    match (code, code.map(|code| code & 0xff)) {
        (Some(SQLITE_READONLY_ROLLBACK), _) => Error::CutShort(path.to_owned()),
        (_, Some(SQLITE_NOTADB)) => Error::NotADatabase(path.to_owned()),
        (_, Some(SQLITE_CORRUPT)) => Error::Damaged { path: path.to_owned(), source },
        _ => Error::Open { path: path.to_owned(), source },
    }
}
