//! The rows and the words that are the same in every database.

pub mod apply;
pub(super) mod due;
pub mod gaps;
pub mod histories;
pub mod history;
pub mod intake;
pub mod journal;
pub mod lists;
pub mod measures;
pub mod notices;
pub mod pauses;
pub mod quota;
pub mod runs;
pub mod search;
pub mod starts;
pub mod stream;
pub mod verify;
