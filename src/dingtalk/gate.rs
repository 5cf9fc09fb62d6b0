//! Whoever answers for the metered calls. This room only asks; who it is, it does not know.

use futures_util::future::BoxFuture;

use super::endpoint::Endpoint;
use super::error::Error;
use crate::domain::clock::Timestamp;

/// Why a call may not be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What stands behind it: DingTalk's code, or ours.
    pub code: String,
    /// In words.
    pub message: String,
    /// Until when, where that is known.
    pub until: Option<Timestamp>,
}

/// What became of a call that was let through.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// It was answered.
    Answered,
    /// It was sent, and brought no answer that can be used.
    Failed(&'a Error),
    /// It was not sent after all: there was no token to be had, say.
    Unsent(&'a Error),
}

/// Whoever answers for the metered calls: asked before each one is sent, and told afterwards what became of it.
pub trait Gate: Send + Sync {
    /// Whether a call may be sent now. One that may is counted from here on.
    fn admit(&self, endpoint: Endpoint) -> BoxFuture<'_, Result<(), Refusal>>;

    /// What became of a call that was let through.
    fn report<'a>(&'a self, endpoint: Endpoint, outcome: Outcome<'a>) -> BoxFuture<'a, ()>;
}
