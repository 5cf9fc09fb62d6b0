//! `once`: one pass of every stage.

use anyhow::{Context, bail};

use super::wiring::{self, Service};
use crate::config::Config;
use crate::daemon::lifecycle::stop_on_signals;

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let stop = stop_on_signals().context("signals could not be listened for")?;
    let _lock = wiring::lock(config)?;
    let service = Service::open(config).await?;
    let report = tokio::select! {
        report = service.archive.once(service.clock.now()) => Some(report),
        () = stop.cancelled() => None,
    };
    service.close().await?;
    match report {
        None => bail!("stopped before the pass was finished"),
        Some(report) => match report?.stopped_by() {
            Some(error) => Err(error.clone().into()),
            None => Ok(()),
        },
    }
}
