//! `recordings export`: the recordings in words and local times, in a file for people.

use std::borrow::Cow;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use chrono::DateTime;
use clap::{Args, ValueEnum};
use tempfile::NamedTempFile;

use super::rows::{self, Reader};
use super::zone::{When, Zone};
use super::{open, output, sanitize};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::daemon::lifecycle::stop_on_signals;
use crate::domain::clock::{Clock, SystemClock};

/// The columns of `recording_catalog` that hold an instant.
const TIMES: [&str; 3] = ["started", "first_seen", "missing_since"];

#[derive(Args, Debug)]
pub(super) struct Export {
    /// Where to; a file of this name is replaced when the new one is complete [default: standard output]
    file: Option<PathBuf>,
    /// Begun on or after this day, or at or after this instant: 2026-06-01, 2026-06-01T09:00:00Z, today, yesterday, or 7d
    /// for seven days ago
    #[arg(long, value_name = "D")]
    since: Option<When>,
    /// Begun on or before this day, or before this instant
    #[arg(long, value_name = "D")]
    until: Option<When>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write times, and read days, in UTC [default: the local time zone]
    #[arg(long)]
    utc: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Comma-separated values that Excel opens; a text that it would run or take for a number begins with an apostrophe
    #[default]
    Csv,
    /// One array.
    Json,
}

pub(super) async fn run(export: &Export, config: &Config) -> anyhow::Result<()> {
    let Some(file) = &export.file else {
        return open::read(config, async |catalog| {
            let reader = if io::stdout().is_terminal() { Reader::Terminal } else { Reader::Spreadsheet };
            let mut out = BufWriter::new(io::stdout().lock());
            export.write(catalog, &mut out, reader).await?;
            Ok(out.flush()?)
        })
        .await;
    };
    // A signal must not end the process at once: the unfinished file is removed first.
    let stop = stop_on_signals().context("signals could not be listened for")?;
    let name = file.display();
    let written = open::read(config, async |catalog| {
        let place = place(file, catalog)?;
        let written = stop.run_until_cancelled(export.write_to(&place, catalog)).await;
        let written = written.context("stopped before the file was complete; the unfinished file was removed")?;
        written.with_context(|| format!("{name} could not be written; nothing was changed there"))
    })
    .await?;
    output::print(&format!("{}: {written} recordings\n", sanitize::text(&name.to_string())))
}

impl Export {
    /// Writes all of them; how many.
    async fn write(&self, catalog: &Catalog, out: &mut impl Write, reader: Reader) -> anyhow::Result<u64> {
        let (zone, now) = (if self.utc { Zone::Utc } else { Zone::Local }, SystemClock::new().now());
        let since = self.since.map(|since| since.begins(zone, now));
        let until = self.until.map(|until| until.ends(zone, now));
        let recordings = catalog.export_recordings(since, until);
        match self.format {
            Format::Csv => rows::csv(out, recordings, |column, value| in_zone(zone, column, value), reader).await,
            Format::Json => rows::json(out, recordings, |column, value| in_zone(zone, column, value)).await,
        }
    }

    /// The same to a file, which gets its name when it is complete and on the disk.
    async fn write_to(&self, place: &Path, catalog: &Catalog) -> anyhow::Result<u64> {
        let unfinished = unfinished(place)?;
        let mut out = BufWriter::new(unfinished.as_file());
        let written = self.write(catalog, &mut out, Reader::Spreadsheet).await?;
        out.flush()?;
        drop(out);
        unfinished.as_file().sync_all()?;
        unfinished.persist(place)?;
        if let Some(folder) = place.parent() {
            // Some network file systems know no such thing.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(written)
    }
}

/// Where the file will lie: behind a link, where the link leads. What is no file for results is refused.
fn place(file: &Path, catalog: &Catalog) -> anyhow::Result<PathBuf> {
    let name = file.display();
    let place = match file.canonicalize() {
        Ok(place) => place,
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(file)?,
        Err(error) => return Err(error).context(format!("{name} could not be looked at; name another file")),
    };
    ensure!(!catalog.owns(&place), "{name} belongs to the catalog: name another file");
    ensure!(!place.exists() || place.is_file(), "{name} is not a file: name one, or none for standard output");
    Ok(place)
}

/// An empty file beside `place`, no easier to read than the one that it will replace. It is removed when it is dropped.
fn unfinished(place: &Path) -> anyhow::Result<NamedTempFile> {
    let (Some(folder), Some(name)) = (place.parent(), place.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is not the name of a file").into());
    };
    let mode = fs::metadata(place).map_or(0o666, |replaced| replaced.mode() & 0o666);
    let prefix = format!(".{}.", name.to_string_lossy());
    let mut unfinished = tempfile::Builder::new();
    unfinished.prefix(&prefix).suffix(".unfinished").permissions(Permissions::from_mode(mode));
    Ok(unfinished.tempfile_in(folder)?)
}

/// A value of a column, both of them JSON; an instant by the clocks of `zone`.
fn in_zone<'a>(zone: Zone, column: &str, value: &'a str) -> Cow<'a, str> {
    let instant = || DateTime::parse_from_rfc3339(value.trim_matches('"')).ok();
    match TIMES.contains(&column).then(instant).flatten() {
        Some(instant) => format!("\"{}\"", zone.iso(instant.to_utc().into())).into(),
        None => value.into(),
    }
}
