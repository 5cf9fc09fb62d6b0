//! `watch`: which conferences are watched beside those that are found.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;

use super::output::{self, ListFormat};
use super::{Usage, conferences, import};
use crate::catalog::Catalog;
use crate::catalog::lists::ConferenceFilter;
use crate::catalog::register::{Registered, Registration};
use crate::config::Config;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::conference::{DiscoveredBy, check_conference_id, is_union_id};

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
        /// How the list is printed
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
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
            for conference_id in conference_ids {
                check_conference_id(conference_id).map_err(|bad| Usage(bad.to_string()))?;
            }
            if union_id.as_deref().is_some_and(|union_id| !union_id.is_empty() && !is_union_id(union_id)) {
                return Err(Usage(
                    "--union-id is too long, or has white space or a control character in it".to_owned(),
                )
                .into());
            }
            let registration = |conference_id: &String| Registration {
                conference_id: conference_id.clone(),
                union_id: union_id.clone().filter(|union_id| !union_id.is_empty()),
            };
            add(config, &conference_ids.iter().map(registration).collect::<Vec<_>>()).await
        }
        Watch::Import { file } => {
            let registrations = if file.as_os_str() == "-" {
                import::read(io::stdin().lock(), Path::new("standard input"))?
            } else {
                let content = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
                import::read(content, file)?
            };
            add(config, &registrations).await
        }
        Watch::List { format } => {
            let catalog = Catalog::open_read_only(&config.catalog.path).await?;
            let filter = ConferenceFilter { watched: true, ..ConferenceFilter::default() };
            let rows = catalog.list_conferences(&filter).await;
            catalog.close().await;
            conferences::print(&rows?, *format)
        }
        Watch::Remove { conference_ids } => {
            let catalog = Catalog::open(&config.catalog.path).await?;
            let refused = catalog.unwatch(conference_ids).await;
            catalog.close().await;
            let refused = refused?;
            if !refused.is_empty() {
                bail!(
                    "nothing was removed: neither open nor failed, not known, or with recordings that are kept: {}",
                    refused.join(", ")
                );
            }
            output::say(&format!("{} removed", conference_ids.len()));
            Ok(())
        }
    }
}

async fn add(config: &Config, registrations: &[Registration]) -> anyhow::Result<()> {
    let catalog = Catalog::open(&config.catalog.path).await?;
    let registered = catalog.register(registrations, DiscoveredBy::Cli, SystemClock::new().now()).await;
    catalog.close().await;
    let Registered { added, known } = registered?;
    output::say(&format!("{added} added, {known} known already"));
    Ok(())
}
