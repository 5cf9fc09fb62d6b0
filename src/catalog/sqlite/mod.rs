//! The catalog as a SQLite file.
//!
//! There is one writer: SQLite takes one at a time anyway, and one connection that waits for nobody keeps transactions
//! short and in order. Readers stand beside it.

mod apply;
pub mod backup;
mod clock_jump;
mod connection;
mod damage;
mod demo;
mod due;
mod gaps;
mod histories;
mod history;
mod intake;
mod journal;
mod lists;
mod measures;
mod notices;
mod pauses;
mod quota;
mod register;
pub mod retention;
mod runs;
mod search;
mod starts;
mod stream;
mod verify;

pub use connection::{Catalog, Progress};

use super::error::{Error, code};
use super::{column, count, duration, rows};
