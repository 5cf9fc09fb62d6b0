//! `conferences`: which conferences are known, and where they stand.

use anyhow::bail;
use clap::Subcommand;
use serde::Serialize;

use super::output::{self, Format, ListFormat};
use super::{Usage, explain, wiring};
use crate::catalog::Catalog;
use crate::catalog::lists::{ConferenceFilter, ConferenceRow, RecordingFilter, RecordingRow};
use crate::config::Config;
use crate::domain::clock::{Clock, SystemClock, Timestamp};
use crate::domain::conference::{State, check_conference_id};

#[derive(Debug, Subcommand)]
pub(super) enum Conferences {
    /// List conferences
    List {
        /// Only those in this state: waiting, active, ended, archived, unrecorded or failed
        #[arg(long)]
        state: Option<State>,
        /// How the list is printed
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// Show one conference and its recordings
    Show {
        /// Its conferenceId
        #[arg(value_name = "ID")]
        conference_id: String,
        /// Ask DingTalk instead of the catalog; costs one metered call
        #[arg(long)]
        live: bool,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// The whole story of one conference: what happened, why, and what comes next
    Explain {
        /// Its conferenceId
        #[arg(value_name = "ID")]
        conference_id: String,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Read closed conferences anew
    Retry {
        /// Their conferenceIds
        #[arg(required = true, value_name = "ID")]
        conference_ids: Vec<String>,
    },
}

/// A conference with what was recorded of it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    conference: ConferenceRow,
    recordings: Vec<RecordingRow>,
}

pub(super) async fn run(conferences: &Conferences, config: &Config) -> anyhow::Result<()> {
    match conferences {
        Conferences::List { state, format } => {
            let catalog = Catalog::open_read_only(&config.catalog.path).await?;
            let filter = ConferenceFilter { state: *state, ..ConferenceFilter::default() };
            let rows = catalog.list_conferences(&filter).await;
            catalog.close().await;
            print(&rows?, *format)
        }
        Conferences::Show { conference_id, live: false, format } => show(config, conference_id, *format).await,
        Conferences::Show { conference_id, live: true, format } => {
            check_conference_id(conference_id).map_err(|bad| Usage(bad.to_string()))?;
            show_live(config, conference_id, *format).await
        }
        Conferences::Explain { conference_id, format } => explain::run(config, conference_id, *format).await,
        Conferences::Retry { conference_ids } => {
            let catalog = Catalog::open(&config.catalog.path).await?;
            let refused = catalog.retry(conference_ids, SystemClock::new().now()).await;
            catalog.close().await;
            let refused = refused?;
            if !refused.is_empty() {
                bail!(
                    "nothing was changed: only closed conferences can be retried, and these are not: {}",
                    refused.join(", ")
                );
            }
            output::say(&format!("{} will be read anew", conference_ids.len()));
            Ok(())
        }
    }
}

/// Prints conferences as a list.
pub(super) fn print(rows: &[ConferenceRow], format: ListFormat) -> anyhow::Result<()> {
    let heads = ["conference_id", "title", "state", "started", "ended", "creator", "next attempt", "last error"];
    output::list(&rows.iter().collect::<Vec<_>>(), format, &heads, |row| {
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
    })
}

async fn show(config: &Config, conference_id: &str, format: Format) -> anyhow::Result<()> {
    let catalog = Catalog::open_read_only(&config.catalog.path).await?;
    let filter = ConferenceFilter { conference_id: Some(conference_id.to_owned()), ..ConferenceFilter::default() };
    let conference = catalog.list_conferences(&filter).await?.pop();
    let filter = RecordingFilter { conference_id: Some(conference_id.to_owned()), ..RecordingFilter::default() };
    let recordings = catalog.list_recordings(&filter).await?;
    catalog.close().await;
    let Some(conference) = conference else {
        bail!(
            "the catalog does not know the conference {conference_id}: put it on watch with `watch add`, or ask DingTalk with `--live`"
        );
    };
    let recordings: Vec<RecordingRow> = recordings.into_iter().map(|(recording, _)| recording).collect();
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
    print_facts(about)?;
    super::recordings::print(
        &recordings.into_iter().map(|recording| (recording, None)).collect::<Vec<_>>(),
        ListFormat::Table,
    )
}

async fn show_live(config: &Config, conference_id: &str, format: Format) -> anyhow::Result<()> {
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
    let words = |number: Option<i64>, words: &[&str]| {
        number.map(|number| {
            usize::try_from(number)
                .ok()
                .and_then(|at| words.get(at))
                .map_or_else(|| number.to_string(), |word| (*word).to_owned())
        })
    };
    print_facts([
        ("conference_id", Some(conference_id.to_owned())),
        ("title", info.title),
        ("status", words(info.status.number(), &["not started", "ended", "in progress"])),
        ("recording", words(info.record_status, &["none", "recording", "paused", "ended"])),
        ("room code", info.room_code),
        ("creator", info.creator_nick),
        ("started", Some(output::instant(millis(info.started_at)))),
        ("ended", Some(output::instant(millis(info.ended_at)))),
        ("lasted", Some(output::clock_time(info.duration_ms))),
    ])
}

fn print_facts<const N: usize>(facts: [(&str, Option<String>); N]) -> anyhow::Result<()> {
    let known = facts.into_iter().filter_map(|(name, fact)| Some((name, fact.filter(|fact| !fact.is_empty())?)));
    let rows = known.map(|(name, fact)| vec![name.to_owned(), fact]);
    output::print(&format!("{}\n", output::table(&[], rows)))
}
