//! `record`: starts and stops a cloud recording, which only the meeting's host may.

use clap::{Args, Subcommand};

use super::error::Usage;
use super::{output, wiring};
use crate::config::Config;

/// `mode`, as the page spells it.
const MODES: [&str; 3] = ["grid", "speech", "full_screen"];

/// `smallWindowPosition`, as the page spells it.
const WINDOWS: [&str; 3] = ["relative_right", "float_right", "float_bottom"];

#[derive(Debug, Subcommand)]
pub(super) enum Record {
    /// Start a recording
    Start {
        #[command(flatten)]
        meeting: Meeting,
        /// The layout
        #[arg(long, value_parser = MODES)]
        mode: Option<String>,
        /// Where the small window is shown
        #[arg(long, value_parser = WINDOWS)]
        window: Option<String>,
    },
    /// Stop a recording; the meeting goes on
    Stop(Meeting),
}

#[derive(Args, Debug)]
pub(super) struct Meeting {
    /// The conferenceId
    #[arg(value_name = "ID")]
    conference_id: String,
    /// The host's unionId
    #[arg(long, value_name = "U")]
    union_id: String,
}

pub(super) async fn run(record: &Record, config: &Config) -> anyhow::Result<()> {
    let (Record::Start { meeting, .. } | Record::Stop(meeting)) = record;
    let Meeting { conference_id, union_id } = meeting;
    Usage::check_conference_id(conference_id)?;
    wiring::ask(config, async |dingtalk| match record {
        Record::Start { mode, window, .. } => {
            dingtalk.record_start(conference_id, union_id, mode.as_deref(), window.as_deref()).await
        }
        Record::Stop(_) => dingtalk.record_stop(conference_id, union_id).await,
    })
    .await?;
    output::say(match record {
        Record::Start { .. } => "recording",
        Record::Stop(_) => "stopped; the meeting goes on",
    });
    Ok(())
}
