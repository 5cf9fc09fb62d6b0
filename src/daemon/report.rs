//! The daemon's reports about itself: to the service manager, to the log, and in its note, which `status` reads.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::lifecycle::{ServiceManager, Watchdog};
use super::lock::{Lock, Note};
use crate::catalog;

/// Whoever watches over a daemon learns from here what it does. Nothing is reported twice.
pub struct Report<'a> {
    manager: ServiceManager,
    watchdog: Watchdog,
    lock: &'a Lock,
    note: Mutex<Note>,
}

impl<'a> Report<'a> {
    /// Reports to the service manager, and in the note beside the lock.
    pub fn to(manager: ServiceManager, watchdog: Watchdog, lock: &'a Lock) -> Self {
        Self { manager, watchdog, lock, note: Mutex::default() }
    }

    /// The catalog keeps the daemon from working.
    pub fn waits(&self, error: &catalog::Error) {
        let waits_for = error.to_string();
        let mut note = self.note();
        if note.waits_for.as_deref() == Some(waits_for.as_str()) {
            return;
        }
        // A lasting failure is logged when it begins and when it ends; what it is meanwhile stands in `status`.
        if note.waits_for.is_none() {
            tracing::error!(%error, "nothing can be done until this is over: {error}");
        } else {
            tracing::debug!(%error, "still waiting, and now for this: {error}");
        }
        self.manager.status(&format!("waiting: {error}"));
        note.waits_for = Some(waits_for);
        self.write(&note);
    }

    /// The catalog does not keep it from working, or not any more.
    pub fn works(&self) {
        let mut note = self.note();
        if note.waits_for.take().is_some() {
            tracing::info!("the catalog can be written again; the work goes on");
            self.write(&note);
        }
    }

    /// The daemon cannot go on.
    pub fn ends(&self, error: &catalog::Error) {
        tracing::error!(%error, "the daemon ends: {error}");
        self.manager.status(&format!("failed: {error}"));
    }

    /// A configuration is read anew.
    pub fn reloads(&self) {
        self.manager.reloading();
    }

    /// It is refused for this reason; the running settings stay.
    pub fn refused(&self, reason: &str) {
        tracing::error!("the configuration is refused, and the running settings stay: {reason}");
        let mut note = self.note();
        note.refused = Some(reason.to_owned());
        self.write(&note);
        drop(note);
        self.manager.ready();
        self.does("at work");
    }

    /// The running settings are those of the configuration.
    pub fn taken(&self) {
        let mut note = self.note();
        if note.refused.take().is_some() {
            self.write(&note);
        }
        self.manager.ready();
    }

    /// What the daemon does, in one line. A configuration that was refused stands before it.
    pub fn does(&self, what: &str) {
        match &self.note().refused {
            Some(reason) => self.manager.status(&format!("the configuration is refused: {reason}; {what}")),
            None => self.manager.status(what),
        }
    }

    /// The work goes on, even if it waits.
    pub fn alive(&self) {
        self.watchdog.alive();
    }

    /// The longest rest that the watchdog allows.
    pub(super) fn longest_rest(&self) -> Duration {
        self.watchdog.interval().unwrap_or(Duration::MAX)
    }

    fn note(&self) -> MutexGuard<'_, Note> {
        self.note.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, note: &Note) {
        if let Err(error) = self.lock.write(note) {
            tracing::debug!(%error, "the daemon's note could not be written: {error}");
        }
    }
}
