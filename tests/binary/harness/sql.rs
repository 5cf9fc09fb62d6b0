//! Reads catalogs as any other program would: by SQL, without a right to write.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow, SqliteValueRef};
use sqlx::{Column, ConnectOptions, Connection, Row, SqliteConnection, Value, ValueRef};

/// Every row of an answer, each column as text; a row that cannot be read yet (no file, no table) is none.
pub(crate) fn sql(catalog: &Path, query: &str) -> Vec<Vec<String>> {
    read(catalog, query).unwrap_or_default()
}

/// The first column of an answer.
pub(crate) fn column(catalog: &Path, query: &str) -> Vec<String> {
    sql(catalog, query).into_iter().map(|row| row.into_iter().next().unwrap()).collect()
}

/// The only value of an answer.
#[track_caller]
pub(crate) fn one(catalog: &Path, query: &str) -> String {
    let mut values = column(catalog, query);
    assert_eq!(values.len(), 1, "{query}");
    values.remove(0)
}

/// The only value of an answer, a number; 0 while there is no answer.
pub(crate) fn number(catalog: &Path, query: &str) -> i64 {
    column(catalog, query).first().map_or(0, |value| value.parse().unwrap())
}

/// The names of a table's columns, in order.
pub(crate) fn columns(catalog: &Path, table: &str) -> Vec<String> {
    column(catalog, &format!("SELECT name FROM pragma_table_info('{table}')"))
}

fn read(catalog: &Path, query: &str) -> sqlx::Result<Vec<Vec<String>>> {
    block_on(async {
        let options = SqliteConnectOptions::new().filename(catalog).read_only(true);
        let mut connection: SqliteConnection = options.connect().await?;
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&mut connection).await;
        connection.close().await?;
        Ok(rows?.iter().map(cells).collect())
    })
}

fn cells(row: &SqliteRow) -> Vec<String> {
    row.columns().iter().map(|column| cell(&row.try_get_raw(column.ordinal()).unwrap())).collect()
}

fn cell(value: &SqliteValueRef<'_>) -> String {
    let value = value.to_owned();
    if value.is_null() { "NULL".to_owned() } else { value.decode_unchecked::<String>() }
}

/// Runs a future to its end, on a runtime of its own.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
