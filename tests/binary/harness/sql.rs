//! Reads catalogs as any other program would: by SQL, without a right to write.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow, SqliteValueRef};
use sqlx::{Column, ConnectOptions, Connection, Row, SqliteConnection, TypeInfo, Value, ValueRef};

/// Every row of an answer, each column as text.
#[track_caller]
pub(crate) fn sql(catalog: &Path, query: &str) -> Vec<Vec<String>> {
    read(catalog, query).unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// The first column of an answer.
#[track_caller]
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

/// The only value of an answer, a number.
#[track_caller]
pub(crate) fn number(catalog: &Path, query: &str) -> i64 {
    one(catalog, query).parse().unwrap()
}

/// The names of a table's columns, in order.
pub(crate) fn columns(catalog: &Path, table: &str) -> Vec<String> {
    column(catalog, &format!("SELECT name FROM pragma_table_info('{table}')"))
}

/// Writes to a file as any other program would; makes it where there is none.
pub(crate) fn execute(catalog: &Path, statements: &str) {
    block_on(async {
        let options = SqliteConnectOptions::new().filename(catalog).create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

fn read(catalog: &Path, query: &str) -> sqlx::Result<Vec<Vec<String>>> {
    block_on(async {
        let options = SqliteConnectOptions::new().filename(catalog).read_only(true);
        let mut connection: SqliteConnection = options.connect().await?;
        let rows = sqlx::query(sqlx::AssertSqlSafe(query.to_owned())).fetch_all(&mut connection).await;
        connection.close().await?;
        Ok(rows?.iter().map(cells).collect())
    })
}

fn cells(row: &SqliteRow) -> Vec<String> {
    row.columns().iter().map(|column| cell(&row.try_get_raw(column.ordinal()).unwrap())).collect()
}

fn cell(value: &SqliteValueRef<'_>) -> String {
    if value.is_null() {
        return "NULL".to_owned();
    }
    let value = value.to_owned();
    match value.type_info().name() {
        "INTEGER" => value.decode_unchecked::<i64>().to_string(),
        "REAL" => value.decode_unchecked::<f64>().to_string(),
        _ => value.decode_unchecked::<String>(),
    }
}

/// Runs a future to its end, on a runtime of its own.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
