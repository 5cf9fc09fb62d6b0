//! The harness: a simulated organisation, a catalog in a folder of its own, an archiver, and the clock they share.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use recording_archiver::archive::{Archive, Report};
use recording_archiver::catalog::lists::{ConferenceRow, RecordingFilter, RecordingRow};
use recording_archiver::catalog::{Catalog, Location};
use recording_archiver::cli::wiring;
use recording_archiver::config::{Config, Watched};
use recording_archiver::daemon::events;
use recording_archiver::daemon::stepper::Stepper;
use recording_archiver::domain::clock::{Clock, Timestamp, VirtualClock};
use recording_archiver::simulator::{Behaviour, Call, Endpoint, Fault, Meeting, Organisation, Simulator};
use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::server::server;
use crate::soak::clock::ArchiverClock;

/// Midnight of Monday, 1 June 2026, UTC+8.
pub(crate) const MIDNIGHT: Timestamp = Timestamp::from_millis(1_780_243_200_000);

/// So many hours and minutes after midnight of 1 June, UTC+8: `at(33, 30)` is half past nine on the second.
pub(crate) fn at(hours: u64, minutes: u64) -> Timestamp {
    MIDNIGHT + Duration::from_mins(hours * 60 + minutes)
}

/// So many minutes.
pub(crate) const fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

/// So many hours.
pub(crate) const fn hours(hours: u64) -> Duration {
    Duration::from_hours(hours)
}

/// A meeting from nine to ten on 1 June, not recorded.
pub(crate) fn meeting(id: &str) -> Meeting {
    Meeting::sample(id, at(9, 0), at(10, 0))
}

/// A world in the making. It is a minute to nine; calls are unmetered; the registered meetings are on the watch list.
pub(crate) struct Builder {
    organisation: Organisation,
    behaviour: Behaviour,
    config: Config,
    start: Timestamp,
    in_postgres: bool,
}

/// A simulated organisation and the archiver that watches it.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) clock: Arc<VirtualClock>,
    /// The archiver's own clock. It shows the same time until a test sets it wrong.
    pub(crate) wall: Arc<ArchiverClock>,
    pub(crate) archive: Arc<Archive>,
    pub(crate) catalog: Catalog,
    config: Config,
    location: Location,
    /// A tool of its own on the catalog, as an administrator has one.
    tool: Tool,
    _folder: TempDir,
    /// The task that holds the connection for events.
    listening: Option<JoinHandle<()>>,
}

/// An administrator's tool.
enum Tool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Drop for World {
    fn drop(&mut self) {
        self.hang_up();
    }
}

impl Builder {
    pub(crate) fn behaviour(mut self, behaviour: Behaviour) -> Self {
        self.behaviour = behaviour;
        self
    }

    pub(crate) fn config(mut self, edit: impl FnOnce(&mut Config)) -> Self {
        edit(&mut self.config);
        self
    }

    /// Watches a conference, whether there is one or not.
    pub(crate) fn watching(mut self, id: &str, union_id: Option<&str>) -> Self {
        self.config.watch.conferences.retain(|watched| watched.id != id);
        let union_id = union_id.map(str::to_owned);
        self.config.watch.conferences.push(Watched { id: id.to_owned(), union_id });
        self
    }

    /// Watches nothing, and reads the organisation's list instead.
    pub(crate) fn listing(mut self) -> Self {
        self.config.watch.conferences.clear();
        self.config.discover.organization = true;
        self
    }

    pub(crate) fn starting(mut self, start: Timestamp) -> Self {
        self.start = start;
        self
    }

    /// Over a schema in PostgreSQL, which must be installed.
    pub(crate) fn in_postgres(mut self) -> Self {
        self.in_postgres = true;
        self
    }

    pub(crate) async fn start(mut self) -> World {
        let clock = Arc::new(VirtualClock::new(self.start));
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let handed = Arc::clone(&clock) as Arc<dyn Clock>;
        let simulator = Simulator::start(loopback, self.organisation, self.behaviour, handed).await.unwrap();
        self.config.dingtalk.base_url = simulator.base_url().parse().unwrap();
        self.config.dingtalk.app_key.get_or_insert_with(|| simulator.app_key().to_owned());
        self.config.dingtalk.app_secret.get_or_insert_with(|| simulator.app_secret().into());
        self.config.validate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let wall = Arc::new(ArchiverClock::new(Arc::clone(&clock)));
        let server = self.in_postgres.then(|| server().expect("PostgreSQL is installed"));
        let schema = server.map(|server| (server, server.schema()));
        let path = folder.path().join("catalog.db");
        let location = match &schema {
            Some((server, schema)) => server.location(schema),
            None => Location::File(path.clone()),
        };
        let (archive, catalog) = open(&self.config, &location, &wall).await;
        let tool = if let Some((server, schema)) = &schema {
            Tool::Postgres(server.tool(schema).await)
        } else {
            let file = SqliteConnectOptions::new().filename(&path).busy_timeout(Duration::from_secs(5));
            Tool::Sqlite(SqlitePoolOptions::new().max_connections(1).connect_with(file).await.unwrap())
        };
        let config = self.config;
        World { simulator, clock, wall, archive, catalog, config, location, tool, _folder: folder, listening: None }
    }
}

async fn open(config: &Config, location: &Location, clock: &Arc<ArchiverClock>) -> (Arc<Archive>, Catalog) {
    let catalog = location.open().await.unwrap();
    let archive = wiring::archive(config, catalog.clone(), Arc::clone(clock) as Arc<dyn Clock>).unwrap();
    archive.prepare(clock.now()).await.unwrap();
    (Arc::new(archive), catalog)
}

impl World {
    /// A world with these meetings.
    pub(crate) fn with(meetings: impl IntoIterator<Item = Meeting>) -> Builder {
        let mut organisation = Organisation::empty();
        meetings.into_iter().for_each(|meeting| organisation.add(meeting));
        let mut config = Config::default();
        config.quota.calls_per_month = 0;
        let registered = organisation.registered();
        config.watch.conferences =
            registered.map(|meeting| Watched { id: meeting.conference_id.clone(), union_id: None }).collect();
        // So that every test of a stage can be tried on the other database.
        let in_postgres = std::env::var_os("CATALOG").is_some_and(|catalog| catalog == "postgres");
        Builder { organisation, behaviour: Behaviour::default(), config, start: at(8, 59), in_postgres }
    }

    /// A world that is generated; nothing is watched.
    pub(crate) fn of(organisation: Organisation) -> Builder {
        Builder { organisation, ..Self::with([]) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Does what is due until `until`, and stops where an event is pushed; then it is `until`.
    pub(crate) async fn until(&self, until: Timestamp) {
        let stepper = Stepper::new(Arc::clone(&self.archive), Arc::clone(&self.clock));
        while let Some(at) = self.next_push_at().filter(|at| *at <= until) {
            stepper.run_until(at).await.unwrap();
            self.simulator.deliver().await;
            let stream = self.simulator.stream();
            assert!(stream.open_connections() > 0 || stream.connected(1).await, "no connection was opened again");
        }
        stepper.run_until(until).await.unwrap();
    }

    fn next_push_at(&self) -> Option<Timestamp> {
        self.listening.as_ref().and_then(|_| self.simulator.next_push_at(self.now()))
    }

    /// Opens the connection for events.
    pub(crate) async fn listen(&mut self) {
        let (archive, clock) = (Arc::clone(&self.archive), Arc::clone(&self.wall));
        self.listening = Some(tokio::spawn(async move {
            events::listen(&archive, clock.as_ref(), &|| {}, &CancellationToken::new()).await;
        }));
        assert!(self.simulator.stream().connected(1).await, "no connection was opened");
        self.is_written("SELECT count(*) FROM event_stream WHERE connected_since IS NOT NULL").await;
    }

    /// The process that holds the connection is gone, without a word.
    pub(crate) fn hang_up(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
    }

    /// Waits until a row is there that another task writes.
    pub(crate) async fn is_written(&self, sql: &'static str) {
        for _ in 0..100_000 {
            if self.number(sql).await > 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("it is never written: {sql}");
    }

    /// Does what is due while `duration` passes.
    pub(crate) async fn pass(&self, duration: Duration) {
        self.until(self.now() + duration).await;
    }

    /// One pass of what is due now, by the archiver's own clock.
    pub(crate) async fn tick(&self) -> Report {
        self.archive.tick(self.wall.now()).await.unwrap()
    }

    /// The daemon is killed, and another one starts over the same file: nothing is settled, nothing is closed.
    pub(crate) async fn restart(&mut self) {
        let listened = self.listening.is_some();
        self.hang_up();
        (self.archive, self.catalog) = open(&self.config, &self.location, &self.wall).await;
        if listened {
            assert!(self.simulator.stream().connected(0).await);
            self.listen().await;
        }
    }

    /// The daemon is stopped, its configuration edited, and it is started again.
    pub(crate) async fn reconfigure(&mut self, edit: impl FnOnce(&mut Config)) {
        edit(&mut self.config);
        self.restart().await;
    }

    /// Something goes wrong from here on.
    pub(crate) fn fault(&self, fault: Fault) {
        self.simulator.faults().push(fault);
    }

    /// Changes what is true of a meeting.
    pub(crate) fn change(&self, id: &str, change: impl FnOnce(&mut Meeting)) {
        self.simulator.with_organisation(|organisation| change(organisation.meeting_mut(id).unwrap()));
    }

    pub(crate) async fn conference(&self, id: &str) -> ConferenceRow {
        self.catalog.conference(id).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, id: &str) -> String {
        self.conference(id).await.state
    }

    /// The recordings of a conference, by `mediaId`.
    pub(crate) async fn recordings(&self, id: &str) -> Vec<RecordingRow> {
        let filter = RecordingFilter { conference_id: Some(id.to_owned()), ..RecordingFilter::default() };
        let rows = self.catalog.list_recordings(&filter, None, false);
        let mut rows: Vec<RecordingRow> = rows.map(|row| row?.row()).try_collect().await.unwrap();
        rows.sort_by(|a, b| a.media_id.cmp(&b.media_id));
        rows
    }

    /// The configuration, as the commands beside the daemon read it.
    pub(crate) fn config(&self) -> Config {
        let mut config = self.config.clone();
        self.location.path().expect("a file").clone_into(&mut config.catalog.path);
        config
    }

    /// A number out of the catalog.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        match &self.tool {
            Tool::Sqlite(tool) => sqlx::query_scalar(sql).fetch_one(tool).await.unwrap(),
            Tool::Postgres(tool) => sqlx::query_scalar(sql).fetch_one(tool).await.unwrap(),
        }
    }

    /// Words out of the catalog, a line a row.
    pub(crate) async fn words(&self, sql: &'static str) -> Vec<String> {
        match &self.tool {
            Tool::Sqlite(tool) => sqlx::query_scalar(sql).fetch_all(tool).await.unwrap(),
            Tool::Postgres(tool) => sqlx::query_scalar(sql).fetch_all(tool).await.unwrap(),
        }
    }

    /// Changes the catalog behind the archiver's back.
    pub(crate) async fn meddle(&self, sql: &'static str) {
        match &self.tool {
            Tool::Sqlite(tool) => drop(sqlx::raw_sql(sql).execute(tool).await.unwrap()),
            Tool::Postgres(tool) => drop(sqlx::raw_sql(sql).execute(tool).await.unwrap()),
        }
    }

    /// From here on, every row that is written to `conferences`, `recordings` or `recording_revisions` is counted.
    pub(crate) async fn count_writes(&self) {
        const TRIGGERS: &str = "
            CREATE TABLE test_writes (row TEXT NOT NULL);
            CREATE TRIGGER test_1 AFTER UPDATE ON conferences BEGIN INSERT INTO test_writes VALUES ('conference ' || OLD.conference_id); END;
            CREATE TRIGGER test_2 AFTER UPDATE ON recordings BEGIN INSERT INTO test_writes VALUES ('recording ' || OLD.media_id); END;
            CREATE TRIGGER test_3 AFTER INSERT ON recordings BEGIN INSERT INTO test_writes VALUES ('recording ' || NEW.media_id); END;
            CREATE TRIGGER test_4 AFTER INSERT ON recording_revisions BEGIN INSERT INTO test_writes VALUES ('revision ' || NEW.media_id); END;";
        self.meddle(TRIGGERS).await;
    }

    /// The rows written since [`count_writes`](Self::count_writes).
    pub(crate) async fn writes(&self) -> Vec<String> {
        self.words("SELECT row FROM test_writes ORDER BY rowid").await
    }

    /// What the ledger says was spent in all, calls put aside included.
    pub(crate) async fn ledger(&self) -> u64 {
        let sql = "SELECT CAST(coalesce(sum(calls), 0) AS BIGINT) FROM api_calls WHERE outcome NOT IN ('unreached', 'throttled')";
        self.number(sql).await.try_into().unwrap()
    }

    /// The calls at one API, oldest first.
    pub(crate) fn calls(&self, endpoint: Endpoint) -> Vec<Call> {
        self.simulator.calls().into_iter().filter(|call| call.endpoint == endpoint).collect()
    }

    /// The calls at one API about one conference, oldest first.
    pub(crate) fn asked(&self, endpoint: Endpoint, id: &str) -> Vec<Call> {
        let about = |call: &Call| call.conference_ids.iter().any(|conference_id| conference_id == id);
        self.calls(endpoint).into_iter().filter(about).collect()
    }

    /// The metered calls since `since`.
    pub(crate) fn metered_since(&self, since: Timestamp) -> usize {
        self.simulator.calls().iter().filter(|call| call.metered && call.at >= since).count()
    }
}
