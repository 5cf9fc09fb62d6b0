//! Where DingTalk and the catalog meet.
//!
//! Each stage is an idempotent function of the catalog, DingTalk and now: it does what is due and returns. What must wait
//! is a timestamp in the catalog. A stage asks, turns the answer into an observation, has [`crate::domain::lifecycle`]
//! say what follows, and has the catalog write it.

mod agenda;
mod batch;
pub mod budget;
mod clock_jump;
mod collect;
mod covered;
mod discover;
pub mod events;
mod experience;
mod gaps;
pub mod health;
mod journal;
mod maintain;
pub mod notices;
mod pass;
mod poll;
mod record;
mod search;
mod stage;

pub use agenda::LookIntervals;
pub use budget::Budget;
pub use pass::Report;
pub use stage::Stage;

use self::covered::Covered;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::catalog::pauses::Pause;
use crate::catalog::register::Registration;
use crate::catalog::{self, Catalog};
use crate::dingtalk::{Client, Error};
use crate::domain::automatic::Creators;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::conference::DiscoveredBy;
use crate::domain::failure::OwnCode;
use crate::domain::forecast::Profile;
use crate::domain::lifecycle::{Collect, Rules};
use crate::domain::schedule::Schedule;

/// The operator's words, as the stages need them.
#[derive(Clone, Debug)]
pub struct Settings {
    pub watch: Vec<Registration>,
    /// Whether the organisation's ongoing list is read.
    pub organization: bool,
    /// The unionIds whose ongoing lists are read.
    pub users: Vec<String>,
    pub discover: Schedule,
    pub poll: Schedule,
    /// Whether events are to come over a Stream-mode connection.
    pub stream: bool,
    /// Whose meetings are recorded from their start.
    pub automatic_for: Creators,
    /// This daemon's share of the month's pushes; 0: unmetered.
    pub pushes_per_month: u64,
    pub batch_size: usize,
    pub collect: Collect,
    /// Whom to ask as when nobody else is known.
    pub fallback_union_id: Option<String>,
    /// How long the journal keeps what happened to a conference.
    pub keep_events: Duration,
}

/// Everything that the stages work with.
struct Context {
    catalog: Catalog,
    dingtalk: Client,
    budget: Arc<Budget>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    /// Set while a recording waits to be started that an event asked for since the pass began.
    has_urgent: AtomicBool,
    /// When somebody last watched, and how much time had passed then by the clock that cannot be set.
    watched_at: Mutex<Option<(Timestamp, Duration)>>,
}

impl Context {
    /// The pauses at `now`. One that began in the future was written by a clock that has been set back since: it means
    /// nothing.
    async fn pauses(&self, now: Timestamp) -> Result<Vec<Pause>, catalog::Error> {
        Ok(self.catalog.pauses().await?.into_iter().filter(|pause| pause.since <= now).collect())
    }

    /// Whether lists may be read: until `until` by the monotonic clock, or until a recording is to be started.
    fn has_time(&self, until: Duration) -> bool {
        self.clock.elapsed() < until && !self.has_urgent.load(Ordering::Relaxed)
    }

    /// What decides about one conference at `now`, where events tell of so much.
    fn rules(&self, covered: Covered, now: Timestamp) -> Rules {
        Rules {
            is_covered: covered.meetings,
            recordings_told: covered.recordings,
            poll_gap: self.settings.poll.shortest_gap(now),
            is_listed: self.settings.organization,
            is_metered: self.budget.share() > 0,
            collect: self.settings.collect,
        }
    }
}

/// What one pass hands to the next: it saves work, and nothing is lost with it.
#[derive(Default)]
struct Memory {
    /// When meetings begin, and in which hour that was learned.
    profile: Option<(i64, Profile)>,
    /// Conferences that the organisation's list is known to show.
    shown: HashSet<String>,
    /// Whether lists of recordings are left to read that did not fit before the last look.
    has_rest: bool,
    /// When the last pass began: by the clock that can be set, and by the one that cannot.
    last_pass: Option<(Timestamp, Duration)>,
}

/// The archiver: everything it needs to do its work, but whoever wakes it.
pub struct Archive {
    context: Context,
    /// Held for as long as a pass lasts: there is one at a time.
    memory: Mutex<Memory>,
}

impl Archive {
    /// An archiver. `dingtalk` must have `budget` as its gate.
    pub fn new(
        catalog: Catalog,
        dingtalk: Client,
        budget: Arc<Budget>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Self {
        let has_urgent = AtomicBool::new(false);
        let context = Context { catalog, dingtalk, budget, clock, settings, has_urgent, watched_at: Mutex::default() };
        Self { context, memory: Mutex::default() }
    }

    pub fn settings(&self) -> &Settings {
        &self.context.settings
    }

    /// Its share of the month's calls; 0: unmetered.
    pub fn share(&self) -> u64 {
        self.context.budget.share()
    }

    pub fn catalog(&self) -> &Catalog {
        &self.context.catalog
    }

    /// Puts the configured watch list and share into the catalog. To be called once, before the first pass.
    pub async fn prepare(&self, now: Timestamp) -> Result<(), catalog::Error> {
        let Context { catalog, settings, .. } = &self.context;
        catalog.set_share(self.share()).await?;
        // The share may have been raised since; if it was not, the first call finds out.
        let spent = OwnCode::ShareSpent.to_string();
        for pause in catalog.pauses().await?.iter().filter(|pause| pause.code == spent) {
            catalog.unpause(pause, true, now).await?;
        }
        catalog.register(&settings.watch, DiscoveredBy::Config, now).await?;
        if catalog.stream().await?.is_some_and(|stream| stream.connected_since.is_some()) {
            catalog.stream_closed(covered::STOPPED, now).await?;
        }
        if !gaps::are_possible(settings) {
            catalog.forget_watched().await?;
        }
        // The connection for events is opened beside the first pass, which need not have begun.
        self.context.budget.begin(self.context.pauses(now).await?).await;
        Ok(())
    }

    /// One pass: every stage that is due at `now`. Idempotent; may be dropped at any point.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, catalog::Error> {
        pass::run(&self.context, &mut *self.memory.lock().await, false, now).await
    }

    /// One pass of every stage, due or not; recordings are read where they are due.
    pub async fn once(&self, now: Timestamp) -> Result<Report, catalog::Error> {
        pass::run(&self.context, &mut *self.memory.lock().await, true, now).await
    }

    /// Searches every gap at `now`, whatever other work may need. Answers what stopped it, if anything did.
    pub async fn search(&self, now: Timestamp) -> Result<Option<Error>, catalog::Error> {
        let Context { catalog, budget, .. } = &self.context;
        budget.begin(catalog.pauses().await?).await;
        let rules = self.context.rules(Covered::default(), now);
        let memory = &mut *self.memory.lock().await;
        let stopped = search::run(&self.context, memory, &rules, true, Duration::MAX, now).await?;
        budget.end().await?;
        Ok(stopped)
    }

    /// Enters in the ledger what became of the calls so far. To be called before the end, after a pass was dropped.
    pub async fn settle(&self) -> Result<(), catalog::Error> {
        self.context.budget.end().await
    }
}
