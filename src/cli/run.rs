//! `run`: the daemon.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::logging::Level;
use super::reload::{Reloads, Running};
use super::wiring::{self, Service};
use crate::catalog;
use crate::config::{Config, ConfigError, Loaded};
use crate::daemon::heartbeat::Heartbeat;
use crate::daemon::http::Http;
use crate::daemon::lifecycle::{ServiceManager, Watchdog, reload_signal, stop_on_signals};
use crate::daemon::report::Report;
use crate::daemon::waker::Waker;
use crate::daemon::worker;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::schedule::Schedule;

/// How long to wait before a locked catalog is tried again.
const LOCKED: Duration = Duration::from_secs(2);

/// Works as `loaded` says until it is stopped; on SIGHUP, as `read` says from then on.
pub(super) async fn run(
    loaded: Loaded,
    read: impl Fn() -> Result<Loaded, ConfigError>,
    level: &Level,
) -> anyhow::Result<()> {
    // Before anything else: a stop that comes early counts, and a reload must not end the process.
    let stop = stop_on_signals().context("signals could not be listened for")?;
    let signals = reload_signal().context("signals could not be listened for")?;
    let mut running = Running::new(loaded);
    let lock = wiring::lock(running.config())?;
    let watchdog = Watchdog::of_service_manager(Arc::new(SystemClock::new()));
    let report = Report::to(ServiceManager, watchdog, &lock);
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
    let mut waker = Waker::start().await.context("the scheduler could not be started")?;
    let Some(mut service) = open(running.config(), &stop, &report).await? else { return Ok(()) };
    ServiceManager.ready();
    let path = running.config().catalog.path.display();
    tracing::info!(catalog = %path, "at work on {path}");

    let mut reloads = Reloads { signals, read, report: &report };
    let ended = loop {
        if let Some(http) = &http {
            http.show(service.view());
        }
        let next = match run_until_reload(&service, &running, &mut waker, &stop, &mut reloads).await {
            Ok(Some(next)) => next,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        match service.reconfigure(next.config(), next.has_other_app(&running)).await {
            Ok(()) => {
                level.set(&next.config().log)?;
                running = next;
                report.taken();
            }
            Err(error) => report.refused(&super::error::describe(&error)),
        }
    };

    ServiceManager.stopping();
    drop(http);
    let closed = service.close().await;
    ended?;
    closed?;
    tracing::info!("stopped");
    Ok(())
}

/// Works with one configuration until the daemon is stopped (`None`), or the next one is to be taken.
async fn run_until_reload<R: Fn() -> Result<Loaded, ConfigError>>(
    service: &Service,
    running: &Running,
    waker: &mut Waker,
    stop: &CancellationToken,
    reloads: &mut Reloads<'_, R>,
) -> anyhow::Result<Option<Running>> {
    let config = running.config();
    let schedules = [config.discover.schedule(), config.poll.schedule(), Schedule::Every(config.collect.interval)];
    let heartbeat =
        config.heartbeat.url().map(Heartbeat::to).transpose().context("the heartbeat could not be set up")?;
    waker.schedule(&schedules).await.context("the schedules could not be set up")?;
    let end = stop.child_token();
    let rest = config.collect.interval.clamp(Duration::from_secs(1), Duration::from_mins(1));
    let (archive, clock, report) = (&service.archive, service.clock.as_ref(), reloads.report);
    let work = worker::work(archive, clock, waker, &end, report, heartbeat.as_ref(), rest);
    tokio::pin!(work);
    tokio::select! {
        worked = &mut work => {
            worked?;
            Ok(None)
        }
        next = reloads.next(running) => {
            end.cancel();
            work.await?;
            Ok(Some(next))
        }
    }
}

/// Opens the catalog, and waits while another program keeps it from being opened: a reader in a transaction keeps it in the
/// journal mode in which it was left. `None` if the daemon is stopped meanwhile.
async fn open(config: &Config, stop: &CancellationToken, report: &Report<'_>) -> anyhow::Result<Option<Service>> {
    let clock = SystemClock::new();
    loop {
        let error = match Service::open(config).await {
            Ok(service) => {
                report.works();
                return Ok(Some(service));
            }
            Err(error) => error,
        };
        match error.downcast_ref::<catalog::Error>() {
            Some(locked) if locked.may_pass() => report.waits(locked),
            _ => return Err(error),
        }
        // The daemon is up, even if it waits: the service manager must not give it up.
        ServiceManager.ready();
        report.alive();
        tokio::select! {
            () = clock.sleep(LOCKED) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}
