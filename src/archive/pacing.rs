//! When each stage is due: the configured schedule, stretched where the month's calls would not last, and never within a
//! pause.
//!
//! First the facts are gathered ([`Archive::agenda`]), then it is decided without I/O ([`Agenda::due_at`]).

use std::time::Duration;

use super::budget::EVERY_CALL;
use super::maintain;
use super::stages::Stage;
use super::{Archive, Settings};
use crate::catalog::ledger::{JobRun, Pause};
use crate::catalog::{self, Catalog};
use crate::dingtalk::Endpoint;
use crate::domain::clock::Timestamp;
use crate::domain::pace::{self, Budget, CALLS_PER_CONFERENCE, Profile};
use crate::domain::schedule::Schedule;

/// How far back experience reaches.
const EXPERIENCE: Duration = Duration::from_hours(28 * 24);

/// Weight of what is assumed about the cost of a conference, in conferences.
const ASSUMED_CONFERENCES: f64 = 20.0;

/// The least time between two looks so that the month's calls last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Between two readings of the lists.
    pub discover: Duration,
    /// Between two polls.
    pub poll: Duration,
}

/// Everything that decides when a stage is due.
pub(super) struct Agenda {
    pub(super) pauses: Vec<Pause>,
    runs: Vec<JobRun>,
    next_candidate_at: Option<Timestamp>,
    next_list_at: Option<Timestamp>,
    pace: Pace,
}

impl Archive {
    /// When the next stage is due; `None` if nothing will ever be, as things stand.
    pub async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, catalog::Error> {
        let agenda = self.agenda(now).await?;
        Ok(Stage::ALL.into_iter().filter_map(|stage| agenda.due_at(stage, &self.settings, now)).min())
    }

    pub(super) async fn agenda(&self, now: Timestamp) -> Result<Agenda, catalog::Error> {
        Ok(Agenda {
            // A pause that began in the future was written by a clock that has been set back since: it means nothing.
            pauses: self.catalog.pauses().await?.into_iter().filter(|pause| pause.since <= now).collect(),
            runs: self.catalog.job_runs().await?,
            next_candidate_at: self.catalog.next_candidate_at().await?,
            next_list_at: self.catalog.next_due_at().await?,
            pace: self.pace(now).await?,
        })
    }

    /// The pace at `now`.
    async fn pace(&self, now: Timestamp) -> Result<Pace, catalog::Error> {
        let share = self.budget.share();
        if share == 0 {
            return Ok(Pace::default());
        }
        let mut listings = self.listings.lock().await;
        let hour = pace::hour(now);
        // What is known of the week's hours changes slowly: once an hour is often enough to learn it anew.
        let profile = match listings.profile.take() {
            Some((learned, profile)) if learned == hour => profile,
            _ => learn(&self.catalog, now).await?,
        };
        let pace = Pace::with(&self.catalog, &self.settings, &profile, share, listings.pages, now).await;
        listings.profile = Some((hour, profile));
        pace
    }
}

async fn learn(catalog: &Catalog, now: Timestamp) -> Result<Profile, catalog::Error> {
    let since = now - EXPERIENCE;
    let (starts, first) = catalog.starts(since).await?;
    Ok(Profile::learn(&starts, first.unwrap_or(now).max(since), now))
}

impl Pace {
    /// The pace at `now` of a daemon with these settings and `share` calls a month (0: unmetered).
    pub async fn at(
        catalog: &Catalog,
        settings: &Settings,
        share: u64,
        now: Timestamp,
    ) -> Result<Self, catalog::Error> {
        if share == 0 {
            return Ok(Self::default());
        }
        Self::with(catalog, settings, &learn(catalog, now).await?, share, 1, now).await
    }

    /// `pages` is what the organisation's list costs to read.
    #[expect(clippy::cast_precision_loss, reason = "counts of calls and conferences are far below 2^52")]
    async fn with(
        catalog: &Catalog,
        settings: &Settings,
        profile: &Profile,
        share: u64,
        pages: u64,
        now: Timestamp,
    ) -> Result<Self, catalog::Error> {
        let work = catalog.workload(now - EXPERIENCE, &pace::day(now - EXPERIENCE)).await?;
        let assumed = ASSUMED_CONFERENCES * CALLS_PER_CONFERENCE;
        let budget = Budget {
            calls_left: share.saturating_sub(catalog.spent(&pace::day(now)).await?),
            calls_per_conference: (work.calls as f64 + assumed) / (work.ended as f64 + ASSUMED_CONFERENCES),
            going: work.going,
            awaited: work.awaited,
        };
        let rate = pace::looking_rate(profile, &budget, now);
        let discover_calls =
            settings.users.len() as f64 + if settings.organization { pages.max(1) as f64 } else { 0.0 };
        let poll_calls = (work.going as f64 / settings.batch_size as f64).ceil().max(1.0);
        // An end that goes unnoticed for as long as the longest wait between two readings may cost a recording that is
        // replaced meanwhile; so no gap between looks is that long, as long as half of what is left pays for it.
        let longest = settings.collect.retry_max / 2;
        let looks_left = pace::month_end(now).since(now).as_secs_f64() / longest.as_secs_f64().max(1.0);
        let is_affordable = looks_left * (discover_calls + poll_calls) <= budget.calls_left as f64 / 2.0;
        let capped = |gap: Duration| if is_affordable { gap.min(longest) } else { gap };
        if discover_calls == 0.0 {
            return Ok(Self { discover: Duration::ZERO, poll: capped(pace::interval(poll_calls, rate)) });
        }
        // Finding comes before polling: the organisation's list does both, so it gets all that it can use.
        let for_discover = if settings.organization { rate } else { rate / 2.0 };
        let configured = settings.discover.shortest_gap(now);
        let discover = capped(pace::interval(discover_calls, for_discover)).max(configured);
        let left = rate - discover_calls * 3_600.0 / discover.as_secs_f64();
        let poll = capped(pace::interval(poll_calls, left.max(0.0)));
        Ok(Self { discover, poll: if settings.organization { poll.min(discover) } else { poll } })
    }
}

impl Agenda {
    /// Takes in that a stage has run.
    pub(super) fn ran(&mut self, run: JobRun) {
        self.runs.retain(|other| other.stage != run.stage);
        self.runs.push(run);
    }

    /// Whether a pause holds `stage` up at `now`. A look that comes a moment early comes too early for a pause: nothing
    /// would be sent, and the next look would be put off.
    pub(super) fn holds_up(&self, stage: Stage, settings: &Settings, now: Timestamp) -> bool {
        self.pauses.iter().any(|pause| pause.until > now && holds_up(pause, stage, settings))
    }

    /// When `stage` is due; `None` if there is nothing to do for it.
    pub(super) fn due_at(&self, stage: Stage, settings: &Settings, now: Timestamp) -> Option<Timestamp> {
        // A last run in the future means that the clock was set back: whatever it said is worth nothing.
        let last = self.runs.iter().find(|run| run.stage == stage.as_str() && run.last_started_at <= now);
        let rested = |interval| last.map_or(now, |last| last.last_started_at + interval);
        let due_at = match stage {
            Stage::Discover if !settings.organization && settings.users.is_empty() => return None,
            Stage::Discover => look_due(last, &settings.discover, self.pace.discover, now),
            Stage::Poll => self.next_candidate_at?.max(look_due(last, &settings.poll, self.pace.poll, now)),
            Stage::Collect => self.next_list_at?.max(rested(settings.collect.interval)),
            Stage::Maintain => rested(maintain::INTERVAL),
        };
        Some(
            self.pauses
                .iter()
                .filter(|pause| holds_up(pause, stage, settings))
                .fold(due_at, |due, pause| due.max(pause.until)),
        )
    }
}

fn look_due(last: Option<&JobRun>, schedule: &Schedule, pace: Duration, now: Timestamp) -> Timestamp {
    let Some(last) = last else { return now };
    let scheduled = schedule.next_after(last.last_started_at).unwrap_or(Timestamp::from_millis(i64::MAX));
    let due = scheduled.max(last.last_started_at + pace);
    // A look that was stopped has shown only part of what is going on: the next one comes sooner, but not so soon that
    // trouble that lasts would cost the month's calls.
    if last.outcome == "ok" { due } else { last.last_started_at + due.since(last.last_started_at) / 3 }
}

fn holds_up(pause: &Pause, stage: Stage, settings: &Settings) -> bool {
    let concerned = |endpoint: Endpoint| pause.scope == endpoint.as_str();
    match stage {
        Stage::Maintain => false,
        _ if pause.scope == EVERY_CALL => true,
        // One list that may not be read does not keep the other from being read.
        Stage::Discover => {
            let organization = settings.organization && !concerned(Endpoint::OrgConferences);
            let users = !settings.users.is_empty() && !concerned(Endpoint::UserConferences);
            !organization && !users
        }
        Stage::Poll => concerned(Endpoint::Query) || concerned(Endpoint::Conference),
        Stage::Collect => concerned(Endpoint::Videos),
    }
}
