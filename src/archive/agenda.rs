//! When each stage is due: the configured schedule, stretched where the month's calls would not last, and never within a
//! pause.
//!
//! First the facts are gathered ([`Agenda::load`]), then it is decided without I/O ([`Agenda::due_at`]).

use std::time::Duration;

use super::covered::{self, Covered};
use super::experience::{EXPERIENCE, learn, profile};
use super::stage::Stage;
use super::{Context, Memory, Settings, maintain};
use crate::catalog::pauses::Pause;
use crate::catalog::runs::{JobRun, Workload};
use crate::catalog::{self, Catalog};
use crate::domain::clock::Timestamp;
use crate::domain::coverage::{QUIET, SAFETY_NET};
use crate::domain::endpoint::Endpoint;
use crate::domain::forecast::{self, Budget, CALLS_PER_CONFERENCE, Profile};
use crate::domain::schedule::Schedule;

/// Weight of what is assumed about the cost of a conference, in conferences.
const ASSUMED_CONFERENCES: f64 = 20.0;

/// The least time between two looks so that the month's calls last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookIntervals {
    /// Between two readings of the lists.
    pub discover: Duration,
    /// Between two polls.
    pub poll: Duration,
}

/// Everything that decides when a stage is due.
pub(super) struct Agenda {
    pub(super) pauses: Vec<Pause>,
    runs: Vec<JobRun>,
    next: catalog::NextAttempts,
    /// When the next recording is to be started.
    start_at: Option<Timestamp>,
    pub(super) covered: Covered,
    /// When there is next something to search; `None`: there is not.
    search_at: Option<Timestamp>,
    /// Since when events come again after a time in which they may have been lost.
    events_since: Option<Timestamp>,
    intervals: LookIntervals,
    has_rest: bool,
}

impl Agenda {
    /// Gathers the facts at `now`.
    pub(super) async fn load(context: &Context, memory: &mut Memory, now: Timestamp) -> Result<Self, catalog::Error> {
        let catalog = &context.catalog;
        let stream = covered::wanted(catalog, &context.settings).await?;
        let covered = Covered::at(catalog, &context.settings, stream.as_ref(), now).await?;
        Ok(Self {
            covered,
            events_since: stream.as_ref().and_then(|stream| covered::came_back(stream, now)),
            pauses: context.pauses(now).await?,
            runs: catalog.job_runs().await?,
            next: catalog.next_attempts().await?,
            start_at: start_at(context).await?,
            search_at: catalog.search_at().await?,
            has_rest: memory.has_rest,
            intervals: intervals(context, memory, covered, now).await?,
        })
    }

    /// Takes in what the pass has shown about the calls to come.
    pub(super) async fn replan(
        &mut self,
        context: &Context,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<(), catalog::Error> {
        self.intervals = intervals(context, memory, self.covered, now).await?;
        Ok(())
    }

    /// Takes in what a stage has changed. The intervals stay as they were when the pass began.
    pub(super) async fn refresh(&mut self, context: &Context, memory: &Memory) -> Result<(), catalog::Error> {
        self.has_rest = memory.has_rest;
        self.pauses = context.budget.pauses().await;
        self.next = context.catalog.next_attempts().await?;
        self.start_at = start_at(context).await?;
        self.search_at = context.catalog.search_at().await?;
        Ok(())
    }

    /// When a stage last ran, by the clock of that time.
    pub(super) fn last_ran_at(&self) -> Option<Timestamp> {
        self.runs.iter().map(|run| run.last_started_at.max(run.last_finished_at)).max()
    }

    /// When lists are read or conferences are polled again.
    pub(super) fn next_look(&self, settings: &Settings, now: Timestamp) -> Option<Timestamp> {
        [Stage::Discover, Stage::Poll].into_iter().filter_map(|stage| self.due_at(stage, settings, now)).min()
    }

    /// Takes in that a stage has run.
    pub(super) fn ran(&mut self, run: JobRun) {
        self.runs.retain(|other| other.stage != run.stage);
        self.runs.push(run);
    }

    /// When the next conference that an event says is over may be asked about.
    pub(super) fn told_over_at(&self) -> Option<Timestamp> {
        self.next.told_over_at.map(|at| self.after_pauses(at, Endpoint::Conference))
    }

    /// When the next recording may be started.
    pub(super) fn start_at(&self) -> Option<Timestamp> {
        self.start_at.map(|at| self.after_pauses(at, Endpoint::RecordStart))
    }

    /// `at`, or when no pause holds the calls of `endpoint` any more.
    fn after_pauses(&self, at: Timestamp, endpoint: Endpoint) -> Timestamp {
        let held = self.pauses.iter().filter(|pause| pause.scope.holds(endpoint));
        held.fold(at, |at, pause| at.max(pause.until))
    }

    /// When gaps are searched further; `None` if there is none.
    pub(super) fn search_at(&self) -> Option<Timestamp> {
        self.search_at.map(|at| self.after_pauses(at, Endpoint::RoomConferences))
    }

    /// How long after the last look at the lists the next one is planned, whatever pauses hold; `None` if events decide that,
    /// or it failed.
    pub(super) fn look_interval(&self, settings: &Settings, now: Timestamp) -> Option<Duration> {
        let last = self.runs.iter().find(|run| run.stage == Stage::Discover.as_str())?;
        let is_planned = last.outcome == "ok" && last.last_started_at <= now && !self.covered.meetings;
        let due_at = self.look_due(Some(last), &settings.discover, self.intervals.discover, now);
        let interval = due_at.since(last.last_started_at);
        (is_planned && self.intervals.discover < forecast::LONGEST_INTERVAL).then_some(interval)
    }

    /// When the lists could last not be read.
    pub(super) fn looking_failed_at(&self) -> Option<Timestamp> {
        let run = self.runs.iter().find(|run| run.stage == Stage::Discover.as_str())?;
        (run.outcome != "ok").then_some(run.last_started_at)
    }

    /// Whether a conference may be asked at `now` whether it is in progress.
    pub(super) fn has_candidates(&self, now: Timestamp) -> bool {
        self.next.candidate_at.is_some_and(|at| at <= now)
    }

    /// When `stage` is due; `None` if there is nothing to do for it.
    pub(super) fn due_at(&self, stage: Stage, settings: &Settings, now: Timestamp) -> Option<Timestamp> {
        // A last run in the future means that the clock was set back: whatever it said is worth nothing.
        let last = self.runs.iter().find(|run| run.stage == stage.as_str() && run.last_started_at <= now);
        let rested = |interval| last.map_or(now, |last| last.last_started_at + interval);
        let due_at = match stage {
            Stage::Discover if !settings.organization && settings.users.is_empty() => return None,
            Stage::Discover => self.look_due(last, &settings.discover, self.intervals.discover, now),
            Stage::Poll => self.next.candidate_at?.max(self.look_due(last, &settings.poll, self.intervals.poll, now)),
            Stage::Collect if self.has_rest => self.next.list_at?,
            Stage::Collect => {
                let list_at = self.next.list_at?.max(rested(settings.collect.interval));
                self.next.generated_list_at.map_or(list_at, |at| at.min(list_at))
            }
            Stage::Maintain => rested(maintain::INTERVAL),
        };
        let held = self.pauses.iter().filter(|pause| is_held(pause, stage, settings));
        Some(held.fold(due_at, |due, pause| due.max(pause.until)))
    }

    fn look_due(&self, last: Option<&JobRun>, schedule: &Schedule, interval: Duration, now: Timestamp) -> Timestamp {
        let Some(last) = last else { return now };
        // What happened while no event could come, only a look shows.
        if self.events_since.is_some_and(|since| since > last.last_started_at) {
            return now;
        }
        let scheduled = schedule.next_after(last.last_started_at).unwrap_or(Timestamp::from_millis(i64::MAX));
        let due = scheduled.max(last.last_started_at + interval);
        // A look that was stopped has shown only part of what is going on: the next one comes sooner, but not so soon
        // that an error that lasts would cost the month's calls.
        if last.outcome == "ok" { due } else { last.last_started_at + due.since(last.last_started_at) / 3 }
    }
}

/// When the next recording is to be started, where any are.
async fn start_at(context: &Context) -> Result<Option<Timestamp>, catalog::Error> {
    if context.settings.automatic_for.is_nobody() { Ok(None) } else { context.catalog.next_start().await }
}

/// The intervals of looking at `now`, whatever events tell of.
pub(super) async fn without_events(
    catalog: &Catalog,
    settings: &Settings,
    share: u64,
    now: Timestamp,
) -> Result<LookIntervals, catalog::Error> {
    match share {
        0 => Ok(LookIntervals::default()),
        share => {
            LookIntervals::with(catalog, settings, &learn(catalog, now).await?, share, Covered::default(), now).await
        }
    }
}

/// Calls that what can wait may cost at `now`: see [`forecast::spare`].
pub(super) async fn spare(context: &Context, memory: &mut Memory, now: Timestamp) -> Result<u64, catalog::Error> {
    let catalog = &context.catalog;
    match context.budget.share() {
        0 => Ok(u64::MAX),
        share => {
            let budget = budget(&workload(catalog, now).await?, share, 1.0);
            Ok(forecast::spare(profile(catalog, memory, now).await?, &budget, now))
        }
    }
}

/// What is known at `now` of the work that was, and that is to come.
async fn workload(catalog: &Catalog, now: Timestamp) -> Result<Workload, catalog::Error> {
    let since = now - EXPERIENCE;
    catalog.workload(since, &forecast::day(since), &forecast::day(now)).await
}

/// What there is to spend of `share` calls a month, and what is known of the need.
#[expect(clippy::cast_precision_loss, reason = "counts of calls and conferences are far below 2^52")]
fn budget(work: &Workload, share: u64, unannounced: f64) -> Budget {
    let assumed = ASSUMED_CONFERENCES * CALLS_PER_CONFERENCE;
    Budget {
        share,
        calls_left: share.saturating_sub(work.spent),
        calls_per_conference: (work.calls as f64 + assumed) / (work.ended as f64 + ASSUMED_CONFERENCES),
        open: work.waiting + work.active,
        waiting: work.waiting,
        awaited: work.awaited,
        unannounced,
    }
}

async fn intervals(
    context: &Context,
    memory: &mut Memory,
    covered: Covered,
    now: Timestamp,
) -> Result<LookIntervals, catalog::Error> {
    let Context { catalog, settings, .. } = context;
    match context.budget.share() {
        0 if !covered.meetings => Ok(LookIntervals::default()),
        share => {
            LookIntervals::with(catalog, settings, profile(catalog, memory, now).await?, share, covered, now).await
        }
    }
}

impl LookIntervals {
    /// The intervals at `now` of a daemon with these settings and `share` calls a month (0: unmetered).
    pub async fn at(
        catalog: &Catalog,
        settings: &Settings,
        share: u64,
        now: Timestamp,
    ) -> Result<Self, catalog::Error> {
        let stream = covered::wanted(catalog, settings).await?;
        let covered = Covered::at(catalog, settings, stream.as_ref(), now).await?;
        match share {
            0 if !covered.meetings => Ok(Self::default()),
            share => Self::with(catalog, settings, &learn(catalog, now).await?, share, covered, now).await,
        }
    }

    /// Where events tell of nearly all meetings, looking is a safety net; it rests where no meeting is expected.
    fn safety_net(profile: &Profile, now: Timestamp) -> Self {
        let is_quiet = profile.expected(now, now + SAFETY_NET) < 1.0;
        let interval = if is_quiet { QUIET } else { SAFETY_NET };
        Self { discover: interval, poll: interval }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of calls and conferences are far below 2^52")]
    async fn with(
        catalog: &Catalog,
        settings: &Settings,
        profile: &Profile,
        share: u64,
        covered: Covered,
        now: Timestamp,
    ) -> Result<Self, catalog::Error> {
        if covered.meetings {
            return Ok(Self::safety_net(profile, now));
        }
        let work = workload(catalog, now).await?;
        let budget = budget(&work, share, covered.unannounced);
        let rate = forecast::looking_rate(profile, &budget, now);
        let pages = if settings.organization { work.pages.unwrap_or(1).max(1) as f64 } else { 0.0 };
        let discover_calls = settings.users.len() as f64 + pages;
        let ids_a_call = work.most_ids.unwrap_or(u64::MAX).min(settings.batch_size as u64).max(1);
        let poll_calls = work.active.div_ceil(ids_a_call).max(1) as f64;
        // An end that goes unnoticed for as long as the longest wait between two readings may cost a recording that is
        // replaced meanwhile; so no gap between looks is that long, as long as half of what is left pays for it.
        let longest = settings.collect.retry_max / 2;
        let looks_left = forecast::month_end(now).since(now).as_secs_f64() / longest.as_secs_f64().max(1.0);
        let is_affordable = looks_left * (discover_calls + poll_calls) <= budget.calls_left as f64 / 2.0;
        let capped = |gap: Duration| if is_affordable { gap.min(longest) } else { gap };
        if discover_calls == 0.0 {
            return Ok(Self { discover: Duration::ZERO, poll: capped(forecast::interval(poll_calls, rate)) });
        }
        // Finding comes before polling: the organisation's list does both, so it gets all that it can use.
        let for_discover = if settings.organization { rate } else { rate / 2.0 };
        let configured = settings.discover.shortest_gap(now);
        let discover = capped(forecast::interval(discover_calls, for_discover)).max(configured);
        let left = rate - discover_calls * 3_600.0 / discover.as_secs_f64();
        let poll = capped(forecast::interval(poll_calls, left.max(0.0)));
        Ok(Self { discover, poll: if settings.organization { poll.min(discover) } else { poll } })
    }
}

/// Whether `pause` leaves `stage` nothing to call.
fn is_held(pause: &Pause, stage: Stage, settings: &Settings) -> bool {
    let holds = |endpoint: Endpoint| pause.scope.holds(endpoint);
    match stage {
        Stage::Maintain => false,
        // One list that may not be read does not keep the other from being read.
        Stage::Discover => {
            let organization = settings.organization && !holds(Endpoint::OrgConferences);
            let users = !settings.users.is_empty() && !holds(Endpoint::UserConferences);
            !organization && !users
        }
        Stage::Poll => holds(Endpoint::Query) || holds(Endpoint::Conference),
        Stage::Collect => holds(Endpoint::Videos),
    }
}
