//! `report`: writes what the catalog says as one page that any browser shows.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::error::Usage;
use super::zone::{When, Zone};
use super::{open, output, sanitize, wiring};
use crate::config::Config;
use crate::daemon::page::{self, Asked};
use crate::daemon::view::View;
use crate::domain::clock::{Clock, SystemClock};

#[derive(Args, Debug)]
pub(super) struct Report {
    /// The page to write, NAME.html; one that is there is replaced
    file: PathBuf,
    /// From this day on, or from this instant: 2026-06-01, 2026-06-01T09:00:00Z, today, yesterday, or 7d for seven days ago
    /// [default: the last 90 days]
    #[arg(long, value_name = "D")]
    since: Option<When>,
    /// Until the end of this day, or until this instant [default: now]
    #[arg(long, value_name = "D")]
    until: Option<When>,
    /// Show times, and take days, in UTC [default: the local time zone]
    #[arg(long)]
    utc: bool,
}

pub(super) async fn run(report: &Report, config: &Config) -> anyhow::Result<()> {
    check_name(&report.file)?;
    let zone = if report.utc { Zone::Utc } else { Zone::Local };
    let now = SystemClock::new().now();
    let since = report.since.map(|since| since.begins(zone, now));
    let until = report.until.map(|until| until.ends(zone, now));
    if since.is_some_and(|since| since >= until.unwrap_or(now)) {
        return Err(Usage("--since must name a time before --until, and before now".to_owned()).into());
    }
    let page = open::read(config, async |catalog| {
        let view =
            View { catalog: catalog.clone(), settings: wiring::settings(config), share: config.quota.calls_per_month };
        Ok(page::render(&view, Asked { now, zone, since, until }).await?)
    })
    .await?;
    let name = sanitize::text(&report.file.display().to_string());
    write(&report.file, &page)
        .with_context(|| format!("{name} could not be written; its folder must exist, be writable and have room"))?;
    output::print(&format!("{name}: {} bytes\n", page.len()))
}

/// A page takes the place of what is there, so it must not be a catalog or a configuration.
fn check_name(file: &Path) -> Result<(), Usage> {
    let is_page =
        file.extension().is_some_and(|end| end.eq_ignore_ascii_case("html") || end.eq_ignore_ascii_case("htm"));
    if is_page {
        return Ok(());
    }
    Err(Usage(format!("{} is no name for a page: let it end in .html", file.display())))
}

/// Whoever reads the file meanwhile reads the page before, or this one, and never a part.
fn write(file: &Path, page: &str) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As for any new file, the umask says who may read it.
    let mut unfinished =
        tempfile::Builder::new().prefix(".report-").permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
    unfinished.write_all(page.as_bytes())?;
    unfinished.as_file().sync_all()?;
    unfinished.persist(file).map_err(|failed| failed.error)?;
    Ok(())
}
