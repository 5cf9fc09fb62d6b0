//! `run`: the daemon.

mod reload;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use self::reload::{Reloads, Running};
use super::logging::{self, Level};
use super::wiring::{self, Service};
use crate::catalog;
use crate::config::{Config, ConfigError, Loaded};
use crate::daemon::events;
use crate::daemon::heartbeat::Heartbeat;
use crate::daemon::http::Http;
use crate::daemon::lifecycle::{Watchdog, stop_on_signals};
use crate::daemon::lock::Lock;
use crate::daemon::report::Report;
use crate::daemon::waker::Waker;
use crate::daemon::worker;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::schedule::Schedule;

/// Works as `loaded` says until it is stopped; on SIGHUP, as `read` says from then on.
pub(super) async fn run(
    loaded: Loaded,
    read: impl Fn() -> Result<Loaded, ConfigError>,
    level: &Level,
) -> anyhow::Result<()> {
    // Before anything else: a stop that comes early counts, and a reload must not end the process.
    let stop = stop_on_signals().context("signals could not be listened for")?;
    let signals = signal(SignalKind::hangup()).context("signals could not be listened for")?;
    // Wrong credentials are refused before a file is made.
    let mut running = Running::new(loaded)?;
    let config = &running.loaded.config;
    let lock = Lock::acquire(&config.catalog.path)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let report = Report::new(Watchdog::of_service_manager(Arc::clone(&clock)), &lock);
    let mut http = None;
    if let Some(address) = config.http.listen {
        let listening = Http::listen(address, clock).await;
        http = Some(listening.with_context(|| format!("http.listen: {address} cannot be listened at"))?);
    }
    let mut waker = Waker::start().await.context("the scheduler could not be started")?;
    let Some(mut service) = open(config, &stop, &report).await? else { return Ok(()) };
    report.ready();
    let path = config.catalog.path.display();
    tracing::info!(catalog = %path, "at work on {path}");

    let mut reloads = Reloads { signals, read, report: &report };
    let ended = loop {
        if let Some(http) = &http {
            http.show(&service.archive);
        }
        let next = match Box::pin(run_until_reload(&service, &running, &mut waker, &stop, &mut reloads)).await {
            Ok(Some(next)) => next,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        match service.reconfigure(&next.loaded.config, next.has_other_app(&running)).await {
            Ok(()) => {
                level.reload(logging::filter(&next.loaded.config.log)?)?;
                running = next;
                report.taken();
            }
            Err(error) => report.refused(&super::error::describe(&error)),
        }
    };

    report.stopping();
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
    let config = &running.loaded.config;
    let schedules = [config.discover.schedule(), config.poll.schedule(), Schedule::Every(config.collect.interval)];
    let heartbeat =
        config.heartbeat.url().map(Heartbeat::to).transpose().context("the heartbeat could not be set up")?;
    waker.schedule(&schedules).await.context("the schedules could not be set up")?;
    let end = stop.child_token();
    let rest = config.collect.interval.clamp(Duration::from_secs(1), Duration::from_mins(1));
    let (archive, clock, report) = (&service.archive, service.clock.as_ref(), reloads.report);
    let notifier = wiring::notifier(config, archive)?;
    let telling = notifier.start(Arc::clone(&service.clock), end.clone(), rest).await;
    let wake = || waker.wake();
    let work = async {
        let work = worker::work(archive, clock, waker, &end, report, heartbeat.as_ref(), rest);
        let listen = async {
            if config.events.stream {
                events::listen(archive, clock, &wake, &end).await;
            }
        };
        // The one that ends first is the work, or both are stopped.
        let (worked, ()) = tokio::join!(async { work.await.inspect_err(|_| end.cancel()) }, listen);
        worked
    };
    tokio::pin!(work);
    let next = tokio::select! {
        worked = &mut work => {
            worked?;
            None
        }
        next = reloads.next(running) => {
            end.cancel();
            work.await?;
            Some(next)
        }
    };
    telling.finish().await;
    Ok(next)
}

/// Opens the catalog, and waits while another program keeps it from being opened: a reader in a transaction keeps it in the
/// journal mode in which it was left. `None` if the daemon is stopped meanwhile.
async fn open(config: &Config, stop: &CancellationToken, report: &Report<'_>) -> anyhow::Result<Option<Service>> {
    let clock = SystemClock::new();
    loop {
        match Service::open(config).await {
            Ok(service) => {
                report.works();
                return Ok(Some(service));
            }
            Err(error) => match error.downcast_ref::<catalog::Error>() {
                Some(locked) if locked.may_pass() => report.waits(locked),
                _ => return Err(error),
            },
        }
        // The service manager must not give up a daemon that waits.
        report.ready();
        report.watchdog.alive();
        if stop.run_until_cancelled(clock.sleep(Duration::from_secs(2))).await.is_none() {
            return Ok(None);
        }
    }
}
