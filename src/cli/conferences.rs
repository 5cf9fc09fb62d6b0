//! `conferences`: lists, shows, explains and retries conferences.

use anyhow::{bail, ensure};
use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;

use super::error::Usage;
use super::output::{self, Dated, Format, Listing};
use super::table::{Cell, Column, Kind};
use super::zone::Precision;
use super::{explain, open, recordings, wiring};
use crate::catalog::lists::{ConferenceFilter, ConferenceRow, RecordingFilter, RecordingRow};
use crate::config::Config;
use crate::domain::clock::{Clock, SystemClock, Timestamp};
use crate::domain::conference::State;

#[derive(Debug, Subcommand)]
pub(super) enum Conferences {
    /// List conferences
    List {
        /// Only those in this state
        #[arg(long, value_parser = states())]
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
        printed: Dated,
    },
    /// Explain one conference: what happened, why, and what comes next
    Explain {
        /// Its conferenceId
        #[arg(value_name = "ID")]
        conference_id: String,
        #[command(flatten)]
        printed: Dated,
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

/// Names the states to the shell's completion too.
fn states() -> impl TypedValueParser<Value = State> {
    PossibleValuesParser::new(State::ALL.map(State::as_str)).try_map(|word| word.parse::<State>())
}

pub(super) async fn run(conferences: &Conferences, config: &Config) -> anyhow::Result<()> {
    match conferences {
        Conferences::List { state, listing } => {
            let filter = state.map_or(ConferenceFilter::All, ConferenceFilter::In);
            let nothing = state.map_or("no conferences yet".to_owned(), |state| format!("no conference is {state}"));
            list(config, filter, *listing, &nothing).await
        }
        Conferences::Show { conference_id, live: false, printed } => show(config, conference_id, *printed).await,
        Conferences::Show { conference_id, printed, .. } => show_live(config, conference_id, *printed).await,
        Conferences::Explain { conference_id, printed } => explain::run(config, conference_id, *printed).await,
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

/// Prints a list of conferences, or `nothing`.
pub(super) async fn list(
    config: &Config,
    filter: ConferenceFilter,
    listing: Listing,
    nothing: &str,
) -> anyhow::Result<()> {
    let columns = [
        Column("conference_id", Kind::Id, 0),
        Column("title", Kind::Text(24), 0),
        Column("state", Kind::Word, 0),
        Column("started", Kind::Time(Precision::Minutes), 2),
        Column("ended", Kind::Time(Precision::Minutes), 5),
        Column("creator", Kind::Text(12), 4),
        Column("next attempt", Kind::Time(Precision::Minutes), 3),
        Column("last error", Kind::Text(18), 1),
    ];
    let cells = |row: &ConferenceRow| {
        vec![
            row.conference_id.clone().into(),
            row.title.clone().into(),
            output::state(&row.state),
            Cell::millis(row.started_at),
            Cell::millis(row.ended_at),
            row.creator_nick.clone().into(),
            Cell::millis(row.next_attempt_at),
            row.last_error_code.clone().into(),
        ]
    };
    open::read(config, async |catalog| {
        let rows = catalog.list_conferences(filter, listing.most());
        listing.print(rows, catalog.count_conferences(filter), &columns, cells, nothing).await
    })
    .await
}

async fn show(config: &Config, conference_id: &str, printed: Dated) -> anyhow::Result<()> {
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
    if printed.format == Format::Json {
        return output::json(&Shown { conference, recordings });
    }
    let error = conference.last_error_code.map(|code| match conference.last_error_message {
        Some(message) if !message.is_empty() && message != code => format!("{code}: {message}"),
        _ => code,
    });
    let screen = printed.screen();
    let about = screen.facts([
        ("conference_id", conference.conference_id.into()),
        ("title", conference.title.into()),
        ("state", output::state(&conference.state)),
        ("room code", conference.room_code.into()),
        ("creator", conference.creator_nick.into()),
        ("started", Cell::millis(conference.started_at)),
        ("ended", Cell::millis(conference.ended_at)),
        ("lasted", output::clock_time(conference.duration_ms)),
        ("found by", conference.discovered_by.into()),
        ("found", Cell::millis(Some(conference.discovered_at))),
        ("attempts", conference.attempts.to_string().into()),
        ("next attempt", Cell::millis(conference.next_attempt_at)),
        ("last error", error.into()),
        ("closed", Cell::millis(conference.closed_at)),
    ]);
    // Title and conference stand above.
    let columns: Vec<_> = recordings::COLUMNS[1..7].to_vec();
    let rows: Vec<_> = recordings.iter().map(|row| recordings::cells(row)[1..7].to_vec()).collect();
    let recordings = if rows.is_empty() { "no recordings\n".to_owned() } else { screen.table(&columns, &rows) };
    output::print(&format!("{about}\n{recordings}"))
}

async fn show_live(config: &Config, conference_id: &str, printed: Dated) -> anyhow::Result<()> {
    Usage::check_conference_id(conference_id)?;
    let info = wiring::ask(config, async |dingtalk| dingtalk.conference(conference_id).await).await?;
    let millis = |instant: Option<Timestamp>| instant.map(Timestamp::as_millis);
    if printed.format == Format::Json {
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
    output::print(&printed.screen().facts([
        ("conference_id", conference_id.into()),
        ("title", info.title.into()),
        ("status", name(info.status.number(), &["not started", "ended", "in progress"]).into()),
        ("recording", name(info.record_status, &["none", "recording", "paused", "ended"]).into()),
        ("room code", info.room_code.into()),
        ("creator", info.creator_nick.into()),
        ("started", Cell::time(info.started_at)),
        ("ended", Cell::time(info.ended_at)),
        ("lasted", output::clock_time(info.duration_ms)),
    ]))
}
