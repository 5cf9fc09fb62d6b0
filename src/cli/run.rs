//! `run`: the daemon.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Notify;

use super::wiring::Works;
use crate::config::Config;
use crate::daemon::lifecycle::{Service, stop_on_signals};
use crate::daemon::trigger::Trigger;
use crate::daemon::worker;
use crate::domain::schedule::Schedule;

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    // Before anything else: a stop that comes early is a stop all the same.
    let stop = stop_on_signals().context("signals could not be listened for")?;
    let works = Works::open(config).await?;
    let bell = Arc::new(Notify::new());
    let schedules = [config.discover.schedule(), config.poll.schedule(), Schedule::Every(config.collect.interval)];
    let trigger = Trigger::start(&schedules, &bell).await.context("the bell could not be set up")?;
    let service = Service;
    service.ready();
    tracing::info!(catalog = %config.catalog.path.display(), "at work on {}", config.catalog.path.display());

    let interval = config.collect.interval.clamp(Duration::from_secs(1), Duration::from_mins(1));
    worker::work(&works.archive, works.clock.as_ref(), &bell, &stop, service, interval).await;

    service.stopping();
    trigger.stop().await;
    works.close().await?;
    tracing::info!("stopped");
    Ok(())
}
