//! `once`: one pass of every stage.

use std::sync::Arc;

use super::wiring;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::daemon::lifecycle::stop_on_signals;
use crate::daemon::lock::Lock;
use crate::domain::clock::{Clock, SystemClock};

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let stop = stop_on_signals()?;
    config.dingtalk.credentials()?;
    let _lock = Lock::acquire(&config.catalog.path)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let catalog = Catalog::open(&config.catalog.path).await?;
    let archive = wiring::archive(config, catalog.clone(), Arc::clone(&clock))?;
    archive.prepare(clock.now()).await?;
    let report = tokio::select! {
        report = archive.once(clock.now()) => Some(report),
        () = stop.cancelled() => None,
    };
    archive.settle().await?;
    drop(archive);
    catalog.close().await;
    match report {
        None => anyhow::bail!("stopped before the pass was finished"),
        Some(report) => match report?.trouble() {
            Some(trouble) => Err(trouble.clone().into()),
            None => Ok(()),
        },
    }
}
