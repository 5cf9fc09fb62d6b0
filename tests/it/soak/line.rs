//! What happens between the gateway and whoever is connected to it: the archiver, and at times another program.

use std::time::Duration;

use recording_archiver::domain::clock::Clock;
use recording_archiver::simulator::StreamBehaviour;

use super::events::StreamEvent;
use super::listener::{Hearing, Listener};
use super::run::{Run, unless_out};
use crate::gateway::client::{Client, Says};

/// Who is connected beside the archiver.
#[derive(Default)]
pub(crate) struct Line {
    /// Another program with the same app.
    rival: Option<Client>,
    /// The numbers of all its connections.
    pub(crate) rivals: Vec<u64>,
    /// Connections that somebody has left while they were silent: the gateway does not notice.
    left: usize,
    /// Whether new connections are silent.
    is_silent: bool,
}

impl Line {
    fn others(&self) -> usize {
        self.left + usize::from(self.rival.is_some())
    }

    fn rival_leaves(&mut self) {
        if let Some(rival) = self.rival.take() {
            rival.reading.abort();
        }
    }
}

impl Run {
    /// Keeps the connection for events, and takes in what is pushed now; `None` if that was the process's end.
    pub(crate) async fn listen(&mut self) -> Option<()> {
        let elapsed = self.world.elapsed();
        if self.ears().is_some_and(|(listener, _)| listener.is_dead(elapsed)) {
            self.line.left += 1;
            let (listener, hearing) = self.ears()?;
            unless_out(hearing.countdown, Box::pin(listener.lose("nothing comes any more", &hearing))).await?;
        }
        if let Some((listener, hearing)) = self.ears() {
            unless_out(hearing.countdown, Box::pin(listener.open(&hearing))).await?;
        }
        self.deliver().await
    }

    /// Has what is due now pushed, and taken in.
    pub(crate) async fn deliver(&mut self) -> Option<()> {
        let stream = self.simulator.stream();
        match self.ears() {
            Some((listener, hearing)) if listener.hears() => tokio::select! {
                biased;
                ended = unless_out(hearing.countdown, Box::pin(listener.hear_all(&hearing))) => ended,
                () = stream.deliver() => Some(()),
            },
            _ => {
                stream.deliver().await;
                Some(())
            }
        }
    }

    pub(crate) async fn happen_to_stream(&mut self, event: &StreamEvent) -> Option<()> {
        let stream = self.simulator.stream();
        let is_silent = self.ears().is_some_and(|(listener, _)| listener.is_open() && !listener.hears());
        let happens = match event {
            // Of a silent connection, the gateway does not see the end.
            StreamEvent::Disconnect => !is_silent && self.line.left == 0,
            StreamEvent::RivalComes => !self.line.is_silent && self.line.rival.is_none(),
            _ => true,
        };
        if !happens {
            return Some(());
        }
        if let Some(name) = event.name() {
            *self.shared.lock().unwrap().evidence.faults.entry(name.to_owned()).or_default() += 1;
        }
        match event {
            StreamEvent::Silence { new_too } => {
                if *new_too {
                    stream.set_silent(true);
                } else {
                    stream.fall_silent();
                }
                self.line.is_silent |= new_too;
                self.line.left += usize::from(self.line.rival.is_some());
                self.line.rival_leaves();
                self.fall_silent(true);
            }
            StreamEvent::SilenceEnds => {
                stream.set_silent(false);
                (self.line.is_silent, self.line.left) = (false, 0);
                self.fall_silent(false);
            }
            StreamEvent::Disconnect => {
                stream.disconnect_all();
                self.line.rival_leaves();
                self.hear().await?;
            }
            StreamEvent::Drop => {
                stream.drop_all();
                self.line.left = 0;
                self.line.rival_leaves();
                self.hear().await?;
            }
            StreamEvent::Ping => {
                stream.ping_all();
                if !is_silent {
                    self.hear().await?;
                }
            }
            StreamEvent::Frame(text) => {
                stream.send(text);
                if !is_silent {
                    self.hear().await?;
                }
            }
            StreamEvent::Push(event) => stream.push(event.clone()),
            StreamEvent::Cover(percent) => stream.cover(*percent),
            StreamEvent::TicketsExpire(at_once) => stream.change(|stream| {
                stream.ticket_life = if *at_once { Duration::ZERO } else { StreamBehaviour::default().ticket_life };
            }),
            StreamEvent::RivalComes => {
                self.shared.lock().unwrap().is_rivals = true;
                self.line.rival = Client::connect(&self.simulator, Says::Success).await;
                self.shared.lock().unwrap().is_rivals = false;
                let number = stream.connections().last().map(|connection| connection.number);
                self.line.rivals.extend(number.filter(|_| self.line.rival.is_some()));
            }
            StreamEvent::RivalLeaves => self.line.rival_leaves(),
        }
        self.settles().await;
        Some(())
    }

    /// The process has ended, and its connection with it.
    pub(crate) async fn hangs_up(&mut self) {
        let is_silent = self.ears().is_some_and(|(listener, _)| listener.is_open() && !listener.hears());
        self.line.left += usize::from(is_silent);
        self.process = None;
        self.settles().await;
    }

    /// Waits until the gateway sees who is connected.
    async fn settles(&mut self) {
        let open = self.line.others() + usize::from(self.ears().is_some_and(|(listener, _)| listener.is_open()));
        assert!(self.simulator.stream().connected(open).await, "{open} connections should be open");
    }

    /// Takes in one frame; `None` if that was the process's end.
    async fn hear(&mut self) -> Option<()> {
        let Some((listener, hearing)) = self.ears() else { return Some(()) };
        unless_out(hearing.countdown, Box::pin(listener.hear(&hearing))).await
    }

    fn fall_silent(&mut self, is_silent: bool) {
        let elapsed = self.world.elapsed();
        if let Some((listener, _)) = self.ears() {
            listener.set_silent(is_silent, elapsed);
        }
    }

    /// Who listens, and what with; `None` where nobody does.
    pub(super) fn ears(&mut self) -> Option<(&mut Listener, Hearing<'_>)> {
        let process = self.process.as_mut()?;
        let hearing = Hearing {
            archive: &process.archive,
            countdown: &process.countdown,
            shared: &self.shared,
            stream: self.simulator.stream(),
            others: self.line.others(),
            is_silent: self.line.is_silent,
            now: self.clock.now(),
            elapsed: self.world.elapsed(),
            takes_many: self.max_in_flight > 1,
        };
        Some((process.listener.as_mut()?, hearing))
    }
}
