//! Where the log goes. Never to standard output, which is for results.

use std::fmt::Debug;
use std::io::{self, IsTerminal};
use std::os::unix::fs::MetadataExt;

use anyhow::Context;
use tracing::field::Field;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{self, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use super::sanitize;
use crate::config::{Format, Loaded, Log};

/// How much is logged, to be changed while the daemon runs: to another [`filter`].
pub(super) type Level = reload::Handle<EnvFilter, Registry>;

/// The log of a command that works on the catalog. It begins with the files that expose the secret.
pub(super) fn daemon(loaded: &Loaded) -> anyhow::Result<Level> {
    let log = &loaded.config.log;
    let (filter, level) = reload::Layer::new(filter(log)?);
    let layer = match log.format {
        Format::Journald => journald().context("log.format is journald, but the journal cannot be reached")?,
        Format::Auto if is_journal() => journald().unwrap_or_else(|_| pretty()),
        Format::Auto | Format::Pretty => pretty(),
        Format::Json => fmt::layer().json().with_writer(io::stderr).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(filter)).init();
    exposed(loaded);
    Ok(level)
}

/// Warns of the files that expose the secret.
pub(super) fn exposed(loaded: &Loaded) {
    for exposed in loaded.exposed() {
        tracing::warn!(path = %exposed.path.display(), "{exposed}");
    }
}

/// Of `log.level`. `RUST_LOG` wins over it.
pub(super) fn filter(log: &Log) -> anyhow::Result<EnvFilter> {
    // The scheduler logs its own wiring, and as an error a job that was replaced when it was just due.
    let level = format!("tokio_cron_scheduler=off,{}", log.level);
    EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_new(level)).context("log.level")
}

/// The log of a command that answers on standard output: only what is wrong.
pub(super) fn quiet() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::registry().with(pretty().with_filter(filter)).init();
}

fn pretty() -> Box<dyn Layer<Registry> + Send + Sync> {
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    fmt::layer().with_writer(io::stderr).with_ansi(colours).with_target(false).fmt_fields(sanitized()).boxed()
}

/// Messages and fields as a terminal may show them: titles stand in them, and unionIds.
fn sanitized() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    format::debug_fn(|writer: &mut format::Writer<'_>, field: &Field, value: &dyn Debug| {
        let value = sanitize::text(&format!("{value:?}"));
        match field.name() {
            "message" => write!(writer, "{value}"),
            // Where in its source a line of the `log` crate's comes from.
            name if name.starts_with("log.") => Ok(()),
            name => write!(writer, "{name}={value}"),
        }
    })
    .delimited(" ")
}

/// Fields keep their names, so that `journalctl CONFERENCE_ID=…` works.
fn journald() -> io::Result<Box<dyn Layer<Registry> + Send + Sync>> {
    Ok(tracing_journald::layer()?.with_field_prefix(None).boxed())
}

/// Whether standard error is the journal's: systemd names its device and inode in a variable that children inherit, also
/// those whose standard error is something else.
fn is_journal() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    std::fs::metadata("/dev/stderr").is_ok_and(|stderr| stream == format!("{}:{}", stderr.dev(), stderr.ino()))
}
