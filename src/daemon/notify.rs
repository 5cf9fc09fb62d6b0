//! Tells people what needs one of them: beside the work, and never in its way.
//!
//! What is told stands in the catalog, so a restart neither tells it twice nor forgets it. A crash between a receiver's
//! answer and the row that remembers it makes one message come twice.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::receiver::Receiver;
use crate::archive::{Archive, Settings, notices};
use crate::catalog::notices::ReceiverRow;
use crate::catalog::{self, Catalog};
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::notice::{BETWEEN_MESSAGES, Condition, GIVE_UP_AFTER, LONGEST_WAIT, next_attempt};

/// How long a message under way may take to end when the daemon is stopped.
const FINISH: Duration = Duration::from_secs(2);

/// The shortest rest between two looks.
const SHORTEST: Duration = Duration::from_secs(1);

/// Who is told, of what.
pub struct Notifier {
    catalog: Catalog,
    settings: Settings,
    share: u64,
    receivers: Vec<Receiver>,
    wants_archived: bool,
    /// Whether the catalog knows the receivers.
    is_known: bool,
}

impl Notifier {
    /// Tells `receivers` of `archive`; of archived conferences too, if that is wanted.
    pub fn new(archive: &Archive, receivers: Vec<Receiver>, wants_archived: bool) -> Self {
        let (catalog, settings) = (archive.catalog().for_observers(), archive.settings().clone());
        Self { catalog, settings, share: archive.share(), receivers, wants_archived, is_known: false }
    }

    /// Has the catalog know who is told, before anything happens that they are to hear of.
    pub async fn prepare(&mut self, now: Timestamp) -> Result<(), catalog::Error> {
        let names: Vec<_> = self.receivers.iter().map(Receiver::name).collect();
        if !names.is_empty() || !self.catalog.receivers().await?.is_empty() {
            self.catalog.set_receivers(&names, self.wants_archived, now).await?;
        }
        self.is_known = true;
        Ok(())
    }

    /// Notices what there is at `now`, and tells it to those who are due. Answers when one who was not is.
    pub async fn round(&mut self, now: Timestamp) -> Result<Option<Timestamp>, catalog::Error> {
        if !self.is_known {
            self.prepare(now).await?;
        }
        let Self { catalog, settings, share, receivers, .. } = self;
        let conditions = notices::update(catalog, settings, *share, now).await?;
        let rows = catalog.receivers().await?;
        let told = receivers.iter().filter_map(|receiver| {
            let row = rows.iter().find(|row| row.receiver == receiver.name())?;
            Some(tell(catalog, receiver, row, &conditions, now))
        });
        // Side by side: one that hangs keeps no other waiting.
        Ok(try_join_all(told).await?.into_iter().flatten().min())
    }

    /// Begins to tell, if there is somebody: looks once in `rest`, at the most, until `stop`.
    pub async fn start(mut self, clock: Arc<dyn Clock>, stop: CancellationToken, rest: Duration) -> Telling {
        if let Err(error) = self.prepare(clock.now()).await {
            tracing::debug!(%error, "the catalog does not know who is told: {error}");
        }
        if self.receivers.is_empty() {
            return Telling(None);
        }
        Telling(Some(tokio::spawn(async move {
            let mut wait = rest;
            while stop.run_until_cancelled(clock.sleep(wait)).await.is_some() {
                let now = clock.now();
                wait = match self.round(now).await {
                    Ok(next) => next.map_or(rest, |next| rest.min(next.since(now)).max(SHORTEST)),
                    Err(error) => {
                        // The worker meets the same error, and says it.
                        tracing::debug!(%error, "nobody can be told of anything: {error}");
                        rest
                    }
                };
            }
        })))
    }
}

/// The task that tells, if there is somebody to tell. It ends when this is dropped.
pub struct Telling(Option<JoinHandle<()>>);

impl Telling {
    /// Waits for a message under way, but not for long. To be called after the task was told to stop.
    pub async fn finish(mut self) {
        if let Some(task) = &mut self.0 {
            let _ = timeout(FINISH, task).await;
        }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
        }
    }
}

/// Tells `receiver`, of which the catalog says `row`, what it has not been told, if it is due. Answers when it is next.
async fn tell(
    catalog: &Catalog,
    receiver: &Receiver,
    row: &ReceiverRow,
    conditions: &[Condition],
    now: Timestamp,
) -> Result<Option<Timestamp>, catalog::Error> {
    let due_at = Timestamp::from_millis(row.next_attempt_at);
    // Nothing is planned for longer: the clock was set.
    if due_at > now && due_at <= now + LONGEST_WAIT {
        return Ok((row.untold > 0).then_some(due_at));
    }
    let name = receiver.name();
    let Some(telling) = notices::telling(catalog, name, conditions).await? else { return Ok(None) };
    match receiver.send(&telling.message, &catalog.location().to_string(), now).await {
        Ok(()) => {
            let due_at = now + BETWEEN_MESSAGES;
            catalog.told(name, &telling.named, due_at).await?;
            let number = telling.named.len();
            if row.failing_since.is_some() {
                tracing::info!("notify.{name} takes messages again");
            }
            tracing::debug!(number, "told notify.{name} of {number} notices");
            Ok(Some(due_at))
        }
        Err(refused) => {
            let attempts = u32::try_from(row.attempts).unwrap_or(u32::MAX).saturating_add(1);
            let due_at = next_attempt(name, attempts, now);
            let refused = refused.to_string();
            let given_up = catalog.not_told(name, &refused, due_at, now - GIVE_UP_AFTER, now).await?;
            // A lasting failure is logged when it begins and when it ends.
            if row.failing_since.is_none() {
                tracing::warn!("notify.{name} takes no message: {refused}; it is tried again, ever more rarely");
            }
            if given_up > 0 {
                tracing::warn!(given_up, "given up after a day: notify.{name} was not told of {given_up} notices");
            }
            Ok(Some(due_at))
        }
    }
}
