//! `once`: one pass of every stage.

use anyhow::{Context, bail};

use super::wiring::{self, Works};
use crate::config::Config;
use crate::daemon::lifecycle::stop_on_signals;

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let stop = stop_on_signals().context("signals could not be listened for")?;
    let _lock = wiring::lock(config)?;
    let works = Works::open(config).await?;
    let report = tokio::select! {
        report = works.archive.once(works.clock.now()) => Some(report),
        () = stop.cancelled() => None,
    };
    works.close().await?;
    match report {
        None => bail!("stopped before the pass was finished"),
        Some(report) => match report?.trouble() {
            Some(trouble) => Err(trouble.clone().into()),
            None => Ok(()),
        },
    }
}
