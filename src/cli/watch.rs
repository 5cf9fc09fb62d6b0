//! `watch`: which conferences are watched beside those that are found.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;

use super::output::{self, ListFormat};
use super::{Usage, conferences};
use crate::catalog::Catalog;
use crate::catalog::lists::ConferenceFilter;
use crate::catalog::watch::{Registered, Registration};
use crate::config::Config;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::conference::{DiscoveredBy, check_conference_id};

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
            let registration = |conference_id: &String| Registration {
                conference_id: conference_id.clone(),
                union_id: union_id.clone().filter(|union_id| !union_id.is_empty()),
            };
            add(config, &conference_ids.iter().map(registration).collect::<Vec<_>>()).await
        }
        Watch::Import { file } => {
            let registrations = if file.as_os_str() == "-" {
                parse(io::stdin().lock(), Path::new("standard input"))?
            } else {
                let content = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
                parse(content, file)?
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

/// Reads a list of conferences. Every bad line is named; one is enough for nothing to be taken.
fn parse(content: impl Read, name: &Path) -> anyhow::Result<Vec<Registration>> {
    let (mut registrations, mut bad) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(BufReader::new(content).split(b'\n')) {
        let line = line.with_context(|| format!("cannot read {}", name.display()))?;
        match record(&line) {
            Ok(Some(record)) if registrations.is_empty() && record.get(0) == Some("conference_id") => {}
            Ok(Some(record)) => match registration(&record) {
                Ok(registration) => registrations.push(registration),
                Err(why) => bad.push(format!("  line {number}: {why}")),
            },
            Ok(None) => {}
            Err(why) => bad.push(format!("  line {number}: {why}")),
        }
    }
    if bad.is_empty() {
        return Ok(registrations);
    }
    bail!(
        "{}: nothing was taken, for these lines are bad; write ID or ID,UNION_ID:\n{}",
        name.display(),
        bad.join("\n")
    );
}

/// The fields of a line; none if it is empty or a comment. Each line is read by itself: a quote that is never closed
/// spoils its own line and none of those behind it.
fn record(line: &[u8]) -> Result<Option<csv::StringRecord>, &'static str> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).trim_ascii();
    if line.is_empty() || line.starts_with(b"#") {
        return Ok(None);
    }
    if line.split(|byte| *byte == b'"').count() % 2 == 0 {
        return Err("a quote that is not closed");
    }
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(line);
    reader.into_records().next().transpose().map_err(|_| "not UTF-8")
}

fn registration(record: &csv::StringRecord) -> Result<Registration, String> {
    if record.len() > 2 {
        return Err(format!("{} fields", record.len()));
    }
    let conference_id = record.get(0).unwrap_or_default();
    check_conference_id(conference_id).map_err(|bad| bad.to_string())?;
    let union_id = record.get(1).filter(|union_id| !union_id.is_empty());
    if union_id.is_some_and(|union_id| union_id.chars().any(|c| c.is_whitespace() || c.is_control())) {
        return Err("the unionId has white space or a control character in it".to_owned());
    }
    Ok(Registration { conference_id: conference_id.to_owned(), union_id: union_id.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> anyhow::Result<Vec<Registration>> {
        parse(content.as_bytes(), Path::new("meetings.csv"))
    }

    #[test]
    fn a_line_is_an_id_with_or_without_a_union_id() {
        let registrations =
            read("conference_id,union_id\n# last week\n607452e0xxx\n\n 61289f392xxx , WFBkgxxx \n").unwrap();
        assert_eq!(registrations.len(), 2);
        assert_eq!(registrations[0].union_id, None);
        assert_eq!(registrations[1].conference_id, "61289f392xxx");
        assert_eq!(registrations[1].union_id.as_deref(), Some("WFBkgxxx"));
    }

    #[test]
    fn every_bad_line_is_named_with_its_number() {
        let error = read("607452e0xxx\n# week 2\n\na b\n6128,WFBkgxxx,more\n\"\n..\n").unwrap_err().to_string();
        let named = error.lines().filter_map(|line| line.trim().strip_prefix("line ")?.split_once(':'));
        assert_eq!(named.map(|(number, _)| number).collect::<Vec<_>>(), ["4", "5", "6", "7"], "{error}");
    }
}
