//! The catalog in a schema of a PostgreSQL database. Each method answers as its namesake in `sqlite`, which says what.
//!
//! Statements are not checked when they are compiled; a test prepares each of them on a server. Writers come one after the
//! other, as in SQLite: each transaction first locks the row of the lease.

mod apply;
mod clock_jump;
mod connection;
mod due;
mod gaps;
mod histories;
mod history;
mod intake;
mod journal;
mod lease;
mod lists;
mod measures;
mod notices;
mod pauses;
mod quota;
mod register;
mod runs;
mod search;
mod starts;
mod stream;
mod verify;

pub use connection::{Address, Catalog};
pub use lease::Standby;

pub(super) use connection::{is_read_only, may_pass};

use super::error::Error;
use super::{column, count, duration, rows};
