//! Where DingTalk and the catalog meet.
//!
//! Each stage is an idempotent function of the catalog, DingTalk and now: it does what is due and returns. What must
//! wait is a timestamp in the catalog; a retry is the next ring of the bell.

pub mod budget;
mod collect;
mod discover;
pub mod health;
mod maintain;
mod pacing;
mod poll;
mod reckoning;
mod stages;
mod story;

pub use budget::Budget;
pub use pacing::Pace;
pub use stages::{Report, Stage};

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::catalog::conferences::Trouble;
use crate::catalog::journal::Call;
use crate::catalog::watch::Registration;
use crate::catalog::{self, Catalog};
use crate::dingtalk::{Class, Client, Error};
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::pace::Profile;
use crate::domain::schedule::Schedule;
use crate::domain::wait;

/// The operator's words, as the stages need them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The configured watch list.
    pub watch: Vec<Registration>,
    /// Whether the organisation's ongoing list is read.
    pub organization: bool,
    /// The unionIds whose ongoing lists are read.
    pub users: Vec<String>,
    /// When the lists are read.
    pub discover: Schedule,
    /// When conferences are polled.
    pub poll: Schedule,
    /// The most ids in one batch query.
    pub batch_size: usize,
    /// When recordings are read, and for how long.
    pub collect: wait::Rules,
    /// Whom to ask as when nobody else is known.
    pub fallback_union_id: Option<String>,
    /// How long the journal keeps what happened to a conference.
    pub keep_events: Duration,
}

/// The archiver: everything it needs to do its work, but the clock's bell.
pub struct Archive {
    catalog: Catalog,
    dingtalk: Client,
    budget: Arc<Budget>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    listings: Mutex<Listings>,
    /// When the last pass began: by the clock that can be set, and by the one that cannot.
    last_pass: Mutex<Option<(Timestamp, Duration)>>,
}

/// What was learned from lists. A memory that saves calls, not state: after a restart it is empty, and the
/// batch query is asked instead.
#[derive(Default)]
struct Listings {
    /// When the list was last read to its end, and what stood in it.
    last: Option<(Timestamp, HashSet<String>)>,
    /// Open conferences that stood in it at any time: those that it is known to show.
    shown: HashSet<String>,
    /// How many pages it had.
    pages: u64,
    /// The page length that DingTalk accepts, once one was refused.
    max_results: Option<u32>,
    /// When meetings begin, and in which hour that was learned.
    profile: Option<(i64, Profile)>,
}

impl Archive {
    /// An archiver. `dingtalk` must have `budget` as its gate.
    #[must_use]
    pub fn new(
        catalog: Catalog,
        dingtalk: Client,
        budget: Arc<Budget>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Self {
        Self { catalog, dingtalk, budget, clock, settings, listings: Mutex::default(), last_pass: Mutex::default() }
    }

    /// What it goes by.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its share of the month's calls; 0: unmetered.
    #[must_use]
    pub fn share(&self) -> u64 {
        self.budget.share()
    }

    /// The catalog it writes.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Puts the configured watch list and share into the catalog. To be called once, before the first pass.
    pub async fn prepare(&self, now: Timestamp) -> Result<(), catalog::Error> {
        use crate::domain::conference::DiscoveredBy;

        self.catalog.set_share(self.budget.share()).await?;
        // The share may have been raised since; if it was not, the first call finds out.
        for pause in self.catalog.pauses().await?.iter().filter(|pause| pause.code == budget::SHARE_SPENT) {
            self.catalog.unpause(pause, now).await?;
        }
        if !self.settings.watch.is_empty() {
            self.catalog.register(&self.settings.watch, DiscoveredBy::Config, now).await?;
        }
        Ok(())
    }

    /// Enters in a conference's journal calls that decided nothing about it.
    async fn note(&self, conference_id: &str, calls: &[Call], now: Timestamp) -> Result<(), catalog::Error> {
        for call in calls {
            self.catalog.note_call(conference_id, call, now).await?;
        }
        Ok(())
    }

    /// Whether a failure is still to be logged: one that became a pause has been, and one that a pause stands for is no news.
    async fn is_unsaid(&self, error: &Error) -> bool {
        matches!(concern(error), Concern::Later) && !self.budget.is_paused(error.endpoint).await
    }

    /// Enters in the ledger what became of the calls so far. To be called before the end, after a pass was dropped.
    pub async fn settle(&self) -> Result<(), catalog::Error> {
        self.budget.settle().await
    }
}

/// What an error leaves to be done about the one conference that was asked about.
enum Concern {
    /// It says nothing about the conference, and nothing may be written to it: a pause stands for it.
    Nobody,
    /// It may be about the conference alone: ask again later.
    Later,
    /// It is an answer.
    Answer,
}

fn concern(error: &Error) -> Concern {
    match error.class {
        Class::Held
        | Class::TokenInvalid
        | Class::CredentialsWrong
        | Class::ScopeMissing
        | Class::AddressRefused
        | Class::Throttled
        | Class::QuotaSpent
        | Class::Banned => Concern::Nobody,
        // A conference may be another organisation's: asked about first at the end of each pause, it would hold up all
        // the others again.
        Class::OrganizationForbidden
        | Class::Unavailable
        | Class::Foreign
        | Class::TimedOut
        | Class::Unreached
        | Class::Unrecognized => Concern::Later,
        Class::UserUnknown
        | Class::PermissionDenied
        | Class::MeetingEnded
        | Class::NothingRecorded
        | Class::ConferenceUnknown
        | Class::RequestWrong
        | Class::RecordRefused => Concern::Answer,
    }
}

fn trouble(error: &Error) -> Trouble {
    Trouble { code: error.code.to_string(), message: error.message.clone() }
}
