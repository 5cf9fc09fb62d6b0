//! The worker: single flight. Whoever rings wakes it; it does what is due, and waits for the next ring.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::lifecycle::Service;
use crate::archive::Archive;
use crate::domain::clock::Clock;

/// A pass that is under way when the daemon is stopped may take this long to finish; then it is dropped, which is safe
/// at any point.
const FINISH: Duration = Duration::from_secs(3);

/// Works until `stop`: at each ring, and at least every `interval` should the bell fall silent. It goes by the clock on the
/// wall, and a machine that slept or was set back can silence it; this wait does not. A pass that finds nothing due costs
/// nothing.
pub async fn work(
    archive: &Archive,
    clock: &dyn Clock,
    bell: &Notify,
    stop: &CancellationToken,
    service: Service,
    interval: Duration,
) {
    while !stop.is_cancelled() {
        let pass = archive.tick(clock.now());
        tokio::pin!(pass);
        let report = tokio::select! {
            report = &mut pass => Some(report),
            () = stop.cancelled() => timeout(FINISH, &mut pass).await.ok(),
        };
        match report {
            // What stopped a stage has been logged where it was turned into a pause; here it is only shown.
            Some(Ok(report)) => match report.trouble() {
                Some(trouble) => service.status(&format!("waiting: {trouble}")),
                None if report.ran.is_empty() => {}
                None => service.status(&summary(archive).await),
            },
            Some(Err(error)) => {
                tracing::error!(%error, "this pass could not be finished and will be tried again: {error}");
                service.status(&format!("trouble: {error}"));
            }
            None => tracing::info!("the pass under way was dropped; it is taken up again at the next start"),
        }
        tokio::select! {
            _ = timeout(interval, bell.notified()) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn summary(archive: &Archive) -> String {
    match archive.catalog().census().await {
        Ok(census) => census.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", "),
        Err(error) => format!("trouble: {error}"),
    }
}
