//! A month with an archiver in it, whose process ends again and again. Its file is all that is left each time.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use recording_archiver::archive::Archive;
use recording_archiver::catalog::register::Registration;
use recording_archiver::catalog::{Catalog, Progress};
use recording_archiver::cli::wiring;
use recording_archiver::config::Config;
use recording_archiver::domain::clock::{Clock, Timestamp, VirtualClock};
use recording_archiver::domain::conference::DiscoveredBy;
use recording_archiver::simulator::{Observer, Simulator};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use tempfile::TempDir;

use super::clock::ArchiverClock;
use super::countdown::Countdown;
use super::evidence::Evidence;
use super::invariants::Snapshot;
use super::line::Line;
use super::listener::Listener;
use super::plan::{Crash, Event, Plan};
use super::shared::{Shared, observe};
use super::told;
use crate::world::{MIDNIGHT, hours};

/// What is due again at once is due a second later.
const LEAST_STEP: Duration = Duration::from_secs(1);

/// An archiver that runs, until its countdown has run out.
pub(super) struct Process {
    pub(super) archive: Archive,
    pub(super) countdown: Arc<Countdown>,
    /// Holds the connection for events, where there are any.
    pub(super) listener: Option<Listener>,
}

/// The simulated world and the archiver in it.
pub(crate) struct Run {
    pub(crate) simulator: Simulator,
    pub(crate) shared: Arc<Mutex<Shared>>,
    pub(crate) sqlite: SqlitePool,
    pub(crate) config: Config,
    pub(crate) crashes: u64,
    pub(crate) kills: u64,
    pub(crate) starts: u64,
    /// The most calls that can be under way when a process ends.
    pub(crate) max_in_flight: u64,
    pub(super) world: Arc<VirtualClock>,
    pub(super) clock: Arc<ArchiverClock>,
    path: PathBuf,
    /// An administrator's own hold on the file. It also keeps the -wal file in place when a daemon is dropped, as the end
    /// of its process would.
    pub(crate) admin: Catalog,
    pub(super) process: Option<Process>,
    pub(super) line: Line,
    planned: std::vec::IntoIter<Crash>,
    down_until: Timestamp,
    snapshot: Snapshot,
    _folder: TempDir,
}

impl Run {
    /// The world of `plan`, in which no archiver runs yet.
    pub(crate) async fn begin(plan: &Plan) -> Self {
        let world = Arc::new(VirtualClock::new(MIDNIGHT));
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let clock = Arc::clone(&world) as Arc<dyn Clock>;
        let simulator =
            Simulator::start(loopback, plan.organisation.clone(), plan.behaviour.clone(), clock).await.unwrap();
        simulator.faults().set_seed(plan.seed);
        plan.faults.iter().for_each(|fault| simulator.faults().push(fault.clone()));
        let clock = Arc::new(ArchiverClock::new(Arc::clone(&world)));
        let shared = Shared {
            evidence: Evidence::new(plan.organisation.clone()),
            countdown: Arc::new(Countdown::new(None)),
            clock: Arc::clone(&clock),
            inherited: Vec::new(),
            is_rivals: false,
        };
        let shared = Arc::new(Mutex::new(shared));
        simulator.set_observer(Observer::new({
            let shared = Arc::clone(&shared);
            move |event| observe(&mut shared.lock().unwrap(), event)
        }));

        let mut config = plan.config.clone();
        config.dingtalk.base_url = simulator.base_url().parse().unwrap();
        config.dingtalk.app_key = Some(simulator.app_key().to_owned());
        config.dingtalk.app_secret = Some(simulator.app_secret().into());
        config.validate().unwrap();
        // Two thousand months of commits need no disk under them: what a power cut leaves is SQLite's affair.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let path = folder.path().join("catalog.db");
        let admin = Catalog::open(&path).await.unwrap();
        let file = SqliteConnectOptions::new().filename(&path).read_only(true);
        let sqlite = SqlitePoolOptions::new().max_connections(1).connect_with(file).await.unwrap();
        Self {
            simulator,
            shared,
            sqlite,
            config,
            crashes: 0,
            kills: 0,
            starts: 0,
            max_in_flight: u64::try_from(plan.config.dingtalk.max_in_flight.get()).unwrap(),
            clock,
            world,
            path,
            admin,
            process: None,
            line: Line::default(),
            planned: plan.crashes.clone().into_iter(),
            down_until: MIDNIGHT,
            snapshot: Snapshot::default(),
            _folder: folder,
        }
    }

    /// Runs through it.
    pub(crate) async fn through(&mut self, plan: &Plan) {
        for (at, event) in &plan.events {
            self.until(*at).await;
            if self.happen(event).await.is_none() {
                self.crash().await;
            }
        }
        self.until(plan.until).await;
        // Calls that were spent come back with the next month, and some faults wait for a call that comes late.
        for day in 1..40 {
            if self
                .number("SELECT count(*) FROM conferences WHERE next_attempt_at IS NOT NULL OR closed_at IS NULL")
                .await
                == 0
            {
                break;
            }
            self.until(plan.until + hours(24 * day)).await;
        }
        self.holds().await;
    }

    /// Asserts what must hold at any time.
    async fn holds(&mut self) {
        let mut snapshot = std::mem::take(&mut self.snapshot);
        snapshot.still_holds(self).await;
        told::still_holds(self).await;
        self.snapshot = snapshot;
    }

    /// `None` if that was the process's end.
    async fn happen(&mut self, event: &Event) -> Option<()> {
        match event {
            Event::Register(conference_id) => {
                let registration = Registration { conference_id: conference_id.clone(), union_id: None };
                self.admin.register(&[registration], DiscoveredBy::Cli, self.clock.now()).await.unwrap();
            }
            Event::ClockOffBy(off_by_ms) => {
                self.clock.set_off_by(*off_by_ms);
                let mut shared = self.shared.lock().unwrap();
                shared.inherited.clear();
                // Set back, it shows that the last look was later.
                shared.evidence.blind = Duration::ZERO;
            }
            Event::Grow(conference_id, index) => self.simulator.with_organisation(|organisation| {
                organisation.meeting_mut(conference_id).unwrap().recordings[*index].file_size += 4_096;
            }),
            Event::ExpireTokens => self.simulator.expire_tokens(),
            Event::Quota(calls_per_month) => self.simulator.set_quota(*calls_per_month),
            Event::Stream(event) => return self.happen_to_stream(event).await,
            Event::Kill if self.process.is_some() => {
                self.kills += 1;
                self.process_ended().await;
            }
            Event::Kill => {}
            Event::Retry => {
                self.holds().await;
                let failed = self.words("SELECT conference_id FROM conferences WHERE state = 'failed'").await;
                self.snapshot.retried(&failed);
                self.admin.retry(&failed, self.clock.now()).await.unwrap();
            }
        }
        Some(())
    }

    /// Does what is due until it is `until` in the world.
    async fn until(&mut self, until: Timestamp) {
        while self.world.now() < until {
            if self.world.now() < self.down_until {
                let up_at = self.down_until.min(until);
                self.world.advance_to(self.next_push_at().map_or(up_at, |at| at.min(up_at)));
                self.deliver().await;
                continue;
            }
            let Some(wait) = self.step().await else {
                self.crash().await;
                continue;
            };
            let next = (self.world.now() + wait.max(LEAST_STEP)).min(until);
            let next =
                [self.next_push_at(), self.looks_after_connection_at()].into_iter().flatten().fold(next, Ord::min);
            if self.pauses().await == 0 {
                let is_connected = self.ears().is_some_and(|(listener, _)| listener.is_open());
                self.shared.lock().unwrap().evidence.time_passes(next.since(self.world.now()), is_connected);
            }
            self.world.advance_to(next);
            told::looking_has_its_normal_pace(self);
        }
    }

    /// When something is next pushed to somebody.
    fn next_push_at(&self) -> Option<Timestamp> {
        self.simulator.next_push_at(self.world.now())
    }

    /// When the archiver next looks after its connection for events.
    fn looks_after_connection_at(&mut self) -> Option<Timestamp> {
        let (now, elapsed) = (self.world.now(), self.world.elapsed());
        Some(now + self.ears()?.0.next_at()?.saturating_sub(elapsed))
    }

    /// Starts the daemon if there is none, and has it do what is due; how long nothing is due from here on. `None` if that
    /// was its end.
    async fn step(&mut self) -> Option<Duration> {
        if self.process.is_none() {
            self.process = Some(self.start().await?);
            self.starts += 1;
        }
        self.listen().await?;
        let Process { archive, countdown, .. } = self.process.as_ref().unwrap();
        let now = self.clock.now();
        let step = async {
            let due_at = archive.tick(now).await?.next_due_at;
            Ok(due_at.map_or(hours(1), |due_at| due_at.since(now)))
        };
        let wait = unless_out(countdown, Box::pin(step)).await?;
        self.shared.lock().unwrap().evidence.pass_ended();
        Some(wait)
    }

    async fn start(&mut self) -> Option<Process> {
        let crash = self.planned.as_slice().first().map(|crash| crash.point);
        let countdown = Arc::new(Countdown::new(crash));
        self.shared.lock().unwrap().countdown = Arc::clone(&countdown);
        let progress: Progress = {
            let countdown = Arc::clone(&countdown);
            Arc::new(move || countdown.step())
        };
        let open = async {
            let catalog = Catalog::open_with(&self.path, Some(progress)).await?;
            let archive = wiring::archive(&self.config, catalog, Arc::clone(&self.clock) as Arc<dyn Clock>).unwrap();
            archive.prepare(self.clock.now()).await?;
            Ok(archive)
        };
        let archive = unless_out(&countdown, Box::pin(open)).await?;
        let listener = self.config.events.stream.then(Listener::default);
        Some(Process { archive, countdown, listener })
    }

    /// The countdown has run out.
    async fn crash(&mut self) {
        self.crashes += 1;
        let crash = self.planned.next().expect("a process ends only by plan");
        self.down_until = self.world.now() + crash.down_for;
        self.process_ended().await;
    }

    /// The process has ended: nothing of it is left but the file.
    async fn process_ended(&mut self) {
        self.hangs_up().await;
        self.holds().await;
        self.shared.lock().unwrap().evidence.process_ended(self.snapshot.recordings());
        // A share that is spent may have been raised by the next start; every other pause outlives it.
        let pauses = "SELECT scope, paused_until FROM pauses WHERE code <> 'shareSpent'";
        let pauses: Vec<(String, i64)> = sqlx::query_as(pauses).fetch_all(&self.sqlite).await.unwrap();
        let inherited = pauses.into_iter().map(|(scope, until)| (scope, Timestamp::from_millis(until))).collect();
        self.shared.lock().unwrap().inherited = inherited;
    }

    /// How many pauses stand.
    async fn pauses(&self) -> i64 {
        let sql = "SELECT count(*) FROM pauses WHERE paused_until > ?";
        let now = self.clock.now().as_millis();
        sqlx::query_scalar(sql).bind(now).fetch_one(&self.sqlite).await.unwrap()
    }

    /// The instant that the archiver's clock shows.
    pub(crate) fn archiver_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Words out of the catalog's file, a line a row.
    pub(crate) async fn words(&self, sql: &'static str) -> Vec<String> {
        sqlx::query_scalar(sql).fetch_all(&self.sqlite).await.unwrap()
    }

    /// A number out of the catalog's file.
    pub(crate) async fn number(&self, sql: &'static str) -> u64 {
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&self.sqlite).await.unwrap().try_into().unwrap()
    }

    /// The instant it is in the world.
    pub(crate) fn now(&self) -> Timestamp {
        self.world.now()
    }
}

/// The end of `work`, or `None` if the countdown runs out before. Whatever else stops the archiver's own work is a defect.
pub(super) async fn unless_out<T>(
    countdown: &Countdown,
    work: impl Future<Output = Result<T, recording_archiver::catalog::Error>>,
) -> Option<T> {
    tokio::select! {
        biased;
        () = countdown.runs_out() => None,
        done = work => if countdown.is_out() { None } else { Some(done.unwrap()) },
    }
}
