//! The command line: one file a command.
//!
//! Results go to standard output; messages about progress and errors go to standard error. Exit codes: 0 done, 1 failed,
//! 2 usage or configuration.

mod backfill;
mod backup;
mod catalog;
mod check_config;
mod conferences;
mod demo;
mod doctor;
mod error;
mod explain;
pub mod explain_code;
mod export;
mod fit;
mod gaps;
pub mod import;
mod link;
mod logging;
mod once;
mod open;
mod output;
mod record;
mod recordings;
mod reload;
mod report;
mod rows;
mod run;
pub mod sanitize;
mod screen;
mod simulate;
mod status;
mod table;
mod verify;
mod watch;
pub mod wiring;
mod zone;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;

/// Lets no DingTalk cloud recording go uncatalogued, on the API quota of a free organisation.
#[derive(Debug, Parser)]
#[command(name = "recording-archiver", version, max_term_width = 100)]
pub struct Cli {
    /// The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The daemon: works until SIGTERM or SIGINT
    Run,
    /// One pass of every stage, then exit
    Once,
    /// Have the daemon read its configuration anew, and wait for its verdict; fails if the daemon refuses it
    Reload,
    /// Put conferences on watch that are not found otherwise
    #[command(subcommand)]
    Watch(watch::Watch),
    /// List and show recordings
    #[command(subcommand)]
    Recordings(recordings::Recordings),
    /// List, show, explain and retry conferences
    #[command(subcommand)]
    Conferences(conferences::Conferences),
    /// List times in which nobody looked
    #[command(subcommand)]
    Gaps(gaps::Gaps),
    /// Search a time for meetings that ended unseen; costs metered calls
    Backfill(backfill::Backfill),
    /// Start or stop a cloud recording; only a meeting's host may
    #[command(subcommand)]
    Record(record::Record),
    /// Show what the daemon does, which conferences are open, and how many calls were used
    Status(output::Dated),
    /// Write a page for a browser: recordings by day, how soon they came, calls, what is open, what needs a person
    Report(report::Report),
    /// Make a verified copy of the catalog; the daemon may run
    Backup(backup::Backup),
    /// Move the whole catalog from one database into the other
    #[command(subcommand)]
    Catalog(catalog::Catalog),
    /// Check whether the catalog, or a copy of it, is valid
    Verify(verify::Verify),
    /// Check the configuration, and show how many calls it needs
    CheckConfig,
    /// Find what keeps the daemon from working, and what to do about it; at most five metered calls
    Doctor(output::Printed),
    /// Explain an error code: what it means, what the daemon does by itself, and what a person can do
    ExplainCode(explain_code::ExplainCode),
    /// A simulated DingTalk to try things on
    Simulate(simulate::Simulate),
    /// A simulated working week, archived for real
    Demo(demo::Demo),
}

pub async fn run(cli: Cli) -> ExitCode {
    dispatch(cli).await.map_or_else(|error| error::report(&error), |()| ExitCode::SUCCESS)
}

async fn dispatch(cli: Cli) -> anyhow::Result<()> {
    if !matches!(cli.command, Command::Run | Command::Once) {
        logging::quiet();
    }
    let load = || Config::load(cli.config.as_deref(), environment());
    let loaded = match &cli.command {
        Command::Demo(demo) => return demo::run(demo).await,
        Command::Simulate(simulate) => return simulate::run(simulate).await,
        Command::ExplainCode(explain_code) => return explain_code::run(explain_code),
        Command::Reload => return reload::run(cli.config.as_deref(), environment(), load).await,
        Command::Doctor(printed) => load().or_else(|error| doctor::without_configuration(*printed, error))?,
        _ => load()?,
    };
    let config = &loaded.config;
    let done = match &cli.command {
        Command::Run => run::run(loaded.clone(), load, &logging::daemon(&loaded)?).await,
        Command::Once => {
            logging::daemon(&loaded)?;
            once::run(config).await
        }
        Command::Watch(watch) => watch::run(watch, config).await,
        Command::Recordings(recordings) => recordings::run(recordings, config).await,
        Command::Conferences(conferences) => conferences::run(conferences, config).await,
        Command::Gaps(gaps) => gaps::run(gaps, config).await,
        Command::Backfill(backfill) => backfill::run(backfill, config).await,
        Command::Record(record) => record::run(record, config).await,
        Command::Status(printed) => status::run(*printed, config).await,
        Command::Report(report) => report::run(report, config).await,
        Command::Backup(backup) => backup::run(backup, config).await,
        Command::Doctor(printed) => doctor::run(*printed, &loaded).await,
        Command::Catalog(catalog) => catalog::run(catalog, config).await,
        Command::Verify(verify) => verify::run(verify, config).await,
        _ => check_config::run(&loaded),
    };
    done.map_err(|error| error::with_owner(error::with_source(error, &loaded), &config.catalog.path))
}

/// The process environment. Variables that are not Unicode belong to other programs.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
