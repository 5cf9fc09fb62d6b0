//! Keeps a Stream-mode connection open, and has the archive take in what it brings.
//!
//! Each push is acknowledged after it was written down, and not before.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::archive::Archive;
use crate::archive::events::{Connection, Frame, STOPPED, Verdict};
use crate::catalog;
use crate::domain::backoff;
use crate::domain::clock::Clock;
use crate::domain::event::Push;
use crate::domain::failure::Class;

/// Something comes every half minute: after so much silence we ask whether anybody is there.
pub const SILENCE: Duration = Duration::from_secs(40);

/// And after so much more, nobody is: a socket can die without a word.
pub const DEAD: Duration = Duration::from_secs(15);

/// DingTalk closes a connection so long after it said that nothing comes over it any more.
const LINGERS: Duration = Duration::from_secs(12);

/// A connection that lived shorter did not help.
pub const SHORT_LIFE: Duration = Duration::from_mins(1);

/// A process that is killed leaves no word: so often it is written down that the connection lives.
const SIGN_OF_LIFE: Duration = Duration::from_mins(5);

const FIRST_WAIT: Duration = Duration::from_secs(3);
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// Each opening is a metered call: a healthy connection needs some few a day, and one that never holds gets no more than
/// these.
const MOST_OPENINGS_A_DAY: usize = 24;

const DAY: Duration = Duration::from_hours(24);

/// So many pushes are taken in at once at the most.
const AT_A_TIME: usize = 64;

/// Keeps a connection open until `stop`, and calls `wake` whenever it has brought something.
pub async fn listen(archive: &Archive, clock: &dyn Clock, wake: &(dyn Fn() + Sync), stop: &CancellationToken) {
    let replace = Notify::new();
    let listener = Listener { archive, clock, wake, replace: &replace, warned_at: Mutex::default() };
    stop.run_until_cancelled(listener.listen()).await;
    written(archive.stream_closed(STOPPED, clock.now()).await);
}

/// What cannot be written does not end the connection: its events are pushed again.
fn written(written: Result<(), catalog::Error>) {
    if let Err(error) = written {
        tracing::warn!(%error, "the state of the connection for events could not be written: {error}");
    }
}

/// When connections were opened.
#[derive(Debug, Default)]
pub struct Openings {
    /// Within a day, by the monotonic clock.
    at: VecDeque<Duration>,
    /// In a row.
    failures: u32,
}

impl Openings {
    /// One was opened.
    pub fn note(&mut self, now: Duration) {
        self.at.push_back(now);
    }

    /// One could not be opened, or held for too short a time.
    pub fn fail(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// One has held.
    pub fn succeed(&mut self) {
        self.failures = 0;
    }

    /// How long to wait before the next one.
    pub fn wait(&mut self, now: Duration) -> Duration {
        self.at.retain(|at| now.saturating_sub(*at) < DAY);
        let of_day = match self.at.front() {
            Some(first) if self.at.len() >= MOST_OPENINGS_A_DAY => (*first + DAY).saturating_sub(now),
            _ => Duration::ZERO,
        };
        let of_failures = match self.failures {
            0 => Duration::ZERO,
            failures => backoff::delay(FIRST_WAIT, LONGEST_WAIT, failures - 1, "connections/open"),
        };
        of_day.max(of_failures)
    }
}

/// How a connection ended.
struct End {
    why: String,
    lived: Duration,
    /// Whether another one was asked for before.
    was_replaced: bool,
}

struct Listener<'l> {
    archive: &'l Archive,
    clock: &'l dyn Clock,
    wake: &'l (dyn Fn() + Sync),
    replace: &'l Notify,
    /// When a warning of useless events was last given.
    warned_at: Mutex<Option<Duration>>,
}

impl Listener<'_> {
    /// Opens a connection, and another one whenever one was lost or is about to end. Meanwhile those that are open go on being
    /// read.
    async fn listen(&self) {
        let opened_after = |wait: Duration| {
            let opened = async move {
                let _ = timeout(wait, pending::<()>()).await;
                self.archive.open_stream().await
            };
            Box::pin(opened.fuse())
        };
        let (mut openings, mut open) = (Openings::default(), FuturesUnordered::new());
        let mut opening = opened_after(Duration::ZERO);
        loop {
            tokio::select! {
                opened = &mut opening => {
                    // What a pause holds back was not sent.
                    if opened.as_ref().err().is_none_or(|error| error.class != Class::Held) {
                        openings.note(self.clock.elapsed());
                    }
                    match opened {
                        Ok(connection) => {
                            written(self.archive.stream_opened(self.clock.now()).await);
                            (self.wake)();
                            open.push(self.serve(connection));
                            continue;
                        }
                        Err(error) => {
                            openings.fail();
                            tracing::warn!(code = %error.code, "no connection for events: {error}");
                            if open.is_empty() {
                                self.lost(&error.to_string()).await;
                            }
                        }
                    }
                }
                () = self.replace.notified() => {}
                Some(End { why, lived, was_replaced }) = open.next() => {
                    if was_replaced {
                        // Unless another one was opened in its place, there is none.
                        if open.is_empty() {
                            self.lost(&why).await;
                        }
                        continue;
                    }
                    if lived < SHORT_LIFE { openings.fail() } else { openings.succeed() }
                    tracing::warn!("events: {why}");
                    self.lost(&why).await;
                }
            }
            opening = opened_after(openings.wait(self.clock.elapsed()));
        }
    }

    async fn lost(&self, why: &str) {
        written(self.archive.stream_closed(why, self.clock.now()).await);
        (self.wake)();
    }

    /// Takes in what comes over a connection until its end.
    async fn serve(&self, mut connection: Connection) -> End {
        let began = self.clock.elapsed();
        let (mut was_replaced, mut lived_at) = (false, began);
        let why = loop {
            let patience = if was_replaced { LINGERS } else { SILENCE };
            let frame = match timeout(patience, connection.next()).await {
                Ok(Ok(frame)) => frame,
                Ok(Err(why)) => break why,
                Err(_) if was_replaced => break "it was replaced".to_owned(),
                Err(_) => match self.is_anybody_there(&mut connection).await {
                    Ok(frame) => frame,
                    Err(why) => break why,
                },
            };
            if self.clock.elapsed().saturating_sub(lived_at) >= SIGN_OF_LIFE {
                lived_at = self.clock.elapsed();
                written(self.archive.stream_lives(self.clock.now()).await);
            }
            match self.take_in(&mut connection, frame).await {
                Ok(false) => {}
                Ok(true) if was_replaced => {}
                Ok(true) => {
                    was_replaced = true;
                    self.replace.notify_one();
                }
                Err(why) => break why,
            }
        };
        connection.close().await;
        End { why, lived: self.clock.elapsed().saturating_sub(began), was_replaced }
    }

    async fn is_anybody_there(&self, connection: &mut Connection) -> Result<Option<Frame>, String> {
        connection.ping().await?;
        timeout(DEAD, connection.next()).await.unwrap_or_else(|_| Err("nothing comes any more".to_owned()))
    }

    /// Takes in a frame, and those that have come with it; answers whether the connection is about to end.
    async fn take_in(&self, connection: &mut Connection, first: Option<Frame>) -> Result<bool, String> {
        let (mut pushes, mut ids): (Vec<Push>, Vec<String>) = (Vec::new(), Vec::new());
        let (mut frame, mut is_ending, mut lost) = (first, false, None);
        loop {
            match frame {
                Some(Frame::Push { message_id, push }) => {
                    pushes.push(*push);
                    ids.push(message_id);
                }
                Some(Frame::Ping { message_id, data }) => connection.answer(&message_id, Verdict::Pong(&data)).await?,
                Some(Frame::Disconnect) => is_ending = true,
                Some(Frame::Unasked { message_id }) => connection.answer(&message_id, Verdict::NotFound).await?,
                None => {}
            }
            if pushes.len() == AT_A_TIME {
                break;
            }
            frame = match connection.next_now() {
                Some(Ok(frame)) => frame,
                Some(Err(why)) => {
                    lost = Some(why);
                    break;
                }
                None => break,
            };
        }
        if !pushes.is_empty() {
            let taken = self.archive.take_in(&pushes, self.clock.now()).await;
            let verdict = match &taken {
                Ok(()) => Verdict::Done,
                Err(error) => {
                    let events = pushes.len();
                    tracing::warn!(%error, events, "{events} events could not be written down, and are asked for again: {error}");
                    Verdict::Later
                }
            };
            self.warn_of_waste(&pushes);
            (self.wake)();
            for id in &ids {
                connection.answer(id, verdict).await?;
            }
        }
        lost.map_or(Ok(is_ending), Err)
    }

    /// Once a day, where events come that are of no use and spend the month's pushes.
    fn warn_of_waste(&self, pushes: &[Push]) {
        let Some(waste) = pushes.iter().map(|push| push.event_type).find(|event_type| event_type.eats_pushes()) else {
            return;
        };
        let now = self.clock.elapsed();
        let mut warned_at = self.warned_at.lock().unwrap_or_else(PoisonError::into_inner);
        if warned_at.is_none_or(|at| now.saturating_sub(at) >= DAY) {
            *warned_at = Some(now);
            tracing::warn!(
                "events of the type {waste} come, are of no use, and spend the month's pushes: untick it on the app's page \
                 of events in DingTalk's developer console"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_never_holds_is_opened_ever_more_rarely_and_some_few_times_a_day() {
        let (mut openings, mut now) = (Openings::default(), Duration::ZERO);
        let mut opened = Vec::new();
        while now < 2 * DAY {
            now += openings.wait(now);
            opened.push(now);
            openings.note(now);
            openings.fail();
        }
        assert!(opened[1] < Duration::from_secs(4) && opened[4] < Duration::from_mins(1), "{opened:?}");
        for day in opened.windows(MOST_OPENINGS_A_DAY + 1) {
            assert!(day[MOST_OPENINGS_A_DAY] >= day[0] + DAY, "{day:?}");
        }
    }

    #[test]
    fn a_connection_that_held_is_opened_again_at_once() {
        let mut openings = Openings::default();
        openings.note(Duration::ZERO);
        openings.fail();
        openings.succeed();
        assert_eq!(openings.wait(Duration::from_secs(1)), Duration::ZERO);
    }
}
