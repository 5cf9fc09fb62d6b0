//! `record`: starts and stops a cloud recording. Only the meeting's host may.

use std::sync::Arc;

use clap::{Subcommand, ValueEnum};

use super::{Usage, output, wiring};
use crate::archive::Budget;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::dingtalk::Gate;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::conference::check_conference_id;

#[derive(Debug, Subcommand)]
pub(super) enum Record {
    /// Start a recording
    Start {
        /// The conferenceId
        #[arg(value_name = "ID")]
        conference_id: String,
        /// The host's unionId
        #[arg(long, value_name = "U")]
        union_id: String,
        /// The layout
        #[arg(long, value_enum)]
        mode: Option<Mode>,
        /// Where the small window stands
        #[arg(long, value_enum)]
        window: Option<Window>,
    },
    /// Stop it; the meeting goes on
    Stop {
        /// The conferenceId
        #[arg(value_name = "ID")]
        conference_id: String,
        /// The host's unionId
        #[arg(long, value_name = "U")]
        union_id: String,
    },
}

/// `mode`, as the page spells it.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Mode {
    Grid,
    Speech,
    FullScreen,
}

/// `smallWindowPosition`, as the page spells it.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Window {
    RelativeRight,
    FloatRight,
    FloatBottom,
}

fn spelled<T: ValueEnum>(value: Option<T>) -> Option<String> {
    value.and_then(|value| value.to_possible_value()).map(|value| value.get_name().to_owned())
}

pub(super) async fn run(record: &Record, config: &Config) -> anyhow::Result<()> {
    let (Record::Start { conference_id, .. } | Record::Stop { conference_id, .. }) = record;
    check_conference_id(conference_id).map_err(|bad| Usage(bad.to_string()))?;
    config.dingtalk.credentials()?;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let catalog = Catalog::open(&config.catalog.path).await?;
    let budget = Arc::new(Budget::new(catalog.clone(), Arc::clone(&clock), config.quota.calls_per_month));
    budget.begin(catalog.pauses().await?).await;
    let client = wiring::client(config, Arc::clone(&budget) as Arc<dyn Gate>, clock)?;
    let done = match record {
        Record::Start { union_id, mode, window, .. } => {
            let (mode, window) = (spelled(*mode), spelled(*window));
            client.record_start(conference_id, union_id, mode.as_deref(), window.as_deref()).await
        }
        Record::Stop { union_id, .. } => client.record_stop(conference_id, union_id).await,
    };
    budget.settle().await?;
    catalog.close().await;
    done?;
    output::say(match record {
        Record::Start { .. } => "recording",
        Record::Stop { .. } => "stopped; the meeting goes on",
    });
    Ok(())
}
