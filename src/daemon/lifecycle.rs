//! Starting and stopping: signals, and what systemd is told.

use std::io;

use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The service manager, if there is one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Service;

impl Service {
    /// The daemon is at work.
    pub fn ready(self) {
        tell(&[NotifyState::Ready]);
    }

    /// What it is doing, in one line.
    pub fn status(self, line: &str) {
        tell(&[NotifyState::Status(line)]);
    }

    /// It is about to stop.
    pub fn stopping(self) {
        tell(&[NotifyState::Stopping]);
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd could not be told: {error}");
    }
}

/// A token that is cancelled by SIGTERM and by SIGINT.
pub fn stop_on_signals() -> io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = stop.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!("stopping on {name}");
        token.cancel();
    });
    Ok(stop)
}
