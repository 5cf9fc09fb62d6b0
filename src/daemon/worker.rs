//! The worker: single flight. Whoever rings wakes it; it does what is due, and waits for the next ring.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::lifecycle::Service;
use super::lock::Lock;
use crate::archive::Archive;
use crate::catalog;
use crate::domain::clock::Clock;

/// A pass that is under way when the daemon is stopped may take this long to finish; then it is dropped, which is safe
/// at any point.
const FINISH: Duration = Duration::from_secs(3);

/// Whoever looks after a daemon: what it does is told here, and nothing is told twice.
pub struct Report<'a> {
    service: Service,
    lock: &'a Lock,
    waits_for: Option<String>,
}

impl<'a> Report<'a> {
    /// Tells the service manager, and through the lock's file those who ask for the daemon's status.
    #[must_use]
    pub fn to(service: Service, lock: &'a Lock) -> Self {
        Self { service, lock, waits_for: None }
    }

    /// The catalog keeps the daemon from working.
    pub fn waits(&mut self, error: &catalog::Error) {
        let waits_for = error.to_string();
        if self.waits_for.as_deref() == Some(waits_for.as_str()) {
            return;
        }
        // Of trouble that lasts, the log has its beginning and its end; what it says meanwhile is in `status`.
        if self.waits_for.is_none() {
            tracing::error!(%error, "nothing can be done until this is over: {error}");
        } else {
            tracing::debug!(%error, "still waiting, and now for this: {error}");
        }
        self.service.status(&format!("waiting: {error}"));
        self.say(Some(&waits_for));
        self.waits_for = Some(waits_for);
    }

    /// The catalog does not keep it from working, or not any more.
    pub fn works(&mut self) {
        if self.waits_for.take().is_some() {
            tracing::info!("the catalog can be written again; the work goes on");
            self.say(None);
        }
    }

    fn say(&self, waits_for: Option<&str>) {
        if let Err(error) = self.lock.say(waits_for) {
            tracing::debug!(%error, "the lock file could not be written: {error}");
        }
    }
}

/// Works until `stop`: at each ring, and at least every `interval` should the bell fall silent. It goes by the clock on the
/// wall, and a machine that slept or was set back can silence it; this wait does not. A pass that finds nothing due costs
/// nothing.
pub async fn work(
    archive: &Archive,
    clock: &dyn Clock,
    bell: &Notify,
    stop: &CancellationToken,
    mut report: Report<'_>,
    interval: Duration,
) {
    while !stop.is_cancelled() {
        let pass = archive.tick(clock.now());
        tokio::pin!(pass);
        let done = tokio::select! {
            done = &mut pass => Some(done),
            () = stop.cancelled() => timeout(FINISH, &mut pass).await.ok(),
        };
        match done {
            // What stopped a stage has been logged where it was turned into a pause; here it is only shown.
            Some(Ok(done)) => {
                // A pass that found nothing due has written nothing, and found out nothing.
                if !done.ran.is_empty() {
                    report.works();
                }
                match done.trouble() {
                    Some(trouble) => report.service.status(&format!("waiting: {trouble}")),
                    None if done.ran.is_empty() => {}
                    None => report.service.status(&summary(archive).await),
                }
            }
            Some(Err(error)) => report.waits(&error),
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
