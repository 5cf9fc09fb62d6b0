//! `conferences`: lists, shows, explains and retries conferences.

use anyhow::{bail, ensure};
use clap::Subcommand;
use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;

use super::error::Usage;
use super::output::{self, Format, Listing, Printed};
use super::{explain, open, recordings, wiring};
use crate::catalog::lists::{ConferenceFilter, ConferenceRow, RecordingFilter, RecordingRow};
use crate::config::Config;
use crate::domain::clock::{Clock, SystemClock, Timestamp};
use crate::domain::conference::State;

#[derive(Debug, Subcommand)]
pub(super) enum Conferences {
    /// List conferences
    List {
        /// Only those in this state: waiting, active, ended, archived, unrecorded or failed
        #[arg(long)]
        state: Option<State>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one conference and its recordings
    Show {
        /// Its conferenceId
        #[arg(value_name = "ID")]
        conference_id: String,
        /// Ask DingTalk instead of the catalog; costs one metered call
        #[arg(long)]
        live: bool,
        #[command(flatten)]
        printed: Printed,
    },
    /// Explain one conference: what happened, why, and what comes next
    Explain {
        /// Its conferenceId
        #[arg(value_name = "ID")]
        conference_id: String,
        #[command(flatten)]
        printed: Printed,
    },
    /// Ask again for the recordings of closed conferences
    Retry {
        /// Their conferenceIds
        #[arg(required = true, value_name = "ID")]
        conference_ids: Vec<String>,
    },
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    conference: ConferenceRow,
    recordings: Vec<RecordingRow>,
}

pub(super) async fn run(conferences: &Conferences, config: &Config) -> anyhow::Result<()> {
    match conferences {
        Conferences::List { state, listing } => {
            list(config, state.map_or(ConferenceFilter::All, ConferenceFilter::In), *listing).await
        }
        Conferences::Show { conference_id, live: false, printed } => show(config, conference_id, printed.format).await,
        Conferences::Show { conference_id, printed, .. } => show_live(config, conference_id, printed.format).await,
        Conferences::Explain { conference_id, printed } => explain::run(config, conference_id, printed.format).await,
        Conferences::Retry { conference_ids } => {
            let now = SystemClock::new().now();
            let refused = open::write(config, async |catalog| Ok(catalog.retry(conference_ids, now).await?)).await?;
            let what = "nothing was changed: only closed conferences can be retried, and these are not";
            ensure!(refused.is_empty(), "{what}: {}", refused.join(", "));
            output::say(&format!("{} to be retried", conference_ids.len()));
            Ok(())
        }
    }
}

pub(super) async fn list(config: &Config, filter: ConferenceFilter, listing: Listing) -> anyhow::Result<()> {
    let heads = ["conference_id", "title", "state", "started", "ended", "creator", "next attempt", "last error"];
    let cells = |row: &ConferenceRow| {
        vec![
            row.conference_id.clone(),
            row.title.clone().unwrap_or_default(),
            row.state.clone(),
            output::instant(row.started_at),
            output::instant(row.ended_at),
            row.creator_nick.clone().unwrap_or_default(),
            output::instant(row.next_attempt_at),
            row.last_error_code.clone().unwrap_or_default(),
        ]
    };
    open::read(config, async |catalog| {
        let rows = catalog.list_conferences(filter, listing.most());
        listing.print(rows, catalog.count_conferences(filter), &heads, cells).await
    })
    .await
}

async fn show(config: &Config, conference_id: &str, format: Format) -> anyhow::Result<()> {
    let its = RecordingFilter { conference_id: Some(conference_id.to_owned()), ..RecordingFilter::default() };
    let (conference, recordings) = open::read(config, async |catalog| {
        let recordings = catalog.list_recordings(&its, None, true).map(|recording| recording?.row());
        let recordings: Vec<RecordingRow> = recordings.try_collect().await?;
        Ok((catalog.conference(conference_id).await?, recordings))
    })
    .await?;
    let Some(conference) = conference else {
        let what = "put it on watch with `watch add`, or ask DingTalk with `--live`";
        bail!("the catalog does not know the conference {conference_id}; {what}");
    };
    if format == Format::Json {
        return output::json(&Shown { conference, recordings });
    }
    let about = [
        ("conference_id", Some(conference.conference_id)),
        ("title", conference.title),
        ("state", Some(conference.state)),
        ("room code", conference.room_code),
        ("creator", conference.creator_nick),
        ("started", Some(output::instant(conference.started_at))),
        ("ended", Some(output::instant(conference.ended_at))),
        ("lasted", Some(output::clock_time(conference.duration_ms))),
        ("found by", Some(conference.discovered_by)),
        ("found", Some(output::instant(Some(conference.discovered_at)))),
        ("attempts", Some(conference.attempts.to_string())),
        ("next attempt", Some(output::instant(conference.next_attempt_at))),
        ("last error", conference.last_error_code),
        ("", conference.last_error_message),
        ("closed", Some(output::instant(conference.closed_at))),
    ];
    output::facts(about)?;
    output::print(&format!("{}\n", output::table(&recordings::HEADS, recordings.iter().map(recordings::cells))))
}

async fn show_live(config: &Config, conference_id: &str, format: Format) -> anyhow::Result<()> {
    Usage::check_conference_id(conference_id)?;
    let info = wiring::ask(config, async |dingtalk| dingtalk.conference(conference_id).await).await?;
    let millis = |instant: Option<Timestamp>| instant.map(Timestamp::as_millis);
    if format == Format::Json {
        return output::json(&serde_json::json!({
            "conference_id": conference_id,
            "status": info.status.number(),
            "title": info.title,
            "room_code": info.room_code,
            "schedule_conference_id": info.schedule_conference_id,
            "biz_type": info.biz_type,
            "creator_union_id": info.creator_union_id,
            "creator_nick": info.creator_nick,
            "started_at": millis(info.started_at),
            "ended_at": millis(info.ended_at),
            "duration_ms": info.duration_ms,
            "record_status": info.record_status,
            "record_owner_union_id": info.record_owner_union_id,
        }));
    }
    let name = |number: Option<i64>, names: &[&str]| {
        let known = usize::try_from(number?).ok().and_then(|at| names.get(at).copied());
        Some(known.map_or_else(|| number.unwrap_or_default().to_string(), str::to_owned))
    };
    output::facts([
        ("conference_id", Some(conference_id.to_owned())),
        ("title", info.title),
        ("status", name(info.status.number(), &["not started", "ended", "in progress"])),
        ("recording", name(info.record_status, &["none", "recording", "paused", "ended"])),
        ("room code", info.room_code),
        ("creator", info.creator_nick),
        ("started", Some(output::instant(millis(info.started_at)))),
        ("ended", Some(output::instant(millis(info.ended_at)))),
        ("lasted", Some(output::clock_time(info.duration_ms))),
    ])
}
