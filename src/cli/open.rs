//! Opens the configured catalog for one command, and closes it however the command ends.

use super::wiring;
use crate::catalog::Catalog;
use crate::config::Config;

/// For a command that only reads.
pub(super) async fn read<T>(
    config: &Config,
    command: impl AsyncFnOnce(&Catalog) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    then_close(wiring::location(config)?.open_read_only().await?, command).await
}

/// For a command that also writes. Creates the catalog if there is none.
pub(super) async fn write<T>(
    config: &Config,
    command: impl AsyncFnOnce(&Catalog) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    then_close(wiring::location(config)?.open().await?, command).await
}

pub(super) async fn then_close<T>(
    catalog: Catalog,
    command: impl AsyncFnOnce(&Catalog) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let result = command(&catalog).await;
    catalog.close().await;
    result
}
