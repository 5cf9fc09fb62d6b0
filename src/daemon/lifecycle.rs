//! Starting and stopping: signals, and messages to systemd.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::domain::clock::Clock;

/// The service manager's watchdog, if it keeps one. It restarts a daemon that sends no message in time.
pub struct Watchdog {
    clock: Arc<dyn Clock>,
    /// How long the daemon may rest between two signs of life.
    pub interval: Option<Duration>,
    last: Mutex<Option<Duration>>,
}

impl Watchdog {
    /// The watchdog that `$WATCHDOG_USEC` announces.
    pub fn of_service_manager(clock: Arc<dyn Clock>) -> Self {
        // Twice in the time that it waits: one late message restarts nothing.
        let interval = sd_notify::watchdog_enabled().map(|limit| limit / 2);
        Self { clock, interval, last: Mutex::default() }
    }

    /// The work goes on. To be called by the work itself, and by no timer.
    pub fn alive(&self) {
        let Some(interval) = self.interval else { return };
        let now = self.clock.elapsed();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // This is called a thousand times a second; half of the longest time is often enough for a message.
        if last.is_none_or(|last| now.saturating_sub(last) >= interval / 2) {
            *last = Some(now);
            notify(&[NotifyState::Watchdog]);
        }
    }
}

/// Tells the service manager, if there is one.
pub(super) fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd could not be notified: {error}");
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
