//! `watch`: puts conferences on watch, and takes them off.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Subcommand;

use super::error::Usage;
use super::output::{self, Listing};
use super::{conferences, import, open};
use crate::catalog::Catalog;
use crate::catalog::lists::ConferenceFilter;
use crate::catalog::register::{Registered, Registration};
use crate::config::Config;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::conference::{DiscoveredBy, is_union_id};

/// Conferences that are written in one transaction: a daemon at work waits for no longer than that takes.
const AT_A_TIME: usize = 4_000;

/// The rest between two transactions. Whoever waits for SQLite's lock looks for it ten times a second, and is not served
/// in turn: without a rest, it would find the lock taken again, each time.
const REST: Duration = Duration::from_millis(150);

#[derive(Debug, Subcommand)]
pub(super) enum Watch {
    /// Put conferences on watch
    Add {
        /// Their conferenceIds
        #[arg(required = true, value_name = "ID")]
        conference_ids: Vec<String>,
        /// Whom to ask for their recordings as
        #[arg(long, value_name = "UNION_ID")]
        union_id: Option<String>,
    },
    /// Put the conferences of a file on watch: a line each, `ID` or `ID,UNION_ID`; `-` is standard input
    Import {
        /// The file
        file: PathBuf,
    },
    /// Show the conferences that were put on watch and are still open
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Take conferences off the watch that are open or failed; what was recorded stays
    Remove {
        /// Their conferenceIds
        #[arg(required = true, value_name = "ID")]
        conference_ids: Vec<String>,
    },
}

pub(super) async fn run(watch: &Watch, config: &Config) -> anyhow::Result<()> {
    match watch {
        Watch::Add { conference_ids, union_id } => {
            conference_ids.iter().try_for_each(|id| Usage::check_conference_id(id))?;
            let union_id = union_id.as_ref().filter(|union_id| !union_id.is_empty());
            if union_id.is_some_and(|union_id| !is_union_id(union_id)) {
                let what = "--union-id is too long, or has white space or a control character in it";
                return Err(Usage(what.to_owned()).into());
            }
            let registration = |id: &String| Registration { conference_id: id.clone(), union_id: union_id.cloned() };
            add(config, &conference_ids.iter().map(registration).collect::<Vec<_>>()).await.map(drop)
        }
        Watch::Import { file } => {
            let registrations = if file.as_os_str() == "-" {
                import::read(io::stdin().lock(), Path::new("standard input"))?
            } else {
                let content = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
                import::read(content, file)?
            };
            let added = add(config, &registrations).await?;
            output::say(&cost(added, config.quota.calls_per_month));
            Ok(())
        }
        Watch::List { listing } => {
            let nothing = "no conference that was put on watch is open";
            conferences::list(config, ConferenceFilter::Watched, *listing, nothing).await
        }
        Watch::Remove { conference_ids } => {
            let refused = open::write(config, async |catalog| Ok(catalog.unwatch(conference_ids).await?)).await?;
            let what = "nothing was removed: these are unknown, neither open nor failed, or have recordings";
            ensure!(refused.is_empty(), "{what}: {}", refused.join(", "));
            output::say(&format!("{} removed", conference_ids.len()));
            Ok(())
        }
    }
}

/// Answers how many are new.
async fn add(config: &Config, registrations: &[Registration]) -> anyhow::Result<u64> {
    let Registered { added, known } =
        open::write(config, async |catalog| register(catalog, registrations).await).await?;
    output::say(&format!("{added} added, {known} known already"));
    Ok(added)
}

/// Registers them some thousands at a time, and lets go of the catalog's lock in between.
async fn register(catalog: &Catalog, registrations: &[Registration]) -> anyhow::Result<Registered> {
    let (clock, mut done) = (SystemClock::new(), Registered::default());
    for some in registrations.chunks(AT_A_TIME) {
        let before = done.added + done.known;
        if before > 0 {
            clock.sleep(REST).await;
        }
        let registered = catalog.register(some, DiscoveredBy::Cli, clock.now()).await;
        let what = "conferences are on watch, the others are not; repeat the command for those";
        let Registered { added, known } = match before {
            0 => registered?,
            _ => registered.with_context(|| format!("{before} of {} {what}", registrations.len()))?,
        };
        done.added += added;
        done.known += known;
    }
    Ok(done)
}

/// What it costs to read meetings that are over: conference info and one list each.
fn cost(added: u64, share: u64) -> String {
    let calls = added.saturating_mul(2);
    let of_share = if share > 0 { format!(" of the {share} a month") } else { String::new() };
    format!(
        "meetings that are over cost two calls each: {calls}{of_share}; those that end now are read first, and a tenth of the\n\
         month's calls stays for finding meetings"
    )
}
