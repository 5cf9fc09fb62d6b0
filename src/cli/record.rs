//! `record`: starts and stops a cloud recording, which only the meeting's host may.

use clap::{Subcommand, ValueEnum};

use super::error::Usage;
use super::{output, wiring};
use crate::config::Config;

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
        /// Where the small window is shown
        #[arg(long, value_enum)]
        window: Option<Window>,
    },
    /// Stop a recording; the meeting goes on
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
    Usage::check_conference_id(conference_id)?;
    wiring::ask(config, async |dingtalk| match record {
        Record::Start { union_id, mode, window, .. } => {
            let (mode, window) = (spelled(*mode), spelled(*window));
            dingtalk.record_start(conference_id, union_id, mode.as_deref(), window.as_deref()).await
        }
        Record::Stop { union_id, .. } => dingtalk.record_stop(conference_id, union_id).await,
    })
    .await?;
    output::say(match record {
        Record::Start { .. } => "recording",
        Record::Stop { .. } => "stopped; the meeting goes on",
    });
    Ok(())
}
