//! `backup`: a checked copy of the catalog, made beside a running daemon.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use super::{output, sanitize, verify};
use crate::catalog::Catalog;
use crate::catalog::backup::Error;
use crate::config::Config;
use crate::daemon::lifecycle::stop_on_signals;

#[derive(Args, Debug)]
pub(super) struct Backup {
    /// The copy to be made; nothing of that name may be there
    file: PathBuf,
}

pub(super) async fn run(backup: &Backup, config: &Config) -> anyhow::Result<()> {
    // What is unfinished is removed on the way out, so a signal must lead there.
    let stop = stop_on_signals().context("signals could not be listened for")?;
    let catalog = Catalog::open_read_only(&config.catalog.path).await?;
    let copied = tokio::select! {
        copied = catalog.backup(&backup.file) => copied,
        () = stop.cancelled() => bail!("stopped before the copy was finished; nothing is left of it"),
    };
    catalog.close().await;
    if let Err(Error::Unsound(findings)) = &copied {
        for line in verify::lines(findings) {
            output::say(&line);
        }
    }
    let copied = copied?;
    output::print(&format!(
        "{}: {} conferences and {} recordings of {}, {} bytes; checked, and sound\n",
        sanitize::text(&backup.file.display().to_string()),
        copied.conferences,
        copied.recordings,
        sanitize::text(&config.catalog.path.display().to_string()),
        copied.bytes,
    ))
}
