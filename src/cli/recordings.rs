//! `recordings`: lists and shows recordings. To export them and to ask where they can be watched have files of their own.

use anyhow::bail;
use clap::Subcommand;
use serde::Serialize;

use super::output::{self, Dated, Format, Listing};
use super::table::{Cell, Column, Kind};
use super::zone::{Precision, When};
use super::{export, link, open};
use crate::catalog::lists::{RecordingFilter, RecordingRow, RevisionRow};
use crate::config::Config;
use crate::domain::clock::{Clock, SystemClock};

#[derive(Debug, Subcommand)]
pub(super) enum Recordings {
    /// List recordings
    List {
        /// Begun on or after this day, or at or after this instant: 2026-06-01, 2026-06-01T09:00:00Z, today, yesterday,
        /// or 7d for seven days ago
        #[arg(long, value_name = "D")]
        since: Option<When>,
        /// Begun on or before this day, or before this instant
        #[arg(long, value_name = "D")]
        until: Option<When>,
        /// Of this conference
        #[arg(long, value_name = "ID")]
        conference: Option<String>,
        /// Stored in this region
        #[arg(long)]
        region: Option<String>,
        /// With this text in the title, the creator's name or an id
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one recording, and its earlier versions
    Show {
        /// Its mediaId
        media_id: String,
        #[command(flatten)]
        printed: Dated,
    },
    /// Write recordings to a file for people: in words, with local times, as Excel opens it
    Export(export::Export),
    /// Ask DingTalk where a recording can be watched; costs one metered call, and nothing of it is kept
    Link(link::Link),
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    recording: RecordingRow,
    revisions: Vec<RevisionRow>,
}

pub(super) async fn run(recordings: &Recordings, config: &Config) -> anyhow::Result<()> {
    match recordings {
        Recordings::List { since, until, conference, region, search, listing } => {
            let (zone, now) = (listing.screen().zone, SystemClock::new().now());
            let filter = RecordingFilter {
                since: since.map(|since| since.begins(zone, now)),
                until: until.map(|until| until.ends(zone, now)),
                conference_id: conference.clone(),
                region_id: region.clone(),
                search: search.clone(),
            };
            open::read(config, async |catalog| {
                let rows = catalog.list_recordings(&filter, listing.most(), listing.is_table());
                let is_narrowed = filter != RecordingFilter::default();
                let nothing = if is_narrowed { "no recordings match" } else { "no recordings yet" };
                listing.print(rows, catalog.count_matching(&filter), &COLUMNS, cells, nothing).await
            })
            .await
        }
        Recordings::Show { media_id, printed } => {
            let (recording, revisions) = open::read(config, async |catalog| {
                let Some(recording) = catalog.recordings_with(media_id).await?.into_iter().next() else {
                    bail!("the catalog has no recording with the mediaId {media_id}");
                };
                let revisions = catalog.list_revisions(&recording.conference_id, media_id).await?;
                Ok((recording, revisions))
            })
            .await?;
            show(recording, revisions, *printed)
        }
        Recordings::Export(export) => export::run(export, config).await,
        Recordings::Link(link) => link::run(link, config).await,
    }
}

/// Of a recording in a table.
pub(super) const COLUMNS: [Column; 8] = [
    Column("title", Kind::Text(24), 0),
    Column("started", Kind::Time(Precision::Minutes), 0),
    Column("duration", Kind::Number, 1),
    Column("size", Kind::Number, 2),
    Column("region", Kind::Word, 4),
    Column("type", Kind::Word, 5),
    Column("media_id", Kind::Id, 0),
    Column("conference_id", Kind::Id, 3),
];

pub(super) fn cells(recording: &RecordingRow) -> Vec<Cell> {
    vec![
        recording.title.clone().into(),
        Cell::millis(recording.started_at),
        output::clock_time(recording.duration_ms),
        output::size(recording.file_size),
        recording.region_id.clone().into(),
        output::record_type(recording.record_type),
        recording.media_id.clone().into(),
        recording.conference_id.clone().into(),
    ]
}

fn show(recording: RecordingRow, revisions: Vec<RevisionRow>, printed: Dated) -> anyhow::Result<()> {
    if printed.format == Format::Json {
        return output::json(&Shown { recording, revisions });
    }
    let screen = printed.screen();
    let about = screen.facts([
        ("title", recording.title.into()),
        ("media_id", recording.media_id.into()),
        ("record_id", recording.record_id.into()),
        ("conference_id", recording.conference_id.into()),
        ("recorder", recording.recorder_union_id.into()),
        ("type", output::record_type(recording.record_type)),
        ("started", Cell::millis(recording.started_at)),
        ("ended", Cell::millis(recording.ended_at)),
        ("duration", output::clock_time(recording.duration_ms)),
        ("size", output::size(recording.file_size)),
        ("region", recording.region_id.into()),
        ("first seen", Cell::millis(Some(recording.first_seen_at))),
        ("last changed", Cell::millis(Some(recording.last_changed_at))),
        ("missing since", Cell::millis(recording.missing_since)),
        ("raw", Cell::lines(indented(recording.raw))),
    ]);
    output::print(&about)?;
    for revision in revisions {
        let before = screen.facts([
            ("until", Cell::millis(Some(revision.replaced_at))),
            ("duration", output::clock_time(revision.duration_ms)),
            ("size", output::size(revision.file_size)),
            ("region", revision.region_id.into()),
            ("type", output::record_type(revision.record_type)),
            ("raw", Cell::lines(indented(revision.raw))),
        ]);
        output::print(&format!("\nearlier version:\n{before}"))?;
    }
    Ok(())
}

/// JSON, a field a line.
fn indented(raw: String) -> String {
    serde_json::from_str::<serde_json::Value>(&raw).map_or(raw, |value| format!("{value:#}"))
}
