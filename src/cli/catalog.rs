//! `catalog`: moves the whole catalog from one database into the other.

use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, Subcommand};

use super::{output, sanitize, wiring};
use crate::config::{self, Config};
use crate::daemon::lock::Lock;

#[derive(Debug, Subcommand)]
pub(super) enum Catalog {
    /// Copy the configured catalog into PostgreSQL, or back into a new file; no daemon may work on either
    Copy(Copy),
}

#[derive(Args, Debug)]
pub(super) struct Copy {
    /// Where to: the address of a PostgreSQL database, or the name of a new SQLite file
    #[arg(long, value_name = "URL")]
    to: String,
    /// The schema in that database; it is made if it does not exist
    #[arg(long, value_name = "NAME", default_value = config::Catalog::SCHEMA)]
    schema: String,
    /// A file with the password of that user, and nothing else
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

pub(super) async fn run(catalog: &Catalog, config: &Config) -> anyhow::Result<()> {
    let Catalog::Copy(copy) = catalog;
    let target = config::Catalog::named(&copy.to, copy.schema.clone(), copy.password_file.clone())?;
    let target = wiring::location_of(&target)?;
    let source = wiring::location(config)?;
    // What a daemon writes meanwhile would not be copied.
    let _source = Lock::acquire(source.beside())?;
    let (source, target) = (source.open_read_only().await?, target.open().await?);
    for catalog in [&source, &target] {
        let leader = catalog.holder().await?.map(|leader| leader.owner);
        ensure!(leader.is_none(), "{} works on {}: stop it first", leader.unwrap_or_default(), catalog.location());
    }
    let copied = source.copy_to(&target).await;
    let (from, to) = (source.location().to_string(), target.location().to_string());
    source.close().await;
    target.close().await;
    let rows = copied?;
    output::print(&format!("{}: {rows} rows of {}; each was compared\n", sanitize::text(&to), sanitize::text(&from)))
}
