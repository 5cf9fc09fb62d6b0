//! `once`: one pass of every stage.

use anyhow::{Context, bail};

use super::wiring::{self, Service};
use crate::config::Config;
use crate::daemon::lease;
use crate::daemon::lifecycle::stop_on_signals;
use crate::daemon::lock::Lock;

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let stop = stop_on_signals().context("signals could not be listened for")?;
    // Wrong credentials are refused before a file is made.
    config.dingtalk.credentials()?;
    let _lock = Lock::acquire(&config.catalog.path)?;
    let standby = wiring::location(config)?.stand_by(wiring::owner()).await?;
    let Some(lead) = standby.take().await? else {
        let leader = standby.holder().await?.map_or_else(|| "another daemon".to_owned(), |leader| leader.owner);
        bail!("{leader} works on this catalog: stop it, or name another catalog");
    };
    let service = Service::open(config, &standby, lead).await?;
    let pass = Box::pin(service.archive.once(service.clock.now()));
    let pass = lease::during(&standby, lead, service.clock.as_ref(), pass);
    let report = stop.run_until_cancelled(pass).await.flatten();
    service.close().await?;
    standby.give_back(lead).await?;
    let report = report.context("stopped before the pass was finished")??;
    report.stopped_by().map_or(Ok(()), |error| Err(error.clone().into()))
}
