//! What those who look on are shown.

use crate::archive::Settings;
use crate::catalog::Catalog;

/// A catalog, and how a daemon works on it.
pub struct View {
    pub catalog: Catalog,
    pub settings: Settings,
    /// The month's share of calls in force; 0: unmetered.
    pub share: u64,
}
