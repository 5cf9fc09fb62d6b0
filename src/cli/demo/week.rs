//! The simulated week itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::truth;
use crate::catalog::Catalog;
use crate::catalog::register::Registration;
use crate::cli::wiring;
use crate::config::Config;
use crate::daemon::stepper::Stepper;
use crate::domain::clock::{Clock, SystemClock, Timestamp, VirtualClock};
use crate::domain::conference::DiscoveredBy;
use crate::simulator::{Behaviour, Organisation, Plan, Simulator};

/// Monday, the first of June 2026, midnight in UTC+8: a month that begins with a working week.
pub(super) const FIRST_DAY: Timestamp = Timestamp::from_millis(1_780_243_200_000);

/// A free organisation's calls a month.
const FREE_QUOTA: u64 = 5_000;

/// The figures of a demo.
#[derive(Serialize)]
pub(super) struct Summary {
    pub(super) meetings: usize,
    /// Those that neither were registered nor stood in any answer: too short for the listing.
    pub(super) unseen: usize,
    /// Recordings of all meetings but the unseen, by the simulator's truth.
    pub(super) recordings_expected: usize,
    pub(super) recordings_archived: usize,
    /// Metered calls, by the simulator's count.
    pub(super) calls: u64,
    /// What asking once a minute would have used over the same time.
    pub(super) calls_naive: u64,
    pub(super) seconds: f64,
}

/// Archives the week into a new catalog at `path`. Returns its figures, and where the catalog says something else than
/// the simulator knows.
pub(super) async fn archive(plan: &Plan, path: &Path) -> anyhow::Result<(Summary, Vec<String>)> {
    let wall = SystemClock::new();
    let clock = Arc::new(VirtualClock::new(FIRST_DAY));
    let organisation = Organisation::generate(plan);
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let behaviour = Behaviour::drawn(plan.seed);
    let simulator = Simulator::start(loopback, organisation, behaviour, Arc::clone(&clock) as Arc<dyn Clock>)
        .await
        .context("the simulator could not listen on loopback")?;
    simulator.set_quota(Some(FREE_QUOTA));

    let catalog = Catalog::open(path).await?;
    catalog.mark_as_demo().await?;
    let config = config(&simulator)?;
    let archive = wiring::archive(&config, catalog.clone(), Arc::clone(&clock) as Arc<dyn Clock>)?;
    archive.prepare(clock.now()).await?;
    let stepper = Stepper::new(Arc::new(archive), Arc::clone(&clock));
    live_through(&simulator, &catalog, &stepper, &clock).await?;

    let seen = simulator.seen_in_listing();
    let comparison = simulator.with_organisation(|organisation| truth::of(organisation, &seen));
    let differences = truth::compare(&comparison, &catalog, clock.now()).await?;
    let summary = Summary {
        meetings: plan.meetings,
        unseen: comparison.unseen,
        recordings_expected: comparison.recordings.len(),
        recordings_archived: usize::try_from(catalog.count_recordings().await?)?,
        calls: simulator.metered_calls(),
        calls_naive: clock.now().since(FIRST_DAY).as_secs() / 60,
        seconds: wall.elapsed().as_secs_f64(),
    };
    catalog.close().await;
    simulator.shutdown().await;
    Ok((summary, differences))
}

/// Lets the time pass: registers meetings as they are created, and does what is due in between, until everything is
/// closed and nothing is awaited any more.
async fn live_through(
    simulator: &Simulator,
    catalog: &Catalog,
    stepper: &Stepper,
    clock: &VirtualClock,
) -> anyhow::Result<()> {
    let (mut registrations, last_end) = simulator.with_organisation(|organisation| {
        let registered =
            organisation.registered().map(|meeting| (meeting.registered_at, meeting.conference_id.clone()));
        let last_end = organisation.meetings().map(|meeting| meeting.ends_at).max().unwrap_or(FIRST_DAY);
        (registered.collect::<Vec<_>>(), last_end)
    });
    registrations.sort();
    let progress = progress(last_end + Duration::from_hours(72));
    for (registered_at, conference_id) in registrations {
        stepper.run_until(registered_at).await?;
        let registration = Registration { conference_id, union_id: None };
        catalog.register(&[registration], DiscoveredBy::Cli, clock.now()).await?;
        progress.set_position(clock.now().since(FIRST_DAY).as_secs());
    }
    stepper.run_until(last_end + Duration::from_mins(1)).await?;
    // Nothing in the simulated world takes longer than two weeks to close after the last meeting.
    let deadline = last_end + Duration::from_hours(14 * 24);
    while clock.now() < deadline && !is_finished(catalog).await? {
        stepper.run_until(clock.now() + Duration::from_hours(1)).await?;
        progress.set_position(clock.now().since(FIRST_DAY).as_secs());
    }
    progress.finish_and_clear();
    Ok(())
}

/// The defaults, but for where DingTalk is and that the organisation's list is read.
fn config(simulator: &Simulator) -> anyhow::Result<Config> {
    let mut config = Config::default();
    config.dingtalk.base_url = simulator.base_url().parse()?;
    config.dingtalk.app_key = Some(simulator.app_key().to_owned());
    config.dingtalk.app_secret = Some(simulator.app_secret().to_owned().into());
    config.discover.organization = true;
    config.quota.calls_per_month = FREE_QUOTA;
    Ok(config)
}

async fn is_finished(catalog: &Catalog) -> anyhow::Result<bool> {
    let open = catalog.count_by_state().await?.iter().any(|(state, count)| *count > 0 && !state.is_closed());
    Ok(!open && catalog.next_attempts().await?.list_at.is_none())
}

/// A bar on a terminal, nothing elsewhere.
fn progress(end: Timestamp) -> ProgressBar {
    let style = ProgressStyle::with_template("simulated time {wide_bar} {percent}%").expect("it is a template");
    ProgressBar::new(end.since(FIRST_DAY).as_secs()).with_style(style)
}
