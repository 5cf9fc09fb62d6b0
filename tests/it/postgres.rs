//! The catalog in PostgreSQL: it holds what the SQLite catalog would hold, and only the daemon that leads writes to it.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use recording_archiver::catalog::lists::{CatalogRow, ConferenceFilter, Listed, RecordingFilter, Row};
use recording_archiver::catalog::register::Registration;
use recording_archiver::catalog::{Catalog, Error, Location, Standby};
use recording_archiver::domain::clock::Timestamp;
use recording_archiver::domain::conference::{DiscoveredBy, State};
use recording_archiver::domain::endpoint::Endpoint;
use recording_archiver::simulator::Meeting;
use sqlx::postgres::PgPool;

use crate::server::{Server, server};
use crate::world::{MIDNIGHT, World, at, hours, meeting, minutes};

/// When [`live`] has come to its end: twenty past two on the fourth day.
const NOW: Timestamp = Timestamp::from_millis(MIDNIGHT.as_millis() + (86 * 60 + 20) * 60_000);

/// Lives through four days in which most happens that happens: recordings that change and go missing, a meeting that nobody
/// recorded, one that is not found, what still goes on, and a restart.
async fn live(in_postgres: bool) -> World {
    let builder = World::with([
        meeting("changed").recorded(minutes(1)).recorded(minutes(2)),
        meeting("unrecorded"),
        meeting("listed").unregistered().recorded(minutes(3)),
        Meeting::sample("active", at(86, 0), at(99, 0)).booked(at(8, 0)),
        Meeting::sample("waiting", at(120, 0), at(121, 0)).booked(at(8, 0)),
    ])
    .watching("failed", None)
    .config(|config| {
        config.discover.organization = true;
        config.quota.calls_per_month = 5000;
    });
    let mut world = if in_postgres { builder.in_postgres() } else { builder }.start().await;
    world.until(at(12, 0)).await;
    world.change("changed", |meeting| {
        meeting.recordings[0].file_size += 1;
        meeting.recordings.truncate(1);
    });
    world.until(at(20, 0)).await;
    world.restart().await;
    world.until(NOW).await;
    world
}

/// What the rows of a list say, each as JSON.
async fn listed<R: Row>(rows: impl StreamExt<Item = Result<Listed<R>, Error>>) -> Vec<String> {
    let show = |row: Listed<R>| {
        let columns = row.columns().unwrap().map(|(name, value)| format!("{name}={value}"));
        columns.collect::<Vec<_>>().join(" ")
    };
    rows.map(|row| row.map(show)).try_collect().await.unwrap()
}

/// What every question about the catalog is answered, by its name.
async fn answers(catalog: &Catalog) -> Vec<(&'static str, String)> {
    let (now, since, day) = (NOW, at(0, 0), "2026-06-01");
    let all = RecordingFilter::default();
    let found = RecordingFilter { search: Some("SAMPLE".to_owned()), since: Some(since), ..RecordingFilter::default() };
    let of_one = RecordingFilter { conference_id: Some("changed".to_owned()), ..RecordingFilter::default() };
    let mut counted = Vec::new();
    catalog.count_lags(&mut 0, |lag| counted.push(lag)).await.unwrap();
    macro_rules! answers {
        ($($method:ident($($argument:expr),*)),* $(,)?) => {
            vec![$((stringify!($method), format!("{:?}", catalog.$method($($argument),*).await.unwrap()))),*]
        };
    }
    let mut answers = answers![
        candidates(10, 10, now, now),
        told_over(10, now),
        due(since, false, &(None, String::new()), 10, now + hours(100)),
        due(since, true, &(Some(since), "a".to_owned()), 10, now + hours(100)),
        next_attempts(),
        has_answered_since(since),
        has_answered_since(now + hours(1)),
        spent(day),
        learned_limits(),
        pauses(),
        job_runs(),
        starts(since),
        workload(since, day, "2026-06-04"),
        next_start(),
        watched(),
        search_at(),
        gaps_in_search(),
        next_in_search(now),
        left_in_search(),
        search_size(),
        count_gaps(None),
        gap(1),
        gap_summary(since),
        histories_refusal(),
        due_starts(10, now),
        starts_fail(),
        automatic_starts(since),
        stream(),
        pushed(day),
        coverage(now),
        open_notices(),
        has_unnoticed_failures(),
        receivers(),
        untold("url", 2),
        recordings_in_all("changed"),
        conference("changed"),
        conference("unknown"),
        events("changed"),
        events("failed"),
        count_conferences(ConferenceFilter::All),
        count_conferences(ConferenceFilter::In(State::Failed)),
        count_conferences(ConferenceFilter::Watched),
        last_error(),
        recordings_with("media-changed-0"),
        count_matching(&all),
        count_matching(&found),
        count_matching(&of_one),
        list_revisions("changed", "media-changed-0"),
        first_recording(since),
        lags(since, now, 10),
        calls_by_day("2026-06-01", "2026-06-04"),
        pushes_by_day("2026-06-01", "2026-06-04"),
        latest_lags(10),
        poll_wanted_since(),
        count_by_state(),
        count_recordings(),
        verify(),
        size(),
    ];
    macro_rules! sorted {
        ($($method:ident($($argument:expr),*)),* $(,)?) => {
            $({
                let mut rows: Vec<String> =
                    catalog.$method($($argument),*).await.unwrap().iter().map(|row| format!("{row:?}")).collect();
                rows.sort();
                answers.push((stringify!($method), rows.join("\n")));
            })*
        };
    }
    sorted![
        conferences_by_id(&["changed", "active", "unknown"]),
        recordings_of(&["changed", "listed"]),
        calls(),
        oldest_open(),
        recorded(since, now),
        open_by_age(&[Duration::from_hours(1), Duration::from_hours(40)], now),
    ];
    let lists = [
        ("list_conferences", listed(catalog.list_conferences(ConferenceFilter::All, Some(3))).await),
        ("list_conferences", listed(catalog.list_conferences(ConferenceFilter::In(State::Archived), None)).await),
        ("list_conferences", listed(catalog.list_conferences(ConferenceFilter::In(State::Active), None)).await),
        ("list_conferences", listed(catalog.list_conferences(ConferenceFilter::Watched, None)).await),
        ("list_gaps", listed(catalog.list_gaps(Some(since), None)).await),
        ("list_recordings", listed(catalog.list_recordings(&all, Some(2), true)).await),
        ("list_recordings", listed(catalog.list_recordings(&found, None, true)).await),
        ("list_recordings", listed(catalog.list_recordings(&of_one, None, false)).await),
        ("export_recordings", listed::<CatalogRow>(catalog.export_recordings(Some(since), None)).await),
    ];
    answers.extend(lists.map(|(name, rows)| (name, rows.join("\n"))));
    answers.push(("count_lags", format!("{counted:?}")));
    answers
}

/// Names the first question that is answered differently.
fn assert_alike(expected: Vec<(&str, String)>, found: Vec<(&str, String)>) {
    for ((name, expected), (_, found)) in expected.into_iter().zip(found) {
        assert_eq!(found, expected, "{name}");
    }
}

#[tokio::test]
async fn the_same_life_is_told_alike_by_both_catalogs() {
    if server().is_none() {
        return;
    }
    let (sqlite, postgres) = tokio::join!(live(false), live(true));
    let [expected, found] = [answers(&sqlite.catalog).await, answers(&postgres.catalog).await];
    assert!(expected.iter().any(|(name, rows)| *name == "list_revisions" && rows.contains("RevisionRow")));
    assert_alike(expected, found);
    assert_eq!(postgres.catalog.verify().await.unwrap(), []);
    assert_eq!(sqlite.ledger().await, postgres.ledger().await);
}

#[tokio::test]
async fn a_catalog_is_copied_into_the_other_database_and_back_and_comes_out_the_same() {
    let Some(server) = server() else { return };
    let sqlite = live(false).await;
    let there = server.location(&server.schema()).open().await.unwrap();
    let copied = sqlite.catalog.copy_to(&there).await.unwrap();
    assert!(copied > 50, "{copied}");
    assert_eq!(there.verify().await.unwrap(), []);
    assert_alike(answers(&sqlite.catalog).await, answers(&there).await);
    assert_eq!(sqlite.catalog.copy_to(&there).await.unwrap(), copied, "it is repeated, and nothing is left to do");

    let folder = tempfile::tempdir().unwrap();
    let back = Catalog::open(&folder.path().join("back.db")).await.unwrap();
    assert_eq!(there.copy_to(&back).await.unwrap(), copied);
    assert_eq!(back.verify().await.unwrap(), []);
    assert_alike(answers(&sqlite.catalog).await, answers(&back).await);

    // What is written there from here on does not collide with what was copied.
    let watched = Registration { conference_id: "new".to_owned(), union_id: None };
    there.register(&[watched], DiscoveredBy::Cli, NOW).await.unwrap();
    let refused = sqlite.catalog.copy_to(&there).await.unwrap_err().to_string();
    assert!(refused.contains("rows of its own"), "{refused}");
}

/// Every table, view and column of a catalog; the tables that only one of the databases has are left out.
const COLUMNS_OF_SQLITE: &str = "
    SELECT s.name || '.' || c.name FROM sqlite_schema s JOIN pragma_table_info(s.name) c
    WHERE s.type IN ('table', 'view') AND s.name NOT LIKE 'sqlite%' AND s.name <> '_sqlx_migrations' ORDER BY 1";
const COLUMNS_OF_POSTGRES: &str = r#"
    SELECT table_name || '.' || column_name FROM information_schema.columns
    WHERE table_schema = current_schema AND table_name NOT IN ('_sqlx_migrations', 'lease') AND column_name <> 'rowid'
    ORDER BY (table_name || '.' || column_name) COLLATE "C""#;

#[tokio::test]
async fn both_catalogs_have_the_same_tables_views_and_columns_and_postgres_describes_each() {
    if server().is_none() {
        return;
    }
    let (sqlite, postgres) = (World::with([]).start().await, World::with([]).in_postgres().start().await);
    assert_eq!(postgres.words(COLUMNS_OF_POSTGRES).await, sqlite.words(COLUMNS_OF_SQLITE).await);
    let undescribed = "
        SELECT table_name || '.' || column_name FROM information_schema.columns
        JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE table_schema = current_schema AND t.table_type = 'BASE TABLE' AND table_name <> '_sqlx_migrations'
          AND coalesce(col_description(to_regclass(table_name), ordinal_position::int), '') = ''";
    assert_eq!(postgres.words(undescribed).await, [""; 0]);
}

#[tokio::test]
async fn what_no_index_can_hold_is_left_out_and_costs_the_others_nothing() {
    let Some(server) = server() else { return };
    let catalog = server.location(&server.schema()).open().await.unwrap();
    let long = "x".repeat(1001);
    let watched = |id: &str| Registration { conference_id: id.to_owned(), union_id: None };
    let registered = catalog.register(&[watched(&long), watched("a")], DiscoveredBy::Cli, at(9, 0)).await.unwrap();
    assert_eq!(registered.added, 1);
    assert_eq!(catalog.count_conferences(ConferenceFilter::All).await.unwrap(), 1);
}

/// Two daemons on one schema, and an administrator's tool.
struct Two {
    first: Standby,
    second: Standby,
    tool: PgPool,
    location: Location,
}

impl Two {
    async fn on(server: &Server) -> Self {
        let schema = server.schema();
        let location = server.location(&schema);
        let first = location.stand_by("first".to_owned()).await.unwrap();
        let second = location.stand_by("second".to_owned()).await.unwrap();
        Self { first, second, tool: server.tool(&schema).await, location }
    }

    /// Nothing was heard of whoever leads for so many seconds.
    async fn pass(&self, seconds: i64) {
        let aged = sqlx::query("UPDATE lease SET renewed_at = renewed_at - 1000 * $1");
        aged.bind(seconds).execute(&self.tool).await.unwrap();
    }
}

#[tokio::test]
async fn one_of_two_daemons_leads_and_the_other_takes_over_when_its_lease_has_run_out() {
    let Some(server) = server() else { return };
    let two = Two::on(server).await;
    let lead = two.first.take().await.unwrap().unwrap();
    assert_eq!(two.second.take().await.unwrap(), None);
    assert_eq!(two.second.holder().await.unwrap().unwrap().owner, "first");

    two.pass(14).await;
    assert_eq!(two.second.take().await.unwrap(), None);
    assert!(two.first.renew(lead).await.unwrap());
    two.pass(14).await;
    assert_eq!(two.second.take().await.unwrap(), None, "it was renewed");

    two.pass(1).await;
    assert!(two.second.take().await.unwrap().is_some());
    assert!(!two.first.renew(lead).await.unwrap());
    assert_eq!(two.first.holder().await.unwrap().unwrap().owner, "second");
}

#[tokio::test]
async fn a_lease_that_is_given_back_is_taken_at_once() {
    let Some(server) = server() else { return };
    let two = Two::on(server).await;
    let lead = two.first.take().await.unwrap().unwrap();
    two.first.give_back(lead).await.unwrap();
    assert_eq!(two.location.open_read_only().await.unwrap().holder().await.unwrap(), None);
    assert!(two.second.take().await.unwrap().is_some());
    two.first.give_back(lead).await.unwrap();
    assert_eq!(two.first.holder().await.unwrap().unwrap().owner, "second", "it was another's by then");
}

#[tokio::test]
async fn a_daemon_whose_lease_was_taken_writes_nothing_any_more() {
    let Some(server) = server() else { return };
    let two = Two::on(server).await;
    let lead = two.first.take().await.unwrap().unwrap();
    let catalog = two.first.open(lead).await.unwrap();
    assert!(catalog.charge("2026-06-01", Endpoint::Query, 1, Some(10)).await.unwrap());

    two.pass(15).await;
    let taken = two.second.take().await.unwrap().unwrap();
    let refused = catalog.charge("2026-06-01", Endpoint::Query, 1, Some(10)).await;
    assert!(matches!(refused, Err(Error::Superseded)), "{refused:?}");
    let refused = catalog.enter_outcomes(&HashMap::new()).await;
    assert!(refused.is_ok(), "there was nothing to write");
    assert!(matches!(catalog.set_share(7).await, Err(Error::Superseded)));

    let successor = two.second.open(taken).await.unwrap();
    assert_eq!(successor.spent("2026-06-01").await.unwrap(), 1, "what was charged before stays counted");
    assert!(successor.charge("2026-06-01", Endpoint::Query, 1, Some(10)).await.unwrap());
}

#[tokio::test]
async fn a_transaction_under_way_ends_before_the_lease_is_taken() {
    let Some(server) = server() else { return };
    let two = Two::on(server).await;
    two.first.take().await.unwrap().unwrap();
    two.pass(15).await;
    let mut under_way = two.tool.begin().await.unwrap();
    let process = sqlx::query_scalar("SELECT pg_backend_pid() FROM lease FOR UPDATE");
    let process: i32 = process.fetch_one(&mut *under_way).await.unwrap();
    let onlooker = server.tool("public").await;
    let is_waited_for = async {
        let waiting = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)))";
        while !sqlx::query_scalar::<_, bool>(waiting).bind(process).fetch_one(&onlooker).await.unwrap() {}
    };
    let take = two.second.take();
    tokio::pin!(take);
    tokio::select! {
        biased;
        taken = &mut take => panic!("{taken:?} while a transaction was under way"),
        () = is_waited_for => {}
    }
    under_way.commit().await.unwrap();
    assert!(take.await.unwrap().is_some());
}

#[tokio::test]
async fn another_programs_schema_is_left_untouched() {
    let Some(server) = server() else { return };
    let schema = server.schema();
    let tool = server.tool(&schema).await;
    let theirs = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.theirs (id BIGINT)"));
    sqlx::raw_sql(theirs).execute(&tool).await.unwrap();
    let refused = server.location(&schema).open().await.unwrap_err().to_string();
    assert!(refused.contains("another program") && refused.contains("catalog.schema"), "{refused}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema";
    assert_eq!(sqlx::query_scalar::<_, i64>(tables).fetch_one(&tool).await.unwrap(), 1);
}

#[tokio::test]
async fn a_schema_that_is_not_there_is_made_by_a_writer_and_missed_by_a_reader() {
    let Some(server) = server() else { return };
    let location = server.location(&server.schema());
    let missed = location.open_read_only().await.unwrap_err();
    assert!(matches!(missed, Error::NoSchema(_)), "{missed}");
    location.open().await.unwrap().close().await;
    let reader = location.open_read_only().await.unwrap();
    assert_eq!(reader.size().await.unwrap(), (0, 0));
    let refused = reader.set_share(1).await.unwrap_err();
    assert!(refused.is_read_only(), "{refused}");
}
