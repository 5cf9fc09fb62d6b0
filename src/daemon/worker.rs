//! The worker: single flight. Whoever rings wakes it; it does what is due, and waits for the next ring.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::heartbeat::Heartbeat;
use super::lifecycle::{Service, Watchdog};
use super::lock::{Lock, Note};
use crate::archive::{Archive, health};
use crate::catalog;
use crate::domain::clock::Clock;

/// A pass that is under way when the daemon is stopped may take this long to finish; then it is dropped, which is safe
/// at any point.
const FINISH: Duration = Duration::from_secs(3);

/// Whoever looks after a daemon: what it does is told here, and nothing is told twice.
pub struct Report<'a> {
    service: Service,
    watchdog: Watchdog,
    lock: &'a Lock,
    told: Mutex<Note>,
}

impl<'a> Report<'a> {
    /// Tells the service manager, and through the lock's file those who ask for the daemon's status.
    #[must_use]
    pub fn to(service: Service, watchdog: Watchdog, lock: &'a Lock) -> Self {
        Self { service, watchdog, lock, told: Mutex::default() }
    }

    /// The catalog keeps the daemon from working.
    pub fn waits(&self, error: &catalog::Error) {
        let waits_for = error.to_string();
        let mut told = self.told();
        if told.waits_for.as_deref() == Some(waits_for.as_str()) {
            return;
        }
        // Of trouble that lasts, the log has its beginning and its end; what it says meanwhile is in `status`.
        if told.waits_for.is_none() {
            tracing::error!(%error, "nothing can be done until this is over: {error}");
        } else {
            tracing::debug!(%error, "still waiting, and now for this: {error}");
        }
        self.service.status(&format!("waiting: {error}"));
        told.waits_for = Some(waits_for);
        self.say(&told);
    }

    /// The catalog does not keep it from working, or not any more.
    pub fn works(&self) {
        let mut told = self.told();
        if told.waits_for.take().is_some() {
            tracing::info!("the catalog can be written again; the work goes on");
            self.say(&told);
        }
    }

    /// A configuration is read anew.
    pub fn reloads(&self) {
        self.service.reloading();
    }

    /// It cannot be taken for this reason; the running settings stay.
    pub fn refused(&self, reason: &str) {
        tracing::error!("the configuration is refused, and the running settings stay: {reason}");
        let mut told = self.told();
        told.refused = Some(reason.to_owned());
        self.say(&told);
        drop(told);
        self.service.ready();
        self.does("at work");
    }

    /// The running settings are those of the configuration.
    pub fn taken(&self) {
        let mut told = self.told();
        if told.refused.take().is_some() {
            self.say(&told);
        }
        self.service.ready();
    }

    /// What it does, in one line; first of all, that it does so by a configuration that is no longer the written one.
    fn does(&self, what: &str) {
        match &self.told().refused {
            Some(reason) => self.service.status(&format!("the configuration is refused: {reason}; {what}")),
            None => self.service.status(what),
        }
    }

    /// The daemon does what it can, be it waiting.
    pub fn alive(&self) {
        self.watchdog.alive();
    }

    /// The longest that the daemon may rest.
    fn longest_rest(&self) -> Duration {
        self.watchdog.interval().unwrap_or(Duration::MAX)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, told: &Note) {
        if let Err(error) = self.lock.write(told) {
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
    report: &Report<'_>,
    heartbeat: Option<&Heartbeat>,
    interval: Duration,
) {
    let rest = interval.min(report.longest_rest());
    while !stop.is_cancelled() {
        let pass = watched(archive.tick(clock.now()), || report.alive());
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
                if let (Some(heartbeat), None) = (heartbeat, done.trouble())
                    && is_healthy(archive, clock).await
                {
                    heartbeat.beat();
                }
                match done.trouble() {
                    Some(trouble) => report.does(&format!("waiting: {trouble}")),
                    None if done.ran.is_empty() => {}
                    None => report.does(&summary(archive).await),
                }
            }
            Some(Err(error)) => report.waits(&error),
            None => tracing::info!("the pass under way was dropped; what it had not done is still due"),
        }
        tokio::select! {
            _ = timeout(rest, bell.notified()) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// `work`, which says `alive` whenever something has come that it waited for: an answer, a row, its turn. Work that
/// waits for what never comes says nothing.
fn watched<T>(work: impl Future<Output = T>, alive: impl Fn()) -> impl Future<Output = T> {
    let mut work = Box::pin(work);
    poll_fn(move |context| {
        alive();
        work.as_mut().poll(context)
    })
}

async fn is_healthy(archive: &Archive, clock: &dyn Clock) -> bool {
    let stale = health::stale(archive.catalog(), archive.settings(), archive.share(), clock.now()).await;
    stale.is_ok_and(|stale| stale.is_empty())
}

/// What there is in the catalog, in one line.
async fn summary(archive: &Archive) -> String {
    let census = match archive.catalog().census().await {
        Ok(census) => census,
        Err(error) => return format!("trouble: {error}"),
    };
    let there: Vec<String> =
        census.iter().filter(|(_, count)| *count > 0).map(|(state, count)| format!("{count} {state}")).collect();
    if there.is_empty() { "no conference is known yet".to_owned() } else { there.join(", ") }
}
