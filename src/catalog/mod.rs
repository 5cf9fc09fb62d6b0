//! The ledger: one SQLite file that any tool can read or, where one machine is not enough, a schema in PostgreSQL.
//!
//! State lives here and nowhere else, so that a restart at any instant resumes. This room knows no DingTalk. `rows` are
//! the words that are the same in both databases; no place outside this room knows which of the two it is.

pub mod copy;
mod error;
mod location;
pub mod postgres;
pub mod register;
mod rows;
pub mod source;
pub mod sqlite;

pub use error::Error;
pub use location::{Lead, Location, Standby};
pub use rows::due::{After, NextAttempts};
pub use rows::{
    apply, gaps, histories, history, intake, journal, lists, measures, notices, pauses, quota, runs, search, starts,
    stream, verify,
};
pub use sqlite::{Progress, backup, retention};

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use futures_util::stream::BoxStream;

use self::apply::Decision;
use self::gaps::{GapRow, GapSummary};
use self::histories::Refusal;
use self::history::{CallsOfDay, OpenOfAge, PushesOfDay, Recorded};
use self::intake::TakenIn;
use self::journal::{Call, EventRow};
use self::lists::{
    CatalogRow, ConferenceFilter, ConferenceRow, LastErrorRow, Listed, RecordingFilter, RecordingRow, RevisionRow,
};
use self::measures::{Calls, Oldest};
use self::notices::{ReceiverRow, Recorded as RecordedOfConference, Untold};
use self::pauses::Pause;
use self::quota::{Charged, LearnedLimits, Limit};
use self::runs::{JobRun, Workload};
use self::search::{Queued, Searched};
use self::source::Source;
use self::starts::{Starts, Tried};
use self::stream::StreamRow;
use self::verify::Finding;
use crate::domain::automatic::{Creators, Start};
use crate::domain::clock::Timestamp;
use crate::domain::conference::{Conference, State};
use crate::domain::coverage::Coverage;
use crate::domain::endpoint::Endpoint;
use crate::domain::event::Push;
use crate::domain::gap::{Gap, Watched};
use crate::domain::lease::Holder;
use crate::domain::lifecycle::Rules;
use crate::domain::notice::{Condition, Open};
use crate::domain::recording::Known;

/// An open catalog, in one of the two databases.
#[derive(Clone, Debug)]
pub enum Catalog {
    Sqlite(sqlite::Catalog),
    Postgres(postgres::Catalog),
}

/// Methods of both databases' catalogs, under their names.
macro_rules! delegate {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Catalog {
            $(pub async fn $name(&self $(, $argument: $type)*) -> Result<$answer, Error> {
                match self {
                    Self::Sqlite(catalog) => catalog.$name($($argument),*).await,
                    // On the heap: who waits for a file need not make room for what waits for a server.
                    Self::Postgres(catalog) => Box::pin(catalog.$name($($argument),*)).await,
                }
            })*
        }
    };
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Catalog {
            $(pub fn $name(&self $(, $argument: $type)*) -> $answer {
                match self {
                    Self::Sqlite(catalog) => catalog.$name($($argument),*),
                    Self::Postgres(catalog) => catalog.$name($($argument),*),
                }
            })*
        }
    };
}

// What the daemon works with. What each does, `sqlite` says at its method.
delegate! {
    async fn apply(decisions: &[Decision], now: Timestamp) -> Vec<bool>;
    async fn candidates(most_due: u32, most_new: u32, new_since: Timestamp, now: Timestamp) -> Vec<Conference>;
    async fn told_over(most: u32, now: Timestamp) -> Vec<Conference>;
    async fn due(long_ago: Timestamp, is_old: bool, after: &After, most: u32, now: Timestamp) -> Vec<Conference>;
    async fn conferences_by_id(conference_ids: &[&str]) -> HashMap<String, Conference>;
    async fn recordings_of(conference_ids: &[&str]) -> HashMap<String, Vec<Known>>;
    async fn next_attempts() -> NextAttempts;
    async fn has_answered_since(since: Timestamp) -> bool;
    async fn note_calls(conference_id: &str, calls: &[Call], now: Timestamp) -> ();
    async fn take_in(pushes: &[Push], day: &str, now: Timestamp, rules: &Rules, creators: &Creators) -> TakenIn;
    async fn next_start() -> Option<Timestamp>;
    async fn due_starts(most: u32, now: Timestamp) -> Vec<Start>;
    async fn starts_tried(tried: &[Tried], now: Timestamp) -> ();
    async fn starts_fail() -> bool;
    async fn unwatch(conference_ids: &[String]) -> Vec<String>;

    async fn charge(day: &str, endpoint: Endpoint, calls: usize, most: Option<u64>) -> bool;
    async fn enter_outcomes(charged: &HashMap<Charged, i64>) -> ();
    async fn spent(day: &str) -> u64;
    async fn set_share(calls_per_month: u64) -> ();
    async fn learned_limits() -> LearnedLimits;
    async fn learn_limit(limit: Limit, value: u64, now: Timestamp) -> ();
    async fn pauses() -> Vec<Pause>;
    async fn pause(pause: &Pause, is_outage: bool) -> ();
    async fn unpause(pause: &Pause, is_everybodys: bool, now: Timestamp) -> ();

    async fn job_runs() -> Vec<JobRun>;
    async fn job_ran(run: &JobRun) -> ();
    async fn starts(since: Timestamp) -> (Vec<Timestamp>, Option<Timestamp>);
    async fn workload(since: Timestamp, since_day: &str, today: &str) -> Workload;
    async fn set_back(ahead: Duration, now: Timestamp) -> ();
    async fn unwatched(time: Duration, now: Timestamp) -> ();

    async fn stream_opened(now: Timestamp) -> ();
    async fn stream_closed(error: &str, now: Timestamp) -> ();
    async fn stream() -> Option<StreamRow>;
    async fn pushed(day: &str) -> u64;
    async fn shown(conference_ids: &[&str], now: Timestamp) -> ();
    async fn listed(conference_ids: &[&str], now: Timestamp) -> ();
    async fn coverage(now: Timestamp) -> Coverage;

    async fn open_notices() -> Vec<Open>;
    async fn has_unnoticed_failures() -> bool;
    async fn notice(begun: &[&Condition], over: &[&Open], now: Timestamp) -> ();
    async fn set_receivers(receivers: &[&str], wants_archived: bool, now: Timestamp) -> ();
    async fn receivers() -> Vec<ReceiverRow>;
    async fn untold(receiver: &str, most: u32) -> Vec<Untold>;
    async fn told(receiver: &str, named: &[i64], next_attempt_at: Timestamp) -> ();
    async fn not_told(
        receiver: &str, error: &str, next_attempt_at: Timestamp, before: Timestamp, now: Timestamp
    ) -> u64;
    async fn recordings_in_all(conference_id: &str) -> RecordedOfConference;

    async fn watched() -> Option<Watched>;
    async fn set_watched(watched: &Watched, gap: Option<&Gap>) -> ();
    async fn stretch_watched(interval: Duration) -> ();
    async fn forget_watched() -> ();
    async fn ask_for(began_at: Timestamp, ended_at: Timestamp) -> i64;
    async fn search_at() -> Option<Timestamp>;
    async fn plan_search(may_be_listed: bool, fallback: Option<&str>, now: Timestamp) -> ();
    async fn gaps_in_search() -> Vec<Searched>;
    async fn next_in_search(now: Timestamp) -> Option<Queued>;
    async fn left_in_search() -> u64;
    async fn found_in_gaps(decisions: &[Decision], gap_ids: &[i64], now: Timestamp) -> Vec<bool>;
    async fn answered_in_search(source: &Source, then: Option<&Source>, now: Timestamp) -> ();
    async fn given_up_in_search(source: &Source, then: Option<&Source>, now: Timestamp) -> ();
    async fn put_off_in_search(queued: &Queued, until: Timestamp) -> ();
    async fn hurry_search(now: Timestamp) -> ();
    async fn put_off_search(until: Timestamp) -> ();
    async fn search_without_histories(fallback: Option<&str>, now: Timestamp) -> ();
    async fn finish_search(now: Timestamp) -> bool;
    async fn histories_refusal() -> Option<Refusal>;
    async fn histories_refused(app: i64, code: &str, now: Timestamp) -> ();
    async fn histories_allowed() -> ();

    async fn tidy_calls(months: u32) -> ();
    async fn tidy_pushes(months: u32) -> ();
    async fn tidy_events(keep: Duration, now: Timestamp) -> ();
    async fn tidy_received_events(now: Timestamp) -> ();
    async fn tidy_notices(keep: Duration, now: Timestamp) -> ();
    async fn tidy_gaps(keep: Duration, now: Timestamp) -> ();
}

// What is shown to those who ask.
delegate! {
    async fn conference(conference_id: &str) -> Option<ConferenceRow>;
    async fn events(conference_id: &str) -> Vec<EventRow>;
    async fn count_conferences(filter: ConferenceFilter) -> u64;
    async fn last_error() -> Option<LastErrorRow>;
    async fn recordings_with(media_id: &str) -> Vec<RecordingRow>;
    async fn count_matching(filter: &RecordingFilter) -> u64;
    async fn list_revisions(conference_id: &str, media_id: &str) -> Vec<RevisionRow>;

    async fn recorded(since: Timestamp, until: Timestamp) -> Vec<Recorded>;
    async fn first_recording(since: Timestamp) -> Option<Timestamp>;
    async fn lags(since: Timestamp, until: Timestamp, most: u32) -> Vec<Duration>;
    async fn calls_by_day(first: &str, last: &str) -> Vec<CallsOfDay>;
    async fn pushes_by_day(first: &str, last: &str) -> Vec<PushesOfDay>;
    async fn automatic_starts(since: Timestamp) -> Starts;
    async fn open_by_age(limits: &[Duration], now: Timestamp) -> Vec<OpenOfAge>;
    async fn calls() -> Vec<Calls>;
    async fn oldest_open() -> Vec<Oldest>;
    async fn latest_lags(most: u32) -> Vec<Duration>;
    async fn count_lags(counted_to: &mut i64, each: impl FnMut(Duration)) -> ();
    async fn poll_wanted_since() -> Option<Timestamp>;
    async fn count_by_state() -> Vec<(State, u64)>;
    async fn count_recordings() -> u64;

    async fn count_gaps(since: Option<Timestamp>) -> u64;
    async fn gap(gap_id: i64) -> Option<GapRow>;
    async fn gap_summary(since: Timestamp) -> GapSummary;
    async fn search_size() -> (u64, u64);

    async fn verify() -> Vec<Finding>;
    async fn size() -> (u64, u64);
}

delegate! {
    fn checks() -> Vec<&'static str>;
    fn list_conferences(
        filter: ConferenceFilter, most: Option<u64>
    ) -> BoxStream<'_, Result<Listed<ConferenceRow>, Error>>;
    fn list_recordings(
        filter: &RecordingFilter, most: Option<u64>, titles: bool
    ) -> BoxStream<'_, Result<Listed<RecordingRow>, Error>>;
    fn list_gaps(since: Option<Timestamp>, most: Option<u64>) -> BoxStream<'_, Result<Listed<GapRow>, Error>>;
    fn export_recordings(
        since: Option<Timestamp>, until: Option<Timestamp>
    ) -> BoxStream<'_, Result<Listed<CatalogRow>, Error>>;
}

impl Catalog {
    /// Opens the file at `path` for writing; creates it where there is none, and brings an older one to this program's
    /// schema.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        sqlite::Catalog::open(path).await.map(Self::Sqlite)
    }

    /// The same; `progress` may break off any statement.
    pub async fn open_with(path: &Path, progress: Option<Progress>) -> Result<Self, Error> {
        sqlite::Catalog::open_with(path, progress).await.map(Self::Sqlite)
    }

    /// Opens the file at `path` for reading only: no right to write is needed, and nothing is written.
    pub async fn open_read_only(path: &Path) -> Result<Self, Error> {
        sqlite::Catalog::open_read_only(path).await.map(Self::Sqlite)
    }

    /// Opens the file at `path` for a demo; the next one may delete it.
    pub async fn open_demo(path: &Path) -> Result<Self, Error> {
        let catalog = sqlite::Catalog::open(path).await?;
        catalog.mark_as_demo().await?;
        Ok(Self::Sqlite(catalog))
    }

    /// Whether the file at `path` is a demo's catalog. Reads only; what cannot be read is none.
    pub async fn is_demo(path: &Path) -> bool {
        sqlite::Catalog::is_demo(path).await
    }

    /// Where it stands.
    pub fn location(&self) -> Location {
        match self {
            Self::Sqlite(catalog) => Location::File(catalog.path().to_owned()),
            Self::Postgres(catalog) => Location::Schema(catalog.address().clone()),
        }
    }

    /// The same catalog for those who look on: they read by one connection of their own, and so keep nobody waiting.
    pub fn for_observers(&self) -> Self {
        match self {
            Self::Sqlite(catalog) => Self::Sqlite(catalog.for_observers()),
            Self::Postgres(catalog) => Self::Postgres(catalog.for_observers()),
        }
    }

    /// Whether what is written is found by others: see [`Error::Moved`]. A schema is not moved.
    pub fn check_in_place(&self) -> Result<(), Error> {
        match self {
            Self::Sqlite(catalog) => catalog.check_in_place(),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Who works on it under a lease; `None`: nobody, or it is a file, which has a lock.
    pub async fn holder(&self) -> Result<Option<Holder>, Error> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(catalog) => catalog.holder().await,
        }
    }

    /// Keeps the file in order. PostgreSQL does so by itself.
    pub async fn optimize(&self) -> Result<(), Error> {
        match self {
            Self::Sqlite(catalog) => catalog.optimize().await,
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Copies it to a new file. A schema is copied by PostgreSQL's own tools.
    pub async fn backup(&self, path: &Path) -> Result<backup::Copied, backup::Error> {
        match self {
            Self::Sqlite(catalog) => catalog.backup(path).await,
            Self::Postgres(catalog) => Err(backup::Error::NotAFile(catalog.address().schema().to_owned())),
        }
    }

    /// Whether `file` has the name of the catalog, or of a file that SQLite or the daemon may make beside it.
    pub fn owns(&self, file: &Path) -> bool {
        matches!(self, Self::Sqlite(catalog) if catalog.owns(file))
    }

    pub async fn close(self) {
        match self {
            Self::Sqlite(catalog) => catalog.close().await,
            Self::Postgres(catalog) => catalog.close().await,
        }
    }
}

/// An instant as a column holds it.
fn column(instant: Option<Timestamp>) -> Option<i64> {
    instant.map(Timestamp::as_millis)
}

/// A column of milliseconds as a duration; a negative one, which nothing writes, as zero.
fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// A count as Rust holds it; a negative one, which nothing writes, as zero.
fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
