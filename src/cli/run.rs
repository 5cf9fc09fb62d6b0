//! `run`: the daemon.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::wiring::{self, Works};
use crate::catalog;
use crate::config::Config;
use crate::daemon::lifecycle::{Service, stop_on_signals};
use crate::daemon::trigger::Trigger;
use crate::daemon::worker;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::schedule::Schedule;

/// How long to wait before a catalog that is held is tried again.
const HELD: Duration = Duration::from_secs(2);

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    // Before anything else: a stop that comes early is a stop all the same.
    let stop = stop_on_signals().context("signals could not be listened for")?;
    let lock = wiring::lock(config)?;
    let service = Service;
    let mut report = worker::Report::to(service, &lock);
    let Some(works) = open(config, &stop, &mut report).await? else { return Ok(()) };
    let bell = Arc::new(Notify::new());
    let schedules = [config.discover.schedule(), config.poll.schedule(), Schedule::Every(config.collect.interval)];
    let trigger = Trigger::start(&schedules, &bell).await.context("the bell could not be set up")?;
    service.ready();
    tracing::info!(catalog = %config.catalog.path.display(), "at work on {}", config.catalog.path.display());

    let interval = config.collect.interval.clamp(Duration::from_secs(1), Duration::from_mins(1));
    worker::work(&works.archive, works.clock.as_ref(), &bell, &stop, report, interval).await;

    service.stopping();
    trigger.stop().await;
    works.close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Opens the catalog, and waits while somebody else keeps it from being opened: an administrator who reads in a
/// transaction keeps it in the journal mode in which it was left. `None` if the daemon is stopped meanwhile.
async fn open(
    config: &Config,
    stop: &CancellationToken,
    report: &mut worker::Report<'_>,
) -> anyhow::Result<Option<Works>> {
    let clock = SystemClock::new();
    loop {
        let error = match Works::open(config).await {
            Ok(works) => {
                report.works();
                return Ok(Some(works));
            }
            Err(error) => error,
        };
        match error.downcast_ref::<catalog::Error>() {
            Some(held) if held.may_pass() => report.waits(held),
            _ => return Err(error),
        }
        // The daemon is up, whatever it waits for: the service manager must not give it up.
        Service.ready();
        tokio::select! {
            () = clock.sleep(HELD) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}
