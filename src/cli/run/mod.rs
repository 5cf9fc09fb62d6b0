//! `run`: the daemon.

mod reload;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::reload::{Reloads, Running};
use super::logging::{self, Level};
use super::wiring::{self, Service};
use crate::catalog::{self, Lead, Standby};
use crate::config::{ConfigError, Loaded};
use crate::daemon::events;
use crate::daemon::heartbeat::Heartbeat;
use crate::daemon::http::Http;
use crate::daemon::lease;
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
    let location = wiring::location(config)?;
    let opening = patiently(&stop, &report, async || Ok(location.stand_by(wiring::owner()).await?));
    let Some(standby) = opening.await? else { return Ok(()) };
    if standby.is_leased() {
        report.ready();
    }
    let mut reloads = Reloads { signals, read, report: &report };
    while let Some(lead) = lead(&standby, &mut running, http.as_ref(), &stop, &mut reloads).await {
        let (leading, clock) = (stop.child_token(), SystemClock::new());
        let work =
            lead_until_stopped(&standby, lead, &mut running, &mut waker, &leading, http.as_ref(), level, &mut reloads);
        let ended = tokio::select! {
            ended = Box::pin(work) => ended,
            never = lease::keep(&standby, lead, &clock, &leading) => match never {},
        };
        match ended {
            Err(error) if leading.is_cancelled() && !stop.is_cancelled() => {
                tracing::warn!("what was under way when the lead was lost was not finished: {error:#}");
            }
            ended => {
                // Where it cannot be given back, it runs out.
                let _ = timeout(Duration::from_secs(2), standby.give_back(lead)).await;
                ended?;
            }
        }
    }
    report.stopping();
    tracing::info!("stopped");
    Ok(())
}

/// Waits until this daemon leads, and takes what configuration there is meanwhile; `None` if it is stopped.
async fn lead<R: Fn() -> Result<Loaded, ConfigError>>(
    standby: &Standby,
    running: &mut Running,
    http: Option<&Http>,
    stop: &CancellationToken,
    reloads: &mut Reloads<'_, R>,
) -> Option<Lead> {
    let (clock, report) = (SystemClock::new(), reloads.report);
    loop {
        if let (Some(http), true) = (http, standby.is_leased()) {
            http.stand_by();
        }
        let taken = lease::taken(standby, &clock, report);
        tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            lead = taken => {
                report.leads();
                return Some(lead);
            }
            next = reloads.next(running) => {
                *running = next;
                report.taken();
            }
        }
    }
}

/// Works on the catalog until `leading` ends.
#[expect(clippy::too_many_arguments, reason = "all that a daemon is made of, spelt out")]
async fn lead_until_stopped<R: Fn() -> Result<Loaded, ConfigError>>(
    standby: &Standby,
    lead: Lead,
    running: &mut Running,
    waker: &mut Waker,
    leading: &CancellationToken,
    http: Option<&Http>,
    level: &Level,
    reloads: &mut Reloads<'_, R>,
) -> anyhow::Result<()> {
    let (config, report) = (&running.loaded.config, reloads.report);
    let opened = patiently(leading, report, async || Service::open(config, standby, lead).await).await?;
    let Some(mut service) = opened else { return Ok(()) };
    report.ready();
    let location = service.archive.catalog().location();
    tracing::info!(catalog = %location, "at work on {location}");
    let ended = loop {
        if let Some(http) = http {
            http.show(&service.archive);
        }
        let next = match Box::pin(run_until_reload(&service, running, waker, leading, reloads)).await {
            Ok(Some(next)) => next,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        match service.reconfigure(&next.loaded.config, next.has_other_app(running)).await {
            Ok(()) => {
                level.reload(logging::filter(&next.loaded.config.log)?)?;
                *running = next;
                report.taken();
            }
            Err(error) => report.refused(&super::error::describe(&error)),
        }
    };
    let closed = service.close().await;
    ended?;
    closed
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

/// Opens the catalog, and waits while it cannot be opened for something that passes: a reader in a transaction keeps a file
/// in the journal mode in which it was left, and a server restarts. `None` if the daemon is stopped meanwhile.
async fn patiently<T>(
    stop: &CancellationToken,
    report: &Report<'_>,
    open: impl AsyncFn() -> anyhow::Result<T>,
) -> anyhow::Result<Option<T>> {
    let clock = SystemClock::new();
    loop {
        match open().await {
            Ok(opened) => {
                report.works();
                return Ok(Some(opened));
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
