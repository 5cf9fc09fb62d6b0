//! A pass: the stages in their order, what ran, and what stopped it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::agenda::Agenda;
use super::clock_jump::detect_clock_jump;
use super::covered::Covered;
use super::discover::Listing;
use super::stage::{Ran, Stage};
use super::{Context, Memory, collect, discover, gaps, maintain, poll, record, search};
use crate::catalog;
use crate::catalog::runs::JobRun;
use crate::dingtalk::Error;
use crate::domain::clock::Timestamp;
use crate::domain::endpoint::Endpoint;
use crate::domain::lifecycle::Rules;

/// What a pass did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The stages that ran, each with what stopped it, if anything did.
    pub ran: Vec<(Stage, Option<Error>)>,
    /// When the next stage is due; `None` if nothing will ever be, as things stand.
    pub next_due_at: Option<Timestamp>,
}

impl Report {
    /// The first thing that stopped a stage.
    pub fn stopped_by(&self) -> Option<&Error> {
        self.ran.iter().find_map(|(_, stopped)| stopped.as_ref())
    }
}

/// Every stage that is due at `now`, or `all` of them. What they take on beside looking ends when the next look is due, and
/// the rest stays due: no backlog makes a look late. `all` of them have no such end.
pub(super) async fn run(
    context: &Context,
    memory: &mut Memory,
    all: bool,
    now: Timestamp,
) -> Result<Report, catalog::Error> {
    let Context { catalog, budget, clock, settings, .. } = context;
    catalog.check_in_place()?;
    let began = clock.elapsed();
    context.has_urgent.store(false, Ordering::Relaxed);
    let mut agenda = Agenda::load(context, memory, now).await?;
    let is_clock_sure = detect_clock_jump(context, memory, agenda.last_ran_at(), now).await?;
    if !is_clock_sure {
        agenda = Agenda::load(context, memory, now).await?;
    }
    budget.begin(agenda.pauses.clone()).await;
    let evidence = gaps::evidence(settings, &agenda.pauses, agenda.looking_failed_at());
    let mut report = Report::default();
    // Whoever asks for all of it does not want to wait for an event.
    let covered = if all { Covered::default() } else { agenda.covered };
    let rules = context.rules(covered, now);
    let until =
        |due_at: Option<Timestamp>| due_at.filter(|_| !all).map_or(Duration::MAX, |due_at| began + due_at.since(now));
    if agenda.start_at().is_some_and(|due_at| due_at <= now) {
        record::run(context, until(agenda.next_look(settings, now)), now).await?;
        agenda.refresh(context, memory).await?;
    }
    if settings.stream && agenda.told_over_at().is_some_and(|due_at| due_at <= now) {
        let until = until(agenda.next_look(settings, now));
        let stopped = poll::confirm_told_over(context, &rules, until, now).await?;
        agenda.refresh(context, memory).await?;
        report.ran.push((Stage::Poll, stopped));
    }
    let mut pass = Pass { context, memory, rules, is_clock_sure, listing: None, now };
    for stage in order(budget.failed_last().await) {
        let is_due = all || agenda.due_at(stage, settings, now).is_some_and(|due_at| due_at <= now);
        // A complete listing has just confirmed most conferences for free: a poll now costs only those that it did not
        // show.
        let rides_on_listing = stage == Stage::Poll && pass.listing.is_some() && agenda.has_candidates(now);
        if !is_due && !rides_on_listing {
            continue;
        }
        let mut run = JobRun::begun(stage.as_str(), now);
        agenda.ran(run.clone());
        let next_look = agenda.next_look(settings, now);
        // Lists can wait, and what is left of them is due at once.
        let start_at = agenda.start_at().filter(|_| stage == Stage::Collect);
        let stopped = pass.run(stage, until(next_look.into_iter().chain(start_at).min())).await?;
        if stage == Stage::Discover && stopped.is_none() {
            gaps::looked(context, &evidence, now).await?;
        }
        run.last_finished_at = clock.now().max(now);
        if let Some(stopped) = &stopped {
            run.outcome = stopped.to_string();
        }
        agenda.refresh(context, pass.memory).await?;
        agenda.ran(run.clone());
        run.next_due_at = agenda.due_at(stage, settings, now);
        catalog.job_ran(&run).await?;
        report.ran.push((stage, stopped));
    }
    // What may wait comes last: nothing that is due is kept waiting for it.
    if !pass.memory.has_rest && agenda.search_at().is_some_and(|at| all || at <= now) {
        let until = until(agenda.next_look(settings, now).into_iter().chain(agenda.start_at()).min());
        search::run(context, pass.memory, &pass.rules, all, until, now).await?;
        agenda.refresh(context, pass.memory).await?;
    }
    budget.end().await?;
    if !report.ran.is_empty() {
        agenda.replan(context, pass.memory, now).await?;
    }
    if let Some(interval) = agenda.look_interval(settings, now) {
        gaps::planned(context, interval).await?;
    }
    let told_over_at = agenda.told_over_at().filter(|_| settings.stream);
    let due_at = Stage::ALL.into_iter().filter_map(|stage| agenda.due_at(stage, settings, now));
    report.next_due_at = due_at.chain(told_over_at).chain(agenda.start_at()).chain(agenda.search_at()).min();
    Ok(report)
}

/// What one stage of a pass hands to the next.
struct Pass<'p> {
    context: &'p Context,
    memory: &'p mut Memory,
    rules: Rules,
    is_clock_sure: bool,
    /// What the organisation's list shows, once it was read to its end.
    listing: Option<Listing>,
    now: Timestamp,
}

impl Pass<'_> {
    /// Runs a stage; the next look is due `until` then, by the monotonic clock.
    async fn run(&mut self, stage: Stage, until: Duration) -> Ran {
        let Self { context, memory, rules, now, .. } = self;
        match stage {
            Stage::Discover => {
                let discovered = discover::run(context, rules, *now).await?;
                self.listing = discovered.listing;
                Ok(discovered.stopped)
            }
            Stage::Poll => poll::run(context, self.listing.as_ref(), &mut memory.shown, rules, until, *now).await,
            Stage::Collect => {
                let collected = collect::run(context, rules, until, *now).await?;
                memory.has_rest = collected.has_rest;
                Ok(collected.stopped)
            }
            Stage::Maintain => maintain::run(context, self.is_clock_sure, *now).await,
        }
    }
}

/// The stages of a pass. After a pause, the probe is not the call that failed last, if there is another: the stage that
/// makes it comes behind the others.
fn order(failed_last: Option<Endpoint>) -> [Stage; 4] {
    match failed_last {
        Some(Endpoint::OrgConferences | Endpoint::UserConferences) => {
            [Stage::Poll, Stage::Collect, Stage::Discover, Stage::Maintain]
        }
        Some(Endpoint::Query | Endpoint::Conference) => [Stage::Discover, Stage::Collect, Stage::Poll, Stage::Maintain],
        _ => Stage::ALL,
    }
}
