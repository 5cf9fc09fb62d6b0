//! `once`: one pass of every stage.

use anyhow::Context;

use super::wiring::Service;
use crate::config::Config;
use crate::daemon::lifecycle::stop_on_signals;
use crate::daemon::lock::Lock;

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let stop = stop_on_signals().context("signals could not be listened for")?;
    // Wrong credentials are refused before a file is made.
    config.dingtalk.credentials()?;
    let _lock = Lock::acquire(&config.catalog.path)?;
    let service = Service::open(config).await?;
    let report = stop.run_until_cancelled(service.archive.once(service.clock.now())).await;
    service.close().await?;
    let report = report.context("stopped before the pass was finished")??;
    report.stopped_by().map_or(Ok(()), |error| Err(error.clone().into()))
}
