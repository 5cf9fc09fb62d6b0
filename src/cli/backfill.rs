//! `backfill`: searches a time for meetings that ended unseen.
//!
//! A daemon at work searches it, by its own calls; without one, this command does.

use std::time::Duration;

use clap::Args;

use super::error::Usage;
use super::output;
use super::screen::Screen;
use super::wiring::Service;
use super::zone::When;
use crate::catalog::Catalog;
use crate::catalog::gaps::GapRow;
use crate::config::Config;
use crate::daemon::lock::{self, Lock};
use crate::domain::clock::{Clock, SystemClock, Timestamp};
use crate::domain::gap::Search;

#[derive(Args, Debug)]
pub(super) struct Backfill {
    /// From this day or instant on: 2026-06-01, 2026-06-01T09:00:00Z, today, yesterday, or 7d for seven days ago
    #[arg(long, value_name = "D")]
    since: When,
    /// Up to the end of this day, or this instant [default: now]
    #[arg(long, value_name = "D")]
    until: Option<When>,
}

/// How long a daemon at work may take. It looks for what others have written once a minute at the least.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often the catalog is read meanwhile.
const REST: Duration = Duration::from_millis(100);

pub(super) async fn run(backfill: &Backfill, config: &Config) -> anyhow::Result<()> {
    let clock = SystemClock::new();
    let (zone, now) = (Screen::of_stdout(false).zone, clock.now());
    let began_at = backfill.since.begins(zone, now);
    let ended_at = backfill.until.map_or(now, |until| until.ends(zone, now)).min(now);
    if began_at >= ended_at {
        return Err(Usage("--since must lie before --until, and before now".to_owned()).into());
    }
    match Lock::acquire(&config.catalog.path) {
        Ok(_lock) => {
            // Wrong credentials are refused before a catalog is made. Beside a daemon, none are needed.
            config.dingtalk.credentials()?;
            let service = Service::open(config).await?;
            let catalog = service.archive.catalog();
            let gap_id = ask_for(catalog, began_at, ended_at).await?;
            let stopped = service.archive.search(clock.now()).await?;
            let row = catalog.gap(gap_id).await?;
            service.close().await?;
            report(row.as_ref())?;
            stopped.map_or(Ok(()), |error| Err(error.into()))
        }
        Err(lock::Error::Held(_)) => {
            let catalog = Catalog::open(&config.catalog.path).await?;
            let gap_id = ask_for(&catalog, began_at, ended_at).await?;
            output::say("the daemon at work searches it");
            let row = searched(&catalog, gap_id, &clock).await?;
            catalog.close().await;
            report(row.as_ref())
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes down what is to be searched, and says what that costs.
async fn ask_for(catalog: &Catalog, began_at: Timestamp, ended_at: Timestamp) -> anyhow::Result<i64> {
    let (rooms, bookings) = catalog.search_size().await?;
    output::say(&format!(
        "a call for each twenty past meetings where DingTalk lists them to this app; else some {} calls for {rooms} room \
         codes and {bookings} bookings that are known; and two for each meeting that is found",
        rooms + 2 * bookings
    ));
    Ok(catalog.ask_for(began_at, ended_at).await?)
}

/// The gap once it is searched, or after a while.
async fn searched(catalog: &Catalog, gap_id: i64, clock: &SystemClock) -> anyhow::Result<Option<GapRow>> {
    let begun = clock.elapsed();
    loop {
        let row = catalog.gap(gap_id).await?;
        let is_over = row.as_ref().is_none_or(|row| row.searched_at.is_some());
        if is_over || clock.elapsed().saturating_sub(begun) >= PATIENCE {
            return Ok(row);
        }
        clock.sleep(REST).await;
    }
}

fn report(row: Option<&GapRow>) -> anyhow::Result<()> {
    let Some(row) = row else {
        return output::print("it has become part of a longer time that is searched: `gaps list` shows it\n");
    };
    let search = row.search();
    let left = if search == Search::Awaited { "; the daemon goes on, and `gaps list` shows how far" } else { "" };
    output::print(&format!("meetings found that nobody had seen: {}; searched: {search}{left}\n", row.found))
}
