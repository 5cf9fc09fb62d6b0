//! `recordings`: lists and shows recordings.

use anyhow::bail;
use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use clap::Subcommand;
use serde::Serialize;

use super::open;
use super::output::{self, Format, Listing, Printed};
use crate::catalog::lists::{RecordingFilter, RecordingRow, RevisionRow};
use crate::config::Config;
use crate::domain::clock::Timestamp;

#[derive(Debug, Subcommand)]
pub(super) enum Recordings {
    /// List recordings
    List {
        /// Begun on or after this day, or at or after this instant (UTC): 2026-06-01 or 2026-06-01T09:00:00Z
        #[arg(long, value_name = "D", value_parser = |text: &str| instant(text, 0))]
        since: Option<Timestamp>,
        /// Begun on or before this day, or before this instant (UTC)
        #[arg(long, value_name = "D", value_parser = |text: &str| instant(text, 1))]
        until: Option<Timestamp>,
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
        printed: Printed,
    },
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
            let filter = RecordingFilter {
                since: *since,
                until: *until,
                conference_id: conference.clone(),
                region_id: region.clone(),
                search: search.clone(),
            };
            open::read(config, async |catalog| {
                let rows = catalog.list_recordings(&filter, listing.most(), listing.is_table());
                listing.print(rows, catalog.count_matching(&filter), &HEADS, cells).await
            })
            .await
        }
        Recordings::Show { media_id, printed } => {
            let (recording, revisions) = open::read(config, async |catalog| {
                let Some(recording) = catalog.recording(media_id).await? else {
                    bail!("the catalog has no recording with the mediaId {media_id}");
                };
                let revisions = catalog.list_revisions(&recording.conference_id, media_id).await?;
                Ok((recording, revisions))
            })
            .await?;
            show(recording, revisions, printed.format)
        }
    }
}

/// Of a recording in a table.
pub(super) const HEADS: [&str; 8] =
    ["title", "started", "duration", "size", "region", "type", "media_id", "conference_id"];

pub(super) fn cells(recording: &RecordingRow) -> Vec<String> {
    vec![
        recording.title.clone().unwrap_or_default(),
        output::instant(recording.started_at),
        output::clock_time(recording.duration_ms),
        output::mebibytes(recording.file_size),
        recording.region_id.clone().unwrap_or_default(),
        output::record_type(recording.record_type),
        recording.media_id.clone(),
        recording.conference_id.clone(),
    ]
}

fn show(recording: RecordingRow, revisions: Vec<RevisionRow>, format: Format) -> anyhow::Result<()> {
    if format == Format::Json {
        return output::json(&Shown { recording, revisions });
    }
    output::facts([
        ("title", recording.title),
        ("media_id", Some(recording.media_id)),
        ("record_id", recording.record_id),
        ("conference_id", Some(recording.conference_id)),
        ("recorder", recording.recorder_union_id),
        ("type", Some(output::record_type(recording.record_type))),
        ("started", Some(output::instant(recording.started_at))),
        ("ended", Some(output::instant(recording.ended_at))),
        ("duration", Some(output::clock_time(recording.duration_ms))),
        ("size", Some(output::mebibytes(recording.file_size))),
        ("region", recording.region_id),
        ("first seen", Some(output::instant(Some(recording.first_seen_at)))),
        ("last changed", Some(output::instant(Some(recording.last_changed_at)))),
        ("missing since", Some(output::instant(recording.missing_since))),
        ("raw", Some(recording.raw)),
    ])?;
    if revisions.is_empty() {
        return Ok(());
    }
    let row = |revision: RevisionRow| {
        vec![
            output::instant(Some(revision.replaced_at)),
            output::clock_time(revision.duration_ms),
            output::mebibytes(revision.file_size),
            revision.region_id.unwrap_or_default(),
            output::record_type(revision.record_type),
            revision.raw,
        ]
    };
    let heads = ["until", "duration", "size", "region", "type", "raw"];
    let before = output::table(&heads, revisions.into_iter().map(row));
    output::print(&format!("earlier versions:\n{before}\n"))
}

/// The instant that `text` names, or the beginning of the day that is `days` after the one it names.
fn instant(text: &str, days: u64) -> Result<Timestamp, &'static str> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.to_utc().into());
    }
    let day = text.parse::<NaiveDate>().ok().and_then(|day| day.checked_add_days(Days::new(days)));
    day.map(|day| day.and_time(NaiveTime::MIN).and_utc().into())
        .ok_or("write a day, 2026-06-01, or an instant, 2026-06-01T09:00:00Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_and_until_include_all_of_a_day() {
        assert_eq!(instant("2026-06-01", 0).unwrap().to_string(), "2026-06-01T00:00:00Z");
        assert_eq!(instant("2026-06-01", 1).unwrap().to_string(), "2026-06-02T00:00:00Z");
        assert_eq!(instant("2026-06-01T09:00:00+08:00", 1).unwrap().to_string(), "2026-06-01T01:00:00Z");
        assert!(instant("yesterday", 0).is_err());
    }
}
