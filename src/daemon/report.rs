//! The daemon's reports about itself: to the service manager, to the log, and in its note, which `status` reads.

use std::cell::RefCell;

use sd_notify::NotifyState;

use super::lifecycle::{Watchdog, notify};
use super::lock::{Lock, Note, Reloads};
use crate::catalog;
use crate::domain::conference::State;
use crate::domain::lease::Holder;

/// How many conferences stand in each state: `2 active, 1 ended`; `None` if there are none.
pub fn in_words(by_state: impl IntoIterator<Item = (State, u64)>) -> Option<String> {
    let some = by_state.into_iter().filter(|(_, count)| *count > 0);
    let words: Vec<String> = some.map(|(state, count)| format!("{count} {state}")).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Whoever watches over a daemon learns from here what it does. Nothing is reported twice.
pub struct Report<'a> {
    /// To be told of each sign of life.
    pub watchdog: Watchdog,
    lock: &'a Lock,
    note: RefCell<Note>,
    /// The other daemon that works, as it was last reported.
    leader: RefCell<Option<Holder>>,
}

impl<'a> Report<'a> {
    pub fn new(watchdog: Watchdog, lock: &'a Lock) -> Self {
        let note = Note { reloads: Some(Reloads::default()), ..Note::default() };
        let report = Self { watchdog, lock, note: RefCell::new(note), leader: RefCell::default() };
        report.write(&report.note.borrow());
        report
    }

    /// The daemon is up, even if it waits.
    pub fn ready(&self) {
        notify(&[NotifyState::Ready]);
    }

    /// The daemon is about to end.
    pub fn stopping(&self) {
        notify(&[NotifyState::Stopping]);
    }

    /// The catalog keeps the daemon from working.
    pub fn waits(&self, error: &catalog::Error) {
        let waits_for = error.to_string();
        let mut note = self.note.borrow_mut();
        if note.waits_for.as_deref() == Some(waits_for.as_str()) {
            return;
        }
        // A lasting failure is logged when it begins and when it ends; what it is meanwhile stands in `status`.
        if note.waits_for.is_none() {
            tracing::error!(%error, "nothing can be done until this is over: {error}");
        } else {
            tracing::debug!(%error, "still waiting, and now for this: {error}");
        }
        notify(&[NotifyState::Status(&format!("waiting: {error}"))]);
        note.waits_for = Some(waits_for);
        self.write(&note);
    }

    /// The catalog does not keep it from working, or not any more.
    pub fn works(&self) {
        let mut note = self.note.borrow_mut();
        if note.waits_for.take().is_some() {
            tracing::info!("the catalog can be written again; the work goes on");
            self.write(&note);
        }
    }

    /// Another daemon works on the catalog. It is logged once.
    pub fn stands_by(&self, leader: &Holder) {
        let mut last = self.leader.borrow_mut();
        if last.as_ref() != Some(leader) {
            tracing::info!(leader = %leader.owner, "standing by: {} leads, since {}", leader.owner, leader.since);
            self.does(&format!("standing by: {} leads, since {}", leader.owner, leader.since));
            *last = Some(leader.clone());
        }
    }

    /// This daemon works on the catalog.
    pub fn leads(&self) {
        self.leader.take();
    }

    /// The daemon cannot go on.
    pub fn ends(&self, error: &catalog::Error) {
        tracing::error!(%error, "the daemon ends: {error}");
        notify(&[NotifyState::Status(&format!("failed: {error}"))]);
    }

    /// A configuration is read anew, until it is [refused](Self::refused) or [taken](Self::taken).
    pub fn reloads(&self) {
        let mut note = self.note.borrow_mut();
        note.reloads.get_or_insert_default().begun += 1;
        self.write(&note);
        match NotifyState::monotonic_usec_now() {
            // systemd ignores the one without the other.
            Ok(now) => notify(&[NotifyState::Reloading, now]),
            Err(error) => tracing::debug!(%error, "the monotonic clock could not be read: {error}"),
        }
    }

    /// It is refused for this reason; the running settings stay.
    pub fn refused(&self, reason: &str) {
        tracing::error!("the configuration is refused, and the running settings stay: {reason}");
        self.note.borrow_mut().refused = Some(reason.to_owned());
        self.ready();
        self.does("at work");
        self.decided();
    }

    /// The running settings are those of the configuration.
    pub fn taken(&self) {
        self.note.borrow_mut().refused = None;
        self.ready();
        self.decided();
    }

    /// Ends a reload, once the service manager was told: whoever reads the verdict in the note finds it informed.
    fn decided(&self) {
        let mut note = self.note.borrow_mut();
        note.reloads = note.reloads.map(|Reloads { begun, .. }| Reloads { begun, done: begun });
        self.write(&note);
    }

    /// What the daemon does, in one line. A configuration that was refused stands before it.
    pub fn does(&self, what: &str) {
        let refused =
            self.note.borrow().refused.as_ref().map(|reason| format!("the configuration is refused: {reason}; "));
        notify(&[NotifyState::Status(&format!("{}{what}", refused.unwrap_or_default()))]);
    }

    fn write(&self, note: &Note) {
        if let Err(error) = self.lock.write(note) {
            tracing::debug!(%error, "the daemon's note could not be written: {error}");
        }
    }
}
