//! The worker: single flight. It does what is due, and waits until something is due again or a wake-up comes.

use std::future::poll_fn;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::heartbeat::Heartbeat;
use super::report::{Report, in_words};
use super::waker::Waker;
use crate::archive::{Archive, health};
use crate::catalog;
use crate::domain::clock::Clock;

/// How long a pass may take to finish when the daemon is stopped. Then it is dropped, which is safe at any point.
const FINISH: Duration = Duration::from_secs(3);

/// The rest after a pass that did nothing of what is due: it does not help to try at once.
const STUCK: Duration = Duration::from_secs(1);

/// Works until `stop`, or until the catalog is no longer the file that was opened, which is the error.
///
/// A rest ends when something is due, at a wake-up (a command may have written to the catalog), and after `longest_rest`
/// at the latest. It is measured by a clock that nobody sets, and what is due by the clock on the wall: so no rest is
/// longer than `longest_rest`, and a pass that finds nothing due costs nothing.
pub async fn work(
    archive: &Archive,
    clock: &dyn Clock,
    waker: &Waker,
    stop: &CancellationToken,
    report: &Report<'_>,
    heartbeat: Option<&Heartbeat>,
    longest_rest: Duration,
) -> Result<(), catalog::Error> {
    let longest_rest = longest_rest.min(report.watchdog.interval.unwrap_or(Duration::MAX));
    while !stop.is_cancelled() {
        let pass = watched(archive.tick(clock.now()), || report.watchdog.alive());
        tokio::pin!(pass);
        let done = tokio::select! {
            done = &mut pass => Some(done),
            () = stop.cancelled() => timeout(FINISH, &mut pass).await.ok(),
        };
        let mut rest = longest_rest;
        match done {
            // What stopped a stage was logged where it became a pause; here it is only shown.
            Some(Ok(done)) => {
                // A pass that found nothing due wrote nothing: it does not show that the catalog can be written.
                if !done.ran.is_empty() {
                    report.works();
                }
                if let (Some(heartbeat), None) = (heartbeat, done.stopped_by())
                    && is_healthy(archive, clock).await
                {
                    heartbeat.beat();
                }
                match done.stopped_by() {
                    Some(error) => report.does(&format!("waiting: {error}")),
                    None if done.ran.is_empty() => {}
                    None => report.does(&summary(archive).await),
                }
                if let Some(due_at) = done.next_due_at {
                    let now = clock.now();
                    let shortest = if due_at <= now && done.ran.is_empty() { STUCK } else { Duration::ZERO };
                    rest = rest.min(due_at.since(now).max(shortest));
                }
            }
            Some(Err(error @ catalog::Error::Moved(_))) => {
                report.ends(&error);
                return Err(error);
            }
            // Whoever keeps the lead says so.
            Some(Err(catalog::Error::Superseded)) => stop.cancelled().await,
            Some(Err(error)) => report.waits(&error),
            None => tracing::info!("the pass under way was dropped; what it had not done is still due"),
        }
        let _ = stop.run_until_cancelled(timeout(rest, waker.woken())).await;
    }
    Ok(())
}

/// `work`, which calls `alive` whenever something has come that it waited for: an answer, a row, its turn. Work that waits
/// for what never comes does not call it.
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

/// How many conferences the catalog holds in each state, in one line.
async fn summary(archive: &Archive) -> String {
    match archive.catalog().count_by_state().await {
        Ok(by_state) => in_words(by_state).unwrap_or_else(|| "no conference is known yet".to_owned()),
        Err(error) => format!("the catalog cannot be read: {error}"),
    }
}
