//! `run`: the daemon.

use std::sync::Arc;

use anyhow::Context;
use tokio::sync::Notify;

use super::wiring;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::daemon::lifecycle::{Service, stop_on_signals};
use crate::daemon::lock::Lock;
use crate::daemon::trigger::Trigger;
use crate::daemon::worker;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::schedule::Schedule;

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    // Before anything else: a stop that comes early is a stop all the same.
    let stop = stop_on_signals().context("signals could not be listened for")?;
    // What is wrong with the credentials is said before a file is made.
    config.dingtalk.credentials()?;
    let _lock = Lock::acquire(&config.catalog.path)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let catalog = Catalog::open(&config.catalog.path).await?;
    let archive = wiring::archive(config, catalog.clone(), Arc::clone(&clock))?;
    archive.prepare(clock.now()).await?;

    let bell = Arc::new(Notify::new());
    let schedules = [config.discover.schedule(), config.poll.schedule(), Schedule::Every(config.collect.interval)];
    let trigger = Trigger::start(&schedules, &bell).await.context("the bell could not be set up")?;
    let service = Service;
    service.ready();
    tracing::info!(catalog = %config.catalog.path.display(), "at work on {}", config.catalog.path.display());

    worker::work(&archive, clock.as_ref(), &bell, &stop, service).await;

    service.stopping();
    trigger.stop().await;
    let settled = archive.settle().await;
    drop(archive);
    catalog.close().await;
    tracing::info!("stopped");
    settled.context("the last calls could not be entered in the ledger; they stay counted as reserved")
}
