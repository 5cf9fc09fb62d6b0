//! Starting and stopping: signals, and messages to systemd.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::domain::clock::Clock;

/// The service manager, if there is one.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceManager;

impl ServiceManager {
    /// The daemon is at work.
    pub fn ready(self) {
        notify(&[NotifyState::Ready]);
    }

    /// What it is doing, in one line.
    pub fn status(self, line: &str) {
        notify(&[NotifyState::Status(line)]);
    }

    /// It reads its configuration anew, until it says that it is ready.
    pub fn reloading(self) {
        match NotifyState::monotonic_usec_now() {
            // systemd ignores the one without the other.
            Ok(now) => notify(&[NotifyState::Reloading, now]),
            Err(error) => tracing::debug!(%error, "the monotonic clock could not be read: {error}"),
        }
    }

    /// It is about to stop.
    pub fn stopping(self) {
        notify(&[NotifyState::Stopping]);
    }
}

/// The service manager's watchdog, if it keeps one. It restarts a daemon that sends no message in time.
#[derive(Debug)]
pub struct Watchdog {
    clock: Arc<dyn Clock>,
    /// The longest time between two messages.
    interval: Option<Duration>,
    last: Mutex<Option<Duration>>,
}

impl Watchdog {
    /// The watchdog that `$WATCHDOG_USEC` announces.
    pub fn of_service_manager(clock: Arc<dyn Clock>) -> Self {
        // Twice in the time that it waits: one late message restarts nothing.
        let interval = sd_notify::watchdog_enabled().map(|limit| limit / 2);
        Self { clock, interval, last: Mutex::default() }
    }

    /// How long the daemon may rest between two signs of life.
    pub fn interval(&self) -> Option<Duration> {
        self.interval
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

fn notify(state: &[NotifyState<'_>]) {
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

/// SIGHUP, each time that it comes. Signals that nobody has received yet are one signal.
pub fn reload_signal() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}
