//! `run`: the daemon.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::logging::Level;
use super::reload::{Reloads, Running};
use super::wiring::{self, Works};
use crate::catalog;
use crate::config::{Config, ConfigError, Loaded};
use crate::daemon::heartbeat::Heartbeat;
use crate::daemon::http::Http;
use crate::daemon::lifecycle::{Service, Watchdog, reload_signal, stop_on_signals};
use crate::daemon::trigger::Trigger;
use crate::daemon::worker::{self, Report};
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::schedule::Schedule;

/// How long to wait before a catalog that is held is tried again.
const HELD: Duration = Duration::from_secs(2);

/// Works as `loaded` says until it is stopped; on SIGHUP, as `read` says from then on.
pub(super) async fn run(
    loaded: Loaded,
    read: impl Fn() -> Result<Loaded, ConfigError>,
    level: &Level,
) -> anyhow::Result<()> {
    // Before anything else: a stop that comes early is a stop all the same, and a reload must not end the process.
    let stop = stop_on_signals().context("signals could not be listened for")?;
    let signals = reload_signal().context("signals could not be listened for")?;
    let mut running = Running::new(loaded);
    let lock = wiring::lock(running.config())?;
    let service = Service;
    let watchdog = Watchdog::of_service_manager(Arc::new(SystemClock::new()));
    let report = Report::to(service, watchdog, &lock);
    let http = match running.config().http.listen {
        Some(address) => {
            let clock = Arc::new(SystemClock::new());
            Some(
                Http::listen(address, clock)
                    .await
                    .with_context(|| format!("http.listen: {address} cannot be listened at"))?,
            )
        }
        None => None,
    };
    let Some(mut works) = open(running.config(), &stop, &report).await? else { return Ok(()) };
    service.ready();
    let path = running.config().catalog.path.display();
    tracing::info!(catalog = %path, "at work on {path}");

    let mut reloads = Reloads { signals, read, report: &report };
    loop {
        if let Some(http) = &http {
            http.show(works.view());
        }
        let Some(next) = life(&works, &running, &stop, &mut reloads).await? else { break };
        match works.reconfigure(next.config(), next.has_other_app(&running)).await {
            Ok(()) => {
                level.set(&next.config().log)?;
                running = next;
                report.taken();
            }
            Err(error) => report.refused(&super::error::describe(&error)),
        }
    }

    service.stopping();
    drop(http);
    works.close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Works with one configuration until the daemon is stopped, or the next one is to be taken.
async fn life<R: Fn() -> Result<Loaded, ConfigError>>(
    works: &Works,
    running: &Running,
    stop: &CancellationToken,
    reloads: &mut Reloads<'_, R>,
) -> anyhow::Result<Option<Running>> {
    let config = running.config();
    let bell = Arc::new(Notify::new());
    let schedules = [config.discover.schedule(), config.poll.schedule(), Schedule::Every(config.collect.interval)];
    let heartbeat =
        config.heartbeat.url().map(Heartbeat::to).transpose().context("the heartbeat could not be set up")?;
    let trigger = Trigger::start(&schedules, &bell).await.context("the bell could not be set up")?;
    let end = stop.child_token();
    let interval = config.collect.interval.clamp(Duration::from_secs(1), Duration::from_mins(1));
    let report = reloads.report;
    let work = worker::work(&works.archive, works.clock.as_ref(), &bell, &end, report, heartbeat.as_ref(), interval);
    tokio::pin!(work);
    let next = tokio::select! {
        () = &mut work => None,
        next = reloads.next(running) => {
            end.cancel();
            work.await;
            Some(next)
        }
    };
    trigger.stop().await;
    Ok(next)
}

/// Opens the catalog, and waits while somebody else keeps it from being opened: an administrator who reads in a
/// transaction keeps it in the journal mode in which it was left. `None` if the daemon is stopped meanwhile.
async fn open(config: &Config, stop: &CancellationToken, report: &Report<'_>) -> anyhow::Result<Option<Works>> {
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
        report.alive();
        tokio::select! {
            () = clock.sleep(HELD) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}
