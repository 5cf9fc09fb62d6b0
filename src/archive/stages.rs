//! The stages in their order: what is due, what ran, and what stopped it.

use super::Archive;
use crate::catalog;
use crate::catalog::ledger::JobRun;
use crate::dingtalk::Error;
use crate::domain::clock::Timestamp;

/// One of the four things there are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Find conferences that are in progress.
    Discover,
    /// Find out which of them have ended.
    Poll,
    /// Read the lists of their recordings.
    Collect,
    /// Keep the file in order.
    Maintain,
}

impl Stage {
    /// Every stage, in the order of a pass.
    pub const ALL: [Self; 4] = [Self::Discover, Self::Poll, Self::Collect, Self::Maintain];

    /// The word the catalog uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Poll => "poll",
            Self::Collect => "collect",
            Self::Maintain => "maintain",
        }
    }
}

/// What a pass did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The stages that ran, each with what stopped it, if anything did.
    pub ran: Vec<(Stage, Option<Error>)>,
}

impl Report {
    /// The first thing that stopped a stage.
    #[must_use]
    pub fn trouble(&self) -> Option<&Error> {
        self.ran.iter().find_map(|(_, stopped)| stopped.as_ref())
    }
}

/// What one stage answers: what stopped it, if anything did.
pub(super) type Ran = Result<Option<Error>, catalog::Error>;

impl Archive {
    /// One pass: every stage that is due at `now`. Idempotent; may be dropped at any point.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, catalog::Error> {
        self.pass(now, false).await
    }

    /// One pass of every stage, due or not; recordings are read where they are due.
    pub async fn once(&self, now: Timestamp) -> Result<Report, catalog::Error> {
        self.pass(now, true).await
    }

    async fn pass(&self, now: Timestamp, all: bool) -> Result<Report, catalog::Error> {
        self.catalog.check_in_place()?;
        self.reckon(now).await?;
        let mut agenda = self.agenda(now).await?;
        self.budget.begin(agenda.pauses.clone()).await;
        let mut report = Report::default();
        for stage in Stage::ALL {
            let due_at =
                agenda.due_at(stage, &self.settings, now).filter(|_| !agenda.holds_up(stage, &self.settings, now));
            let due = all || due_at.is_some_and(|due_at| due_at <= now);
            if due || (stage == Stage::Poll && self.rides_on_listing(now).await?) {
                let stopped = self.run(stage, now).await?;
                let mut run = JobRun {
                    stage: stage.as_str().to_owned(),
                    last_started_at: now,
                    last_finished_at: self.clock.now().max(now),
                    outcome: stopped.as_ref().map_or_else(|| "ok".to_owned(), ToString::to_string),
                    next_due_at: None,
                    last_ok_at: now,
                    failures: 0,
                };
                agenda = self.agenda(now).await?;
                agenda.ran(run.clone());
                run.next_due_at = agenda.due_at(stage, &self.settings, now);
                self.catalog.job_ran(&run).await?;
                report.ran.push((stage, stopped));
            }
        }
        self.budget.settle().await?;
        Ok(report)
    }

    async fn run(&self, stage: Stage, now: Timestamp) -> Ran {
        match stage {
            Stage::Discover => self.discover(now).await,
            Stage::Poll => self.poll(now).await,
            Stage::Collect => self.collect(now).await,
            Stage::Maintain => self.maintain(now).await,
        }
    }

    /// A complete listing of this very pass has confirmed most conferences for free: a poll now costs only those that it
    /// did not show.
    async fn rides_on_listing(&self, now: Timestamp) -> Result<bool, catalog::Error> {
        let fresh = self.listings.lock().await.last.as_ref().is_some_and(|(at, _)| *at == now);
        Ok(fresh && self.catalog.next_candidate_at().await?.is_some_and(|at| at <= now))
    }
}
