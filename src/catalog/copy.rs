//! Copies a whole catalog into another, from one database into the other: all of it in one transaction, and compared row by
//! row before that ends. What broke off left nothing, and is repeated.

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};

use super::{Catalog, Error as CatalogError};

/// The tables and their keys, each after those that its rows refer to. What triggers count is counted anew, and a lease is
/// no part of what was recorded.
const TABLES: [(&str, &str); 22] = [
    ("conferences", "rowid"),
    ("recordings", "rowid"),
    ("recording_revisions", "revision_id"),
    ("conference_waits", "conference_id"),
    ("conference_events", "event_id"),
    ("sightings", "conference_id"),
    ("automatic_starts", "conference_id"),
    ("watch_gaps", "gap_id"),
    ("watched_until", "id"),
    ("search_queue", "source, key"),
    ("histories_refusal", "id"),
    ("api_calls", "day, endpoint, outcome"),
    ("quota", "id"),
    ("learned_limits", "name"),
    ("pauses", "scope"),
    ("job_runs", "stage"),
    ("pushes", "day, event_type, outcome"),
    ("received_events", "event_id"),
    ("event_stream", "id"),
    ("notices", "notice_id"),
    ("notice_receivers", "receiver"),
    ("notices_untold", "receiver, notice_id"),
];

/// The keys that PostgreSQL counts on from where the copied ones end.
const COUNTED: [(&str, &str); 6] = [
    ("conferences", "rowid"),
    ("recordings", "rowid"),
    ("recording_revisions", "revision_id"),
    ("conference_events", "event_id"),
    ("notices", "notice_id"),
    ("watch_gaps", "gap_id"),
];

/// So many rows are written by one statement.
const AT_A_TIME: usize = 500;

/// Why there is no copy. The target is as it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the target has rows of its own in {0}, and a copy replaces nothing: name an empty schema, or a new file")]
    NotEmpty(&'static str),
    #[error("a row of {table} came out other than it went in: {found} for {expected}; nothing was copied")]
    Unlike { table: &'static str, expected: String, found: String },
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Catalog(error.into())
    }
}

impl Catalog {
    /// Copies every row into `target`; answers how many there are. A target that holds the same already is left as it is.
    pub async fn copy_to(&self, target: &Self) -> Result<u64, Error> {
        let (mut source, mut target) = (Side::reading(self).await?, Side::writing(target).await?);
        if let Some(table) = target.first_with_rows().await? {
            return source.compare(&mut target).await.map_err(|error| match error {
                Error::Unlike { .. } => Error::NotEmpty(table),
                error => error,
            });
        }
        for (table, key) in TABLES {
            let columns = source.columns(table).await?;
            let mut rows = source.rows(table, key, &columns).try_chunks(AT_A_TIME);
            while let Some(rows) = rows.try_next().await.map_err(|failed| failed.1)? {
                target.insert(table, &columns, &rows).await?;
            }
        }
        let rows = source.compare(&mut target).await?;
        target.commit().await?;
        Ok(rows)
    }
}

/// A transaction in one of the two databases.
enum Side {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A column, and whether it holds numbers.
#[derive(sqlx::FromRow)]
struct Column {
    name: String,
    is_number: bool,
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The values of a row's JSON array as columns take them.
fn values(columns: &[Column], number_type: &str) -> String {
    let value = |(at, column): (usize, &Column)| {
        if column.is_number { format!("(value ->> {at}){number_type}") } else { format!("value ->> {at}") }
    };
    columns.iter().enumerate().map(value).collect::<Vec<_>>().join(", ")
}

impl Side {
    /// One instant of the catalog.
    async fn reading(catalog: &Catalog) -> Result<Self, CatalogError> {
        Ok(match catalog {
            Catalog::Sqlite(catalog) => Self::Sqlite(catalog.readers().begin().await?),
            Catalog::Postgres(catalog) => Self::Postgres(catalog.instant().await?),
        })
    }

    async fn writing(catalog: &Catalog) -> Result<Self, CatalogError> {
        Ok(match catalog {
            Catalog::Sqlite(catalog) => Self::Sqlite(catalog.write().await?),
            Catalog::Postgres(catalog) => Self::Postgres(catalog.write().await?),
        })
    }

    async fn columns(&mut self, table: &str) -> sqlx::Result<Vec<Column>> {
        match self {
            Self::Sqlite(transaction) => {
                let columns = sqlx::query_as(
                    "SELECT 'rowid' AS name, TRUE AS is_number WHERE ?1 IN ('conferences', 'recordings')
                     UNION ALL SELECT name, type = 'INTEGER' FROM pragma_table_info(?1)",
                );
                columns.bind(table.to_owned()).fetch_all(&mut **transaction).await
            }
            Self::Postgres(transaction) => {
                let columns = sqlx::query_as(
                    "SELECT column_name::text AS name, data_type = 'bigint' AS is_number FROM information_schema.columns
                     WHERE table_schema = current_schema AND table_name = $1 ORDER BY ordinal_position",
                );
                columns.bind(table.to_owned()).fetch_all(&mut **transaction).await
            }
        }
    }

    /// The rows of a table, each a JSON array, in the order of its key.
    fn rows(&mut self, table: &str, key: &str, columns: &[Column]) -> BoxStream<'_, Result<Value, Error>> {
        let names = names(columns);
        let rows = match self {
            Self::Sqlite(transaction) => {
                let sql = AssertSqlSafe(format!("SELECT json_array({names}) FROM {table} ORDER BY {key}"));
                sqlx::query_scalar::<_, String>(sql).fetch(&mut **transaction)
            }
            Self::Postgres(transaction) => {
                let sql = AssertSqlSafe(format!("SELECT json_build_array({names})::text FROM {table} ORDER BY {key}"));
                sqlx::query_scalar::<_, String>(sql).fetch(&mut **transaction)
            }
        };
        let parse = |row: String| serde_json::from_str(&row).map_err(|error| sqlx::Error::Decode(error.into()));
        rows.map(move |row| Ok(row.and_then(parse)?)).boxed()
    }

    async fn insert(&mut self, table: &str, columns: &[Column], rows: &[Value]) -> sqlx::Result<()> {
        let (names, rows) = (names(columns), Value::from(rows).to_string());
        match self {
            Self::Sqlite(transaction) => {
                let values = values(columns, "");
                let sql = format!("INSERT INTO {table} ({names}) SELECT {values} FROM json_each(?1) ORDER BY key");
                sqlx::query(AssertSqlSafe(sql)).bind(rows).execute(&mut **transaction).await?;
            }
            Self::Postgres(transaction) => {
                let values = values(columns, "::bigint");
                let sql = format!("INSERT INTO {table} ({names}) SELECT {values} FROM json_array_elements($1::json)");
                sqlx::query(AssertSqlSafe(sql)).bind(rows).execute(&mut **transaction).await?;
            }
        }
        Ok(())
    }

    /// The first table that is not empty.
    async fn first_with_rows(&mut self) -> Result<Option<&'static str>, Error> {
        for (table, key) in TABLES {
            let columns = self.columns(table).await?;
            if self.rows(table, key, &columns).try_next().await?.is_some() {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }

    /// Compares all rows; answers how many there are.
    async fn compare(&mut self, target: &mut Self) -> Result<u64, Error> {
        let mut number = 0;
        for (table, key) in TABLES {
            let columns = self.columns(table).await?;
            let (mut source, mut target) = (self.rows(table, key, &columns), target.rows(table, key, &columns));
            loop {
                let (expected, found) = (source.try_next().await?, target.try_next().await?);
                if expected != found {
                    let show = |row: Option<Value>| row.map_or_else(|| "no row".to_owned(), |row| row.to_string());
                    return Err(Error::Unlike { table, expected: show(expected), found: show(found) });
                }
                if expected.is_none() {
                    break;
                }
                number += 1;
            }
        }
        Ok(number)
    }

    async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(mut transaction) => {
                for (table, key) in COUNTED {
                    let sql = format!(
                        "SELECT setval(pg_get_serial_sequence('{table}', '{key}'), coalesce(max({key}), 0) + 1, false)
                         FROM {table}"
                    );
                    sqlx::query(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
                }
                transaction.commit().await
            }
        }
    }
}
