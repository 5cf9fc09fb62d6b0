//! The mark that tells a demo's catalog from every other: a demo deletes the last one's, and nothing else.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::connection::APPLICATION_ID;
use super::{Catalog, Error};

/// `PRAGMA user_version` of a demo's catalog; no other has one.
const DEMO: i64 = 0x6465_6d6f;

impl Catalog {
    /// Marks it as a demo's.
    pub async fn mark_as_demo(&self) -> Result<(), Error> {
        sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA user_version = {DEMO}"))).execute(self.writer()).await?;
        Ok(())
    }

    /// Whether the file at `path` is a demo's catalog. Reads only; what cannot be read is none.
    pub async fn is_demo(path: &Path) -> bool {
        let Ok(mut connection) = SqliteConnectOptions::new().filename(path).read_only(true).connect().await else {
            return false;
        };
        let marks =
            sqlx::query_as("SELECT application_id, user_version FROM pragma_application_id, pragma_user_version");
        let marks: Result<(i64, i64), _> = marks.fetch_one(&mut connection).await;
        let _ = connection.close().await;
        marks.is_ok_and(|marks| marks == (APPLICATION_ID, DEMO))
    }
}
