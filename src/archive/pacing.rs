//! When each stage is due: the configured schedule, stretched where the month's calls would not last, and never within a
//! pause.

use std::time::Duration;

use super::budget::EVERY_CALL;
use super::maintain;
use super::stages::Stage;
use super::{Archive, Settings};
use crate::catalog::ledger::{JobRun, Pause};
use crate::catalog::{self, Catalog};
use crate::domain::clock::Timestamp;
use crate::domain::pace::{self, Budget, CALLS_PER_CONFERENCE, Profile};

/// How far back experience reaches.
const EXPERIENCE: Duration = Duration::from_hours(28 * 24);

/// A stage that something stopped is tried again this soon, pauses permitting.
const RETRY: Duration = Duration::from_mins(1);

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

impl Pace {
    /// The pace at `now` of a daemon with these settings and `share` calls a month. `pages` is what the organisation's
    /// list costs to read.
    #[expect(clippy::cast_precision_loss, reason = "counts of calls and conferences are far below 2^52")]
    pub async fn at(
        catalog: &Catalog,
        settings: &Settings,
        share: u64,
        pages: u64,
        now: Timestamp,
    ) -> Result<Self, catalog::Error> {
        if share == 0 {
            return Ok(Self::default());
        }
        let since = now - EXPERIENCE;
        let (starts, first) = catalog.starts(since).await?;
        let profile = Profile::learn(&starts, first.unwrap_or(now).max(since), now);
        let work = catalog.workload(since, &pace::day(since)).await?;
        let assumed = ASSUMED_CONFERENCES * CALLS_PER_CONFERENCE;
        let budget = Budget {
            calls_left: share.saturating_sub(catalog.spent(&pace::day(now)).await?),
            calls_per_conference: (work.calls as f64 + assumed) / (work.closed as f64 + ASSUMED_CONFERENCES),
            open_conferences: work.open,
            last_looks: work.last_looks,
        };
        let rate = pace::looking_rate(&profile, &budget, now);

        let discover_calls =
            settings.users.len() as f64 + if settings.organization { pages.max(1) as f64 } else { 0.0 };
        let poll_calls = (work.open as f64 / settings.batch_size as f64).ceil().max(1.0);
        if discover_calls == 0.0 {
            return Ok(Self { discover: Duration::ZERO, poll: pace::interval(poll_calls, rate) });
        }
        // Finding comes before polling: the organisation's list does both, so it gets all that it can use.
        let for_discover = if settings.organization { rate } else { rate / 2.0 };
        let discover = pace::interval(discover_calls, for_discover).max(settings.discover.shortest_gap(now));
        let left = rate - discover_calls * 3_600.0 / discover.as_secs_f64();
        let poll = pace::interval(poll_calls, left.max(0.0));
        Ok(Self { discover, poll: if settings.organization { poll.min(discover) } else { poll } })
    }
}

impl Archive {
    /// When the next stage is due; `None` if nothing will ever be, as things stand.
    pub async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, catalog::Error> {
        let mut next: Option<Timestamp> = None;
        for stage in Stage::ALL {
            if let Some(due_at) = self.due_at(stage, now).await? {
                next = Some(next.map_or(due_at, |next| next.min(due_at)));
            }
        }
        Ok(next)
    }

    /// When `stage` is due; `None` if there is nothing to do for it.
    pub(super) async fn due_at(&self, stage: Stage, now: Timestamp) -> Result<Option<Timestamp>, catalog::Error> {
        let runs = self.catalog.job_runs().await?;
        let last = runs.iter().find(|run| run.stage == stage.as_str());
        self.due_after(stage, last, now).await
    }

    pub(super) async fn due_after(
        &self,
        stage: Stage,
        last: Option<&JobRun>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, catalog::Error> {
        // A last run in the future means that the clock was set back: whatever it said is worth nothing.
        let last = last.filter(|last| last.last_started_at <= now);
        let due_at = match stage {
            Stage::Discover if !self.settings.organization && self.settings.users.is_empty() => None,
            Stage::Discover => Some(self.look_due(last, now, |pace| pace.discover, &self.settings.discover).await?),
            Stage::Poll => match self.catalog.next_candidate_at().await? {
                None => None,
                Some(at) => Some(at.max(self.look_due(last, now, |pace| pace.poll, &self.settings.poll).await?)),
            },
            Stage::Collect => {
                let rested = last.map_or(now, |last| last.last_started_at + self.settings.collect.interval);
                self.catalog.next_due_at().await?.map(|at| at.max(rested))
            }
            Stage::Maintain => Some(last.map_or(now, |last| last.last_started_at + maintain::INTERVAL)),
        };
        let Some(due_at) = due_at else { return Ok(None) };
        let pauses = self.catalog.pauses().await?;
        Ok(Some(
            pauses.iter().filter(|pause| self.holds_up(stage, pause)).fold(due_at, |due, pause| due.max(pause.until)),
        ))
    }

    async fn look_due(
        &self,
        last: Option<&JobRun>,
        now: Timestamp,
        least: impl Fn(&Pace) -> Duration,
        schedule: &crate::domain::schedule::Schedule,
    ) -> Result<Timestamp, catalog::Error> {
        let Some(last) = last else { return Ok(now) };
        let scheduled = schedule.next_after(last.last_started_at).unwrap_or(last.last_started_at);
        let paced = last.last_started_at + least(&self.pace(now).await?);
        let due = scheduled.max(paced);
        // What was stopped half-way is taken up again soon; the calls it cost are counted all the same.
        Ok(if last.outcome == "ok" { due } else { due.min(last.last_finished_at + RETRY) })
    }

    /// The pace at `now`.
    pub async fn pace(&self, now: Timestamp) -> Result<Pace, catalog::Error> {
        let pages = self.listings.lock().await.pages;
        Pace::at(&self.catalog, &self.settings, self.budget.share(), pages, now).await
    }

    fn holds_up(&self, stage: Stage, pause: &Pause) -> bool {
        use crate::dingtalk::Endpoint;

        let concerned = |endpoint: Endpoint| pause.scope == endpoint.as_str();
        match stage {
            Stage::Maintain => false,
            _ if pause.scope == EVERY_CALL => true,
            Stage::Discover => {
                // One list that may not be read does not keep the other from being read.
                let organization = self.settings.organization && !concerned(Endpoint::OrgConferences);
                let users = !self.settings.users.is_empty() && !concerned(Endpoint::UserConferences);
                !organization && !users
            }
            Stage::Poll | Stage::Collect => stage.endpoints().iter().copied().any(concerned),
        }
    }
}
