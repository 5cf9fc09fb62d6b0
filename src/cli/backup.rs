//! `backup`: makes a verified copy of the catalog; the daemon may run meanwhile.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;

use super::{open, output, sanitize, verify};
use crate::catalog::backup::{Copied, Error};
use crate::catalog::retention;
use crate::config::Config;
use crate::daemon::lifecycle::stop_on_signals;
use crate::domain::clock::{Clock, SystemClock};

#[derive(Args, Debug)]
pub(super) struct Backup {
    /// The copy; the file must not exist. With --keep: the folder in which the copy gets a name with the date
    file: PathBuf,
    /// Keep the newest N copies that were made like this in the folder, and remove older ones when the new one is
    /// verified
    #[arg(long, value_name = "N")]
    keep: Option<NonZeroUsize>,
}

pub(super) async fn run(backup: &Backup, config: &Config) -> anyhow::Result<()> {
    let Some(keep) = backup.keep else { return copy_to(&backup.file, config).await };
    let (folder, catalog) = (&backup.file, &config.catalog.path);
    ensure!(folder.is_dir(), "{} is not a folder; --keep wants one that is there", folder.display());
    let name = retention::dated_name(catalog, SystemClock::new().now());
    copy_to(&folder.join(&name), config).await?;
    remove_older(catalog, folder, &name, keep)
        .with_context(|| format!("the copy {name} is complete, but older ones could not be removed"))
}

async fn copy_to(file: &Path, config: &Config) -> anyhow::Result<()> {
    // A signal must not end the process at once: an unfinished copy is removed first.
    let stop = stop_on_signals().context("signals could not be listened for")?;
    let copied = open::read(config, async |catalog| {
        let copied = stop.run_until_cancelled(catalog.backup(file)).await;
        copied.context("stopped before the copy was finished; the unfinished copy was removed")
    })
    .await?;
    if let Err(Error::Unsound(findings)) = &copied {
        for line in verify::lines(findings) {
            output::say(&line);
        }
    }
    let Copied { conferences, recordings, bytes } = copied?;
    output::print(&format!(
        "{}: {conferences} conferences and {recordings} recordings of {}, {bytes} bytes; verified\n",
        sanitize::text(&file.display().to_string()),
        sanitize::text(&config.catalog.path.display().to_string()),
    ))
}

fn remove_older(catalog: &Path, folder: &Path, made: &str, keep: NonZeroUsize) -> anyhow::Result<()> {
    for old in retention::superfluous(catalog, folder, made, keep)? {
        let name = old.display();
        fs::remove_file(&old).with_context(|| format!("{name} could not be removed"))?;
        output::print(&format!("{}: removed\n", sanitize::text(&name.to_string())))?;
    }
    Ok(())
}
