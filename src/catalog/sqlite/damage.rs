//! The checks of [`verify`](super::verify) that are more than a query: SQLite's own, the schema, and the JSON.

use std::future::ready;

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions};
use tokio::sync::OnceCell;

use super::connection::MIGRATIONS;
use super::rows::verify::bears;

/// Whether SQLite finds the file whole.
pub(super) fn integrity(connection: &mut SqliteConnection) -> BoxStream<'_, sqlx::Result<String>> {
    // Of a file in ruins, every page would be told.
    sqlx::query_scalar::<_, String>("PRAGMA integrity_check(1000)")
        .fetch(connection)
        .map_ok(|said| {
            // Without the headings: `ok`, and in which of its databases.
            let faults = said.lines().filter(|line| *line != "ok" && !line.starts_with("***"));
            stream::iter(faults.map(|fault| Ok(fault.to_owned())).collect::<Vec<_>>())
        })
        .try_flatten()
        .boxed()
}

/// Whether rows refer to rows that are there.
pub(super) fn foreign_keys(connection: &mut SqliteConnection) -> BoxStream<'_, sqlx::Result<String>> {
    sqlx::query_as::<_, (String, Option<i64>, String)>(
        r#"SELECT "table", rowid, parent FROM pragma_foreign_key_check ORDER BY 1, 2"#,
    )
    .fetch(connection)
    .map_ok(|(table, row, parent)| {
        let row = row.map(|row| format!(" {row}")).unwrap_or_default();
        format!("row{row} of {table}: no such row of {parent}")
    })
    .boxed()
}

/// Whether the schema is the one that this program makes.
///
/// What somebody added (an index, a view) is theirs. What is missing or altered keeps the catalog from being what it says
/// it is: without its trigger, former values are lost.
pub(super) fn schema(connection: &mut SqliteConnection) -> BoxStream<'_, sqlx::Result<String>> {
    stream::once(unlike_made(connection))
        .map_ok(|unlike| stream::iter(unlike.into_iter().map(Ok)))
        .try_flatten()
        .boxed()
}

async fn unlike_made(connection: &mut SqliteConnection) -> sqlx::Result<Vec<String>> {
    let found = objects(connection).await?;
    let wanted = MADE.get_or_try_init(make).await?.iter().filter(|object| !found.contains(object));
    let unlike = wanted.map(|Object { kind, name, .. }| {
        let is_there = found.iter().any(|object| (&object.kind, &object.name) == (kind, name));
        format!("the {kind} {name} {}", if is_there { "is not as this program makes it" } else { "is not there" })
    });
    Ok(unlike.collect())
}

/// A table, an index, a trigger or a view, and the words that made it.
#[derive(PartialEq, Eq, sqlx::FromRow)]
struct Object {
    kind: String,
    name: String,
    sql: Option<String>,
}

/// The schema that the migrations make.
static MADE: OnceCell<Vec<Object>> = OnceCell::const_new();

async fn make() -> sqlx::Result<Vec<Object>> {
    let nowhere = SqliteConnectOptions::new().in_memory(true);
    let memory = SqlitePoolOptions::new().max_connections(1).connect_with(nowhere).await?;
    MIGRATIONS.run(&memory).await.map_err(|error| sqlx::Error::Migrate(Box::new(error)))?;
    let made = objects(&mut *memory.acquire().await?).await;
    memory.close().await;
    made
}

async fn objects(connection: &mut SqliteConnection) -> sqlx::Result<Vec<Object>> {
    // What sqlx and SQLite make for themselves is theirs to alter.
    sqlx::query_as(
        r"SELECT type AS kind, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'
            AND name <> '_sqlx_migrations' AND sql IS NOT NULL",
    )
    .fetch_all(connection)
    .await
}

/// Whether the JSON that DingTalk sent is complete, and of the recording that it stands beside.
pub(super) fn raw(connection: &mut SqliteConnection) -> BoxStream<'_, sqlx::Result<String>> {
    // SQLite finds the suspects fast, but cannot read all that DingTalk may send (depth, numbers beyond 64 bits).
    sqlx::query!(
        r#"SELECT conference_id || ' ' || media_id AS "offender!: String", media_id AS "media_id!: String", raw AS "raw!: String"
           FROM recordings
           WHERE CASE WHEN json_valid(raw) THEN json_extract(raw, '$.mediaId') IS NOT media_id ELSE TRUE END
           UNION ALL
           SELECT conference_id || ' ' || media_id || ', revision ' || revision_id, media_id, raw
           FROM recording_revisions
           WHERE CASE WHEN json_valid(raw) THEN json_extract(raw, '$.mediaId') IS NOT media_id ELSE TRUE END"#
    )
    .fetch(connection)
    .try_filter_map(|row| ready(Ok((!bears(&row.raw, &row.media_id)).then_some(row.offender))))
    .boxed()
}
