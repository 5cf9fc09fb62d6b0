//! The ledger: one SQLite file that any tool can read.
//!
//! State lives here and nowhere else, so that a restart at any instant resumes. There is one writer: SQLite takes one at
//! a time anyway, and one connection that waits for nobody keeps transactions short and in order. Readers stand beside
//! it. This room knows no DingTalk.

pub mod apply;
pub mod backup;
mod clock_jump;
pub mod connection;
mod damage;
mod demo;
mod due;
pub mod history;
pub mod intake;
pub mod journal;
pub mod lists;
pub mod measures;
pub mod notices;
pub mod pauses;
pub mod quota;
pub mod register;
pub mod retention;
pub mod runs;
pub mod starts;
pub mod stream;
pub mod verify;

pub use connection::{Catalog, Error, Progress};
pub use due::{After, NextAttempts};

use std::time::Duration;

use crate::domain::clock::Timestamp;

/// An instant as a column holds it.
fn column(instant: Option<Timestamp>) -> Option<i64> {
    instant.map(Timestamp::as_millis)
}

/// A column of milliseconds as a duration; a negative one, which nothing writes, as zero.
fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// A count as Rust holds it; a negative one, which nothing writes, as zero.
fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
