//! `demo`: a simulated working week, archived for real.
//!
//! The stages, HTTP and SQLite are the real ones; DingTalk is the simulator, and the clock jumps from one due time to
//! the next.

mod report;
mod truth;
mod week;

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;

use super::output::{self, Dated, Format};
use super::sanitize;
use crate::catalog::Catalog;
use crate::daemon::lock::Lock;
use crate::simulator::Plan;

#[derive(Args, Debug)]
pub(super) struct Demo {
    /// The catalog to write; must not exist yet [default: demo.db, which each demo writes anew]
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// Working days to simulate
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=250))]
    days: u16,
    /// Meetings in all
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=20_000))]
    meetings: u32,
    /// The same seed gives the same organisation
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Have DingTalk push events too; the table shows the week with and without
    #[arg(long)]
    events: bool,
    /// How many of a hundred events never come
    #[arg(long, value_name = "PERCENT", default_value_t = 0, requires = "events", value_parser = clap::value_parser!(u8).range(0..=100))]
    event_loss: u8,
    /// How many of a hundred meetings events tell of
    #[arg(long, value_name = "PERCENT", default_value_t = 100, requires = "events", value_parser = clap::value_parser!(u8).range(0..=100))]
    event_coverage: u8,
    /// How many pushes a month has
    #[arg(long, value_name = "N", default_value_t = 3000, requires = "events")]
    pushes_per_month: u64,
    #[command(flatten)]
    printed: Dated,
}

const DEFAULT_CATALOG: &str = "demo.db";

/// Runs the demo; fails if the catalog differs from what the simulator knows to be true.
pub(super) async fn run(demo: &Demo) -> anyhow::Result<()> {
    let catalog = prepare(demo.catalog.as_deref()).await?;
    let plan = Plan {
        seed: demo.seed,
        meetings: usize::try_from(demo.meetings)?,
        days: usize::from(demo.days),
        first_day: week::FIRST_DAY,
    };
    let events = demo.events.then_some(week::Events {
        loss_percent: demo.event_loss,
        coverage_percent: demo.event_coverage,
        pushes_per_month: demo.pushes_per_month,
    });
    let (summary, differences) = Box::pin(week::archive(&plan, &catalog, events)).await?;
    match demo.printed.format {
        Format::Json => output::json(&summary)?,
        Format::Table => {
            let mut without = None;
            if demo.events {
                let folder = tempfile::tempdir().context("the week without events needs a folder")?;
                without = Some(Box::pin(week::archive(&plan, &folder.path().join(DEFAULT_CATALOG), None)).await?.0);
            }
            let screen = demo.printed.screen();
            report::print(&summary, without.as_ref(), differences.is_empty(), &catalog, &screen).await?;
        }
    }
    for difference in differences.iter().take(20) {
        output::say(&format!("differs: {}", sanitize::text(difference)));
    }
    let places = differences.len();
    ensure!(places == 0, "the catalog differs from the truth in {places} places (seed {})", demo.seed);
    Ok(())
}

/// Makes way for the demo's own file; never touches another.
async fn prepare(catalog: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(catalog) = catalog {
        let (exists, path) = (catalog.exists(), catalog.display());
        ensure!(!exists, "{path} exists: the demo writes a new catalog only; name another file");
        return Ok(catalog.to_owned());
    }
    let catalog = PathBuf::from(DEFAULT_CATALOG);
    // A link would lead to a file that was not made here.
    let Ok(file) = catalog.symlink_metadata() else { return Ok(catalog) };
    let is_last_demo = file.is_file() && Catalog::is_demo(&catalog).await && Lock::holder(&catalog).is_none();
    let what =
        "is not known to be a demo's, and was left untouched: remove it yourself, or name another file with --catalog";
    ensure!(is_last_demo, "{DEFAULT_CATALOG} {what}");
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let file = format!("{DEFAULT_CATALOG}{suffix}");
        if Path::new(&file).exists() {
            std::fs::remove_file(&file).with_context(|| format!("the last demo's {file} could not be removed"))?;
        }
    }
    Ok(catalog)
}
