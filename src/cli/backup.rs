//! `backup`: makes a verified copy of the catalog; the daemon may run meanwhile.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::{open, output, sanitize, verify};
use crate::catalog::backup::Error;
use crate::config::Config;
use crate::daemon::lifecycle::stop_on_signals;

#[derive(Args, Debug)]
pub(super) struct Backup {
    /// The copy; the file must not exist
    file: PathBuf,
}

pub(super) async fn run(backup: &Backup, config: &Config) -> anyhow::Result<()> {
    // A signal must not end the process at once: an unfinished copy is removed first.
    let stop = stop_on_signals().context("signals could not be listened for")?;
    let copied = open::read(config, async |catalog| {
        let copied = stop.run_until_cancelled(catalog.backup(&backup.file)).await;
        copied.context("stopped before the copy was finished; the unfinished copy was removed")
    })
    .await?;
    if let Err(Error::Unsound(findings)) = &copied {
        for line in verify::lines(findings) {
            output::say(&line);
        }
    }
    let copied = copied?;
    output::print(&format!(
        "{}: {} conferences and {} recordings of {}, {} bytes; verified\n",
        sanitize::text(&backup.file.display().to_string()),
        copied.conferences,
        copied.recordings,
        sanitize::text(&config.catalog.path.display().to_string()),
        copied.bytes,
    ))
}
