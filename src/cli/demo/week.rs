//! The simulated week itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::truth;
use crate::catalog::Catalog;
use crate::catalog::register::Registration;
use crate::cli::wiring;
use crate::config::Config;
use crate::daemon::events;
use crate::daemon::stepper::Stepper;
use crate::domain::clock::{Clock, SystemClock, Timestamp, VirtualClock};
use crate::domain::conference::DiscoveredBy;
use crate::simulator::{Behaviour, Noise, Organisation, Plan, PushedEvent, Simulator};

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
    /// Metered pushes, by the simulator's count.
    pub(super) pushes: u64,
    /// What asking once a minute would have used over the same time.
    pub(super) calls_naive: u64,
    pub(super) seconds: f64,
}

/// How DingTalk pushes events.
#[derive(Clone, Copy)]
pub(super) struct Events {
    /// How many of a hundred never come.
    pub(super) loss_percent: u8,
    /// How many of a hundred meetings they tell of.
    pub(super) coverage_percent: u8,
    pub(super) pushes_per_month: u64,
}

/// Archives the week into a new catalog at `path`. Returns its figures, and where the catalog says something else than
/// the simulator knows.
pub(super) async fn archive(
    plan: &Plan,
    path: &Path,
    events: Option<Events>,
) -> anyhow::Result<(Summary, Vec<String>)> {
    let wall = SystemClock::new();
    let clock = Arc::new(VirtualClock::new(FIRST_DAY));
    let organisation = Organisation::generate(plan);
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let behaviour = Behaviour::drawn(plan.seed);
    let simulator = Simulator::start(loopback, organisation, behaviour, Arc::clone(&clock) as Arc<dyn Clock>)
        .await
        .context("the simulator could not listen on loopback")?;
    simulator.set_quota(Some(FREE_QUOTA));

    let catalog = Catalog::open_demo(path).await?;
    let mut config = config(&simulator)?;
    if let Some(Events { loss_percent, coverage_percent, pushes_per_month }) = events {
        config.events.stream = true;
        config.quota.pushes_per_month = pushes_per_month;
        simulator.stream().change(|stream| {
            stream.lost_percent = loss_percent;
            stream.covered_percent = coverage_percent;
            stream.pushes_per_month = Some(pushes_per_month);
            // The two events are ticked, as the documentation says, and nobody has minutes written.
            stream.noise = Noise::Silent;
        });
    }
    let archive = Arc::new(wiring::archive(&config, catalog.clone(), Arc::clone(&clock) as Arc<dyn Clock>)?);
    archive.prepare(clock.now()).await?;
    let week = Week {
        simulator: &simulator,
        catalog: &catalog,
        stepper: Stepper::new(Arc::clone(&archive), Arc::clone(&clock)),
        clock: &clock,
        has_events: events.is_some(),
    };
    let stop = CancellationToken::new();
    let listen = async {
        if events.is_some() {
            events::listen(&archive, clock.as_ref(), &|| {}, &stop).await;
        }
        Ok(())
    };
    let live_through = async {
        let lived = week.live_through().await;
        stop.cancel();
        lived
    };
    tokio::try_join!(live_through, listen)?;

    let mut seen = simulator.seen_in_listing();
    let told_of = simulator.stream().events().into_iter().filter(PushedEvent::is_acknowledged);
    seen.extend(told_of.filter_map(|event| event.conference_id));
    let comparison = simulator.with_organisation(|organisation| truth::of(organisation, &seen));
    let differences = truth::compare(&comparison, &catalog, clock.now()).await?;
    let summary = Summary {
        meetings: plan.meetings,
        unseen: comparison.unseen,
        recordings_expected: comparison.recordings.len(),
        recordings_archived: usize::try_from(catalog.count_recordings().await?)?,
        calls: simulator.metered_calls(),
        pushes: simulator.stream().pushes_in_month(FIRST_DAY),
        calls_naive: clock.now().since(FIRST_DAY).as_secs() / 60,
        seconds: wall.elapsed().as_secs_f64(),
    };
    catalog.close().await;
    simulator.shutdown().await;
    Ok((summary, differences))
}

struct Week<'w> {
    simulator: &'w Simulator,
    catalog: &'w Catalog,
    stepper: Stepper,
    clock: &'w VirtualClock,
    has_events: bool,
}

impl Week<'_> {
    /// Lets the time pass: registers meetings as they are created, and does what is due in between, until everything is
    /// closed and nothing is awaited any more.
    async fn live_through(&self) -> anyhow::Result<()> {
        let (mut registrations, last_end) = self.simulator.with_organisation(|organisation| {
            let registered =
                organisation.registered().map(|meeting| (meeting.registered_at, meeting.conference_id.clone()));
            let last_end = organisation.meetings().map(|meeting| meeting.ends_at).max().unwrap_or(FIRST_DAY);
            (registered.collect::<Vec<_>>(), last_end)
        });
        registrations.sort();
        let progress = progress(last_end + Duration::from_hours(72));
        for (registered_at, conference_id) in registrations {
            self.run_until(registered_at).await?;
            let registration = Registration { conference_id, union_id: None };
            self.catalog.register(&[registration], DiscoveredBy::Cli, self.clock.now()).await?;
            progress.set_position(self.clock.now().since(FIRST_DAY).as_secs());
        }
        self.run_until(last_end + Duration::from_mins(1)).await?;
        // Nothing in the simulated world takes longer than two weeks to close after the last meeting.
        let deadline = last_end + Duration::from_hours(14 * 24);
        while self.clock.now() < deadline && !is_finished(self.catalog).await? {
            self.run_until(self.clock.now() + Duration::from_hours(1)).await?;
            progress.set_position(self.clock.now().since(FIRST_DAY).as_secs());
        }
        progress.finish_and_clear();
        Ok(())
    }

    /// Does everything that is due until `until`, and stops where an event is pushed.
    async fn run_until(&self, until: Timestamp) -> anyhow::Result<()> {
        if self.has_events {
            let stream = self.simulator.stream();
            loop {
                let is_connected = stream.open_connections() > 0 || stream.connected(1).await;
                ensure!(is_connected, "the simulated week has no connection for events");
                let Some(at) = stream.next_push_at(self.clock.now()).filter(|at| *at <= until) else { break };
                self.stepper.run_until(at).await?;
                stream.deliver().await;
            }
        }
        Ok(self.stepper.run_until(until).await?)
    }
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
