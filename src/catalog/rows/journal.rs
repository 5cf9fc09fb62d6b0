//! The journal: what happened to each conference, and why.

use serde::Serialize;
use serde_json::{Value, json};

/// A call that was made about a conference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub endpoint: &'static str,
    /// `ok`, DingTalk's code, or ours.
    pub outcome: String,
    /// What was answered, in words.
    pub answer: String,
}

/// What kind of entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The conference came to be known.
    Found,
    /// What followed from an observation.
    Decided,
    /// A person's word.
    Operator,
}

impl Event {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Decided => "decided",
            Self::Operator => "operator",
        }
    }
}

/// A row of the journal.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct EventRow {
    /// In the order in which things happened.
    pub event_id: i64,
    pub conference_id: String,
    pub at: i64,
    /// `found`, `call`, `decided` or `operator`.
    pub event: String,
    /// Of a call: the endpoint that was called.
    pub endpoint: Option<String>,
    /// Of a call: `ok`, DingTalk's code, or ours.
    pub outcome: Option<String>,
    /// In words.
    pub reason: String,
    /// The conference's state from then on.
    pub state: String,
    /// When it was then to be asked about next.
    pub next_attempt_at: Option<i64>,
}

/// What is to be entered, in its order: JSON arrays of a conference's id, event, endpoint, outcome and reason.
#[derive(Default)]
pub(in crate::catalog) struct Entries(pub(in crate::catalog) Vec<Value>);

impl Entries {
    /// The calls that were made about a conference, and what followed.
    pub(in crate::catalog) fn decision(&mut self, conference_id: &str, event: Event, calls: &[Call], reason: &str) {
        self.calls(conference_id, calls);
        self.0.push(json!([conference_id, event.as_str(), null, null, reason]));
    }

    pub(in crate::catalog) fn calls(&mut self, conference_id: &str, calls: &[Call]) {
        let entry = |call: &Call| json!([conference_id, "call", call.endpoint, call.outcome, call.answer]);
        self.0.extend(calls.iter().map(entry));
    }
}
