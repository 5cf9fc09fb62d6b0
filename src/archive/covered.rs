//! Whether events come, and how much they tell of: what stages and the agenda need to know of them.

use super::Settings;
use crate::catalog::stream::StreamRow;
use crate::catalog::{self, Catalog};
use crate::domain::clock::Timestamp;
use crate::domain::coverage::Told;
use crate::domain::forecast;

/// Why there is no connection while the daemon does not run.
pub const STOPPED: &str = "the daemon was stopped";

/// An event is pushed again for so long: a connection that was lost for less time has lost none.
const PUSHED_AGAIN_MS: i64 = 30_000;

/// Whether events come, and tell of nearly everything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Covered {
    pub(super) meetings: bool,
    /// The share of the meetings that no event tells of.
    pub(super) unannounced: f64,
    pub(super) recordings: Told,
}

impl Default for Covered {
    /// No event comes.
    fn default() -> Self {
        Self { meetings: false, unannounced: 1.0, recordings: Told::default() }
    }
}

impl Covered {
    /// `stream`: the connection, where events are wanted.
    pub(super) async fn at(
        catalog: &Catalog,
        settings: &Settings,
        stream: Option<&StreamRow>,
        now: Timestamp,
    ) -> Result<Self, catalog::Error> {
        if stream.is_none_or(|stream| stream.connected_since.is_none()) {
            return Ok(Self::default());
        }
        // When they are spent, none comes for the rest of the month.
        let most = settings.pushes_per_month;
        if most > 0 && catalog.pushed(&forecast::day(now)).await? >= most {
            return Ok(Self::default());
        }
        let coverage = catalog.coverage(now).await?;
        Ok(Self {
            meetings: coverage.is_high(),
            unannounced: coverage.unannounced(),
            recordings: coverage.recordings(),
        })
    }
}

/// The connection over which events come, where they are wanted.
pub(super) async fn wanted(catalog: &Catalog, settings: &Settings) -> Result<Option<StreamRow>, catalog::Error> {
    if settings.stream { catalog.stream().await } else { Ok(None) }
}

/// Since when events come again, if some were lost before. A clock that has been set back since may have written an instant
/// of the future: until then, that means nothing.
pub(super) fn came_back(stream: &StreamRow, now: Timestamp) -> Option<Timestamp> {
    let since = stream.connected_since.filter(|since| *since <= now.as_millis())?;
    let has_lost = stream.closed_at.is_none_or(|closed_at| since - closed_at > PUSHED_AGAIN_MS);
    has_lost.then(|| Timestamp::from_millis(since))
}
