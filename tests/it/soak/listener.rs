//! The archiver's connection for events, as [`recording_archiver::daemon::events`] holds it, but by the world's clock and
//! one push at a time, so that a seed repeats its month to the step.

use std::future::pending;
use std::sync::Mutex;
use std::time::Duration;

use recording_archiver::archive::Archive;
use recording_archiver::archive::events::{Connection, Frame, Verdict};
use recording_archiver::catalog::Error;
use recording_archiver::daemon::events::{DEAD, Openings, SHORT_LIFE, SILENCE};
use recording_archiver::domain::clock::Timestamp;
use recording_archiver::domain::event::Push;
use recording_archiver::domain::failure::Class;
use recording_archiver::simulator::StreamGateway;

use super::countdown::{Countdown, Occurrence};
use super::shared::Shared;

/// So many pushes are taken in at once at the most, where they are not taken in one by one.
pub(crate) const AT_A_TIME: usize = 64;

/// Holds the connection.
#[derive(Default)]
pub(crate) struct Listener {
    open: Option<Open>,
    openings: Openings,
    /// When the next connection may be opened, by the clock that is never set.
    opens_at: Duration,
}

struct Open {
    connection: Connection,
    opened_at: Duration,
    /// Since when nothing comes over it.
    silent_since: Option<Duration>,
}

/// What it works with.
pub(crate) struct Hearing<'h> {
    pub(crate) archive: &'h Archive,
    pub(crate) countdown: &'h Countdown,
    pub(crate) shared: &'h Mutex<Shared>,
    pub(crate) stream: StreamGateway,
    /// How many connections are open beside its own.
    pub(crate) others: usize,
    /// Whether nothing comes over a new connection.
    pub(crate) is_silent: bool,
    pub(crate) now: Timestamp,
    pub(crate) elapsed: Duration,
    /// Whether pushes that have come together are taken in together.
    pub(crate) takes_many: bool,
}

impl Listener {
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether anything comes over its connection.
    pub(crate) fn hears(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.silent_since.is_none())
    }

    /// When it has to look after its connection; `None`: it holds.
    pub(crate) fn next_at(&self) -> Option<Duration> {
        match &self.open {
            None => Some(self.opens_at),
            Some(open) => open.silent_since.map(|since| since + SILENCE + DEAD),
        }
    }

    /// Whether it has noticed that nothing comes over its connection any more.
    pub(crate) fn is_dead(&self, elapsed: Duration) -> bool {
        self.is_open() && self.next_at().is_some_and(|at| at <= elapsed)
    }

    /// Nothing comes over its connection from here on; or it does again.
    pub(crate) fn set_silent(&mut self, is_silent: bool, elapsed: Duration) {
        if let Some(open) = &mut self.open {
            open.silent_since = is_silent.then(|| open.silent_since.unwrap_or(elapsed));
        }
    }

    /// Opens a connection if there is none and one may be opened.
    pub(crate) async fn open(&mut self, hearing: &Hearing<'_>) -> Result<(), Error> {
        let Hearing { archive, now, elapsed, .. } = *hearing;
        if self.is_open() || elapsed < self.opens_at {
            return Ok(());
        }
        let opened = archive.open_stream().await;
        if opened.as_ref().err().is_none_or(|error| error.class != Class::Held) {
            self.openings.note(elapsed);
        }
        match opened {
            Ok(connection) => {
                let silent_since = hearing.is_silent.then_some(elapsed);
                self.open = Some(Open { connection, opened_at: elapsed, silent_since });
                assert!(hearing.stream.connected(hearing.others + 1).await, "the connection was not opened");
                archive.stream_opened(now).await?;
            }
            Err(error) => {
                archive.stream_closed(&error.to_string(), now).await?;
                self.openings.fail();
                self.opens_at = elapsed + self.openings.wait(elapsed);
            }
        }
        Ok(())
    }

    /// Takes in what comes, without end.
    pub(crate) async fn hear_all(&mut self, hearing: &Hearing<'_>) -> Result<(), Error> {
        while self.is_open() {
            self.hear(hearing).await?;
        }
        pending().await
    }

    /// Takes in what comes next.
    pub(crate) async fn hear(&mut self, hearing: &Hearing<'_>) -> Result<(), Error> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let mut frame = open.connection.next().await;
        let (mut pushes, mut ids): (Vec<Push>, Vec<String>) = (Vec::new(), Vec::new());
        let said = loop {
            let said = match frame {
                Ok(Some(Frame::Push { message_id, push })) => {
                    pushes.push(*push);
                    ids.push(message_id);
                    Ok(())
                }
                Ok(Some(Frame::Ping { message_id, data })) => {
                    open.connection.answer(&message_id, Verdict::Pong(&data)).await
                }
                Ok(Some(Frame::Unasked { message_id })) => open.connection.answer(&message_id, Verdict::NotFound).await,
                Ok(Some(Frame::Disconnect)) => {
                    // Nothing comes over it any more: another one is opened in its place, and nothing was lost.
                    self.open = None;
                    self.opens_at = hearing.elapsed;
                    return Ok(());
                }
                Ok(None) => Ok(()),
                Err(why) => Err(why),
            };
            let next = if hearing.takes_many && pushes.len() < AT_A_TIME { open.connection.next_now() } else { None };
            match (said, next) {
                (Ok(()), Some(next)) => frame = next,
                (said, _) => break said,
            }
        };
        if let Err(why) = said {
            return self.lose(&why, hearing).await;
        }
        if pushes.is_empty() {
            return Ok(());
        }
        hearing.shared.lock().unwrap().evidence.push_came(&pushes);
        hearing.countdown.occurs(Occurrence::Push);
        hearing.archive.take_in(&pushes, hearing.now).await?;
        hearing.shared.lock().unwrap().evidence.pushes += u64::try_from(pushes.len()).unwrap();
        for id in &ids {
            if !hearing.countdown.occurs(Occurrence::Acknowledgement) {
                return pending().await;
            }
            if let Err(why) = open.connection.answer(id, Verdict::Done).await {
                return self.lose(&why, hearing).await;
            }
        }
        Ok(())
    }

    /// Its connection was lost.
    pub(crate) async fn lose(&mut self, why: &str, hearing: &Hearing<'_>) -> Result<(), Error> {
        if let Some(open) = self.open.take() {
            let lived = hearing.elapsed.saturating_sub(open.opened_at);
            if lived < SHORT_LIFE { self.openings.fail() } else { self.openings.succeed() }
        }
        self.opens_at = hearing.elapsed + self.openings.wait(hearing.elapsed);
        hearing.archive.stream_closed(why, hearing.now).await
    }
}
