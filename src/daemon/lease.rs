//! Who works, where several daemons share a catalog: the others stand by, and call nobody.

use std::convert::Infallible;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::report::Report;
use crate::catalog::{Error, Lead, Standby};
use crate::domain::clock::Clock;
use crate::domain::lease::{RENEWAL, TIME_TO_LIVE};

/// Waits until this daemon leads. A failure to look is waited for, too.
pub async fn taken(standby: &Standby, clock: &dyn Clock, report: &Report<'_>) -> Lead {
    loop {
        match take(standby, report).await {
            Ok(Some(lead)) => return lead,
            Ok(None) => {}
            Err(error) => report.waits(&error),
        }
        report.watchdog.alive();
        clock.sleep(RENEWAL).await;
    }
}

async fn take(standby: &Standby, report: &Report<'_>) -> Result<Option<Lead>, Error> {
    let lead = standby.take().await?;
    report.works();
    if lead.is_none()
        && let Some(leader) = standby.holder().await?
    {
        report.stands_by(&leader);
    }
    Ok(lead)
}

/// Does some work for as long as the lead can be kept; `None` if it was lost.
pub async fn during<T>(standby: &Standby, lead: Lead, clock: &dyn Clock, work: impl Future<Output = T>) -> Option<T> {
    let leading = CancellationToken::new();
    tokio::select! {
        done = leading.run_until_cancelled(work) => done,
        never = keep(standby, lead, clock, &leading) => match never {},
    }
}

/// Keeps the lead for as long as it can be kept; then cancels `leading`, and comes to no end.
///
/// The time to live is counted from before the last renewal, by a clock that nobody sets: so this daemon stops before
/// another begins.
pub async fn keep(standby: &Standby, lead: Lead, clock: &dyn Clock, leading: &CancellationToken) -> Infallible {
    let mut renewed = clock.elapsed();
    while standby.is_leased() && !leading.is_cancelled() {
        clock.sleep(RENEWAL).await;
        let began = clock.elapsed();
        match timeout(RENEWAL, standby.renew(lead)).await {
            Ok(Ok(true)) => renewed = began,
            Ok(Ok(false)) => {
                tracing::warn!("another daemon has taken the lead; this one stands by");
                leading.cancel();
                break;
            }
            Ok(Err(error)) => tracing::debug!(%error, "the lead could not be renewed: {error}"),
            Err(_) => tracing::debug!("the database does not answer in time"),
        }
        if clock.elapsed().saturating_sub(renewed) + RENEWAL >= TIME_TO_LIVE {
            tracing::warn!("the lead could not be renewed in time; this daemon stands by");
            leading.cancel();
        }
    }
    std::future::pending().await
}
