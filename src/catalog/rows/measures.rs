//! What is measured of the catalog for those who watch it.

use serde::Serialize;

use crate::domain::clock::Timestamp;

/// Calls of one endpoint with one outcome, in all the months that the ledger keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    pub endpoint: String,
    pub outcome: String,
    pub calls: u64,
}

/// The open conference that has stood longest in its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Oldest {
    /// `waiting`, `active` or `ended`.
    pub state: String,
    /// Since when: its end, when it was last seen, or when it came to be known.
    pub since: Timestamp,
}
