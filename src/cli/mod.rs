//! The command line: one file a command.
//!
//! Results go to standard output, everything said to people about progress or trouble to standard error. Exit codes: 0
//! done, 1 failed, 2 usage or configuration.

mod backup;
mod check_config;
mod conferences;
mod demo;
mod doctor;
mod explain;
pub mod import;
mod logging;
mod once;
mod output;
mod record;
mod recordings;
mod reload;
mod run;
pub mod sanitize;
mod simulate;
pub mod status;
mod verify;
mod watch;
pub mod wiring;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError, Loaded, Problem};

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
    /// Which conferences are watched beside those that are found
    #[command(subcommand)]
    Watch(watch::Watch),
    /// What was recorded
    #[command(subcommand)]
    Recordings(recordings::Recordings),
    /// Which conferences are known, and where they stand
    #[command(subcommand)]
    Conferences(conferences::Conferences),
    /// Start or stop a cloud recording; only a meeting's host may
    #[command(subcommand)]
    Record(record::Record),
    /// What the daemon does, what is open, what was spent
    Status(status::Status),
    /// A checked copy of the catalog, made beside a running daemon
    Backup(backup::Backup),
    /// Whether the catalog, or a copy of it, is sound
    Verify(verify::Verify),
    /// Whether the configuration makes sense, and what it costs
    CheckConfig,
    /// What keeps the daemon from doing its work, and what to do about it; at most five metered calls
    Doctor(doctor::Doctor),
    /// A simulated DingTalk to try things on
    Simulate(simulate::Simulate),
    /// A simulated working week, archived for real
    Demo(demo::Demo),
}

/// Runs the command that `cli` names.
pub async fn run(cli: Cli) -> ExitCode {
    match dispatch(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::say(&format!("error: {}", sanitize::lines(&explain(&error))));
            let is_configuration = error.is::<ConfigError>() || error.is::<Usage>();
            ExitCode::from(if is_configuration { 2 } else { 1 })
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<()> {
    let config = || load(cli.config.as_deref());
    match &cli.command {
        Command::Demo(demo) => {
            logging::quiet();
            demo::run(demo).await
        }
        Command::Simulate(simulate) => {
            logging::quiet();
            simulate::run(simulate).await
        }
        Command::Run => {
            let loaded = config()?;
            let level = begin(&loaded)?;
            run::run(loaded.clone(), config, &level).await.map_err(|error| placed(error, &loaded))
        }
        Command::Once => {
            let loaded = config()?;
            begin(&loaded)?;
            once::run(&loaded.config).await.map_err(|error| placed(error, &loaded))
        }
        command => {
            logging::quiet();
            let loaded = match (config(), command) {
                (Err(error), Command::Doctor(doctor)) => return doctor::without_configuration(doctor, error),
                (loaded, _) => loaded?,
            };
            let done = match command {
                Command::Watch(watch) => watch::run(watch, &loaded.config).await,
                Command::Recordings(recordings) => recordings::run(recordings, &loaded.config).await,
                Command::Conferences(conferences) => conferences::run(conferences, &loaded.config).await,
                Command::Record(record) => record::run(record, &loaded.config).await,
                Command::Status(status) => status::run(status, &loaded.config).await,
                Command::Backup(backup) => backup::run(backup, &loaded.config).await,
                Command::Doctor(doctor) => doctor::run(doctor, &loaded).await,
                Command::Verify(verify) => verify::run(verify, &loaded.config).await,
                _ => check_config::run(&loaded),
            };
            done.map_err(|error| placed(error, &loaded))
        }
    }
}

/// Opens the log of what works on the catalog, and says there first what is wrong with the configuration at large.
fn begin(loaded: &Loaded) -> anyhow::Result<logging::Level> {
    let level = logging::daemon(&loaded.config.log)?;
    for exposed in loaded.exposed() {
        tracing::warn!(path = %exposed.path.display(), "{exposed}");
    }
    Ok(level)
}

/// What was asked for cannot be asked for like this.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

fn load(path: Option<&std::path::Path>) -> Result<Loaded, ConfigError> {
    Config::load(path, environment())
}

/// The process environment. Variables that are not Unicode belong to other programs.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
}

/// What went wrong, and why, as far as that was not said already: many an error repeats its cause in its own words.
fn explain(error: &anyhow::Error) -> String {
    let mut said = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.contains(&cause) {
            said.extend([": ", &cause]);
        }
    }
    said
}

/// Says where the settings stand that an error is about.
fn placed(error: anyhow::Error, loaded: &Loaded) -> anyhow::Error {
    match error.downcast::<Problem>() {
        Ok(problem) => {
            let place =
                loaded.source.as_ref().map_or_else(|| "the defaults".to_owned(), |path| path.display().to_string());
            ConfigError::Invalid { place, problem }.into()
        }
        Err(error) => error,
    }
}

/// Whoever read our output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let csv = cause.downcast_ref::<csv::Error>().and_then(|error| match error.kind() {
            csv::ErrorKind::Io(error) => Some(error.kind()),
            _ => None,
        });
        io.or(csv) == Some(io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
