//! Whoever answers for the metered calls. This room only asks; who it is, it does not know.

use futures_util::future::BoxFuture;

use super::error::Error;
use crate::domain::clock::Timestamp;
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::OwnCode;

/// A call, as far as it matters to whoever answers for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    pub endpoint: Endpoint,
    /// What about: calls about the same conference, or the same batch, have the same number.
    pub subject: u64,
}

/// Why a call may not be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: OwnCode,
    pub message: String,
}

/// A call that was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// On which day, UTC+8.
    pub day: String,
}

/// What became of a call.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    Answered,
    /// It brought no answer that can be used.
    Failed(&'a Error),
}

pub trait Gate: Send + Sync {
    /// Whether a call may be sent now: no pause stands. Asked first.
    fn admit(&self, request: Request) -> BoxFuture<'_, Result<(), Refusal>>;

    /// Counts a call that is about to be sent. Asked when all else is ready. `their_now` is what time DingTalk says it is,
    /// as far as its answers have told.
    fn charge(&self, request: Request, their_now: Option<Timestamp>) -> BoxFuture<'_, Result<Charge, Refusal>>;

    /// What became of a call that was admitted, and counted if there is a `charge`.
    fn report<'a>(&'a self, request: Request, outcome: Outcome<'a>, charge: Option<Charge>) -> BoxFuture<'a, ()>;
}
