//! What the last weeks tell about the next: when meetings begin.

use std::time::Duration;

use super::Memory;
use crate::catalog::{self, Catalog};
use crate::domain::clock::Timestamp;
use crate::domain::forecast::{self, Profile};

/// How far back experience reaches.
pub(super) const EXPERIENCE: Duration = Duration::from_hours(28 * 24);

/// When meetings begin.
pub(super) async fn learn(catalog: &Catalog, now: Timestamp) -> Result<Profile, catalog::Error> {
    let since = now - EXPERIENCE;
    let (starts, first) = catalog.starts(since).await?;
    Ok(Profile::learn(&starts, first.unwrap_or(now).max(since), now))
}

/// The same, once an hour: what is known of the week's hours changes slowly.
pub(super) async fn profile<'m>(
    catalog: &Catalog,
    memory: &'m mut Memory,
    now: Timestamp,
) -> Result<&'m Profile, catalog::Error> {
    let hour = forecast::hour(now);
    let learned = match memory.profile.take() {
        Some((learned, profile)) if learned == hour => profile,
        _ => learn(catalog, now).await?,
    };
    Ok(&memory.profile.insert((hour, learned)).1)
}
