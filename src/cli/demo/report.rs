//! What a person is told after the demo.

use std::path::Path;

use futures_util::TryStreamExt;

use super::week::Outcome;
use crate::catalog::Catalog;
use crate::catalog::lists::RecordingFilter;
use crate::cli::output;

/// This many of the recordings are shown.
const SHOWN: u64 = 10;

pub(super) async fn print(outcome: &Outcome, path: &Path) -> anyhow::Result<()> {
    let catalog = Catalog::open_read_only(path).await?;
    let recordings: Vec<_> =
        catalog.list_recordings(&RecordingFilter::default(), Some(SHOWN), true).try_collect().await?;
    let all = catalog.count_recordings().await?;
    let by_state = catalog.count_by_state().await?;
    catalog.close().await;

    let heads = ["title", "started", "duration", "size", "region", "type", "media_id"];
    let table = output::table(
        &heads,
        recordings.iter().map(|row| {
            vec![
                row.title.clone().unwrap_or_default(),
                output::instant(row.started_at),
                output::clock_time(row.duration_ms),
                output::mebibytes(row.file_size),
                row.region_id.clone().unwrap_or_default(),
                output::record_type(row.record_type),
                row.media_id.clone(),
            ]
        }),
    );
    let summary = &outcome.summary;
    let states: Vec<String> =
        by_state.iter().filter(|(_, count)| *count > 0).map(|(state, count)| format!("{count} {state}")).collect();
    let verdict = if outcome.differences.is_empty() {
        "the catalog says what the simulator knows"
    } else {
        "THE CATALOG DIFFERS FROM THE TRUTH"
    };
    let more = match all.saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("… and {more} more\n"),
    };
    let file = path.display();
    output::print(&format!(
        "{table}
{more}
{meetings} meetings took place; {unseen} of them stayed unseen: never registered, and over before the next look at the listing
{archived} of {expected} recordings archived; {verdict}
conferences: {states}
{calls} metered calls of the 5000 a month; asking once a minute would have used {naive}
{seconds:.1} seconds

The catalog is {file}. Three questions to ask it:
  sqlite3 {file} \"SELECT started, duration, size_mib, title FROM recording_catalog ORDER BY started DESC LIMIT 5\"
  sqlite3 {file} \"SELECT region, count(*), round(sum(size_mib)) AS mib FROM recording_catalog GROUP BY region\"
  sqlite3 {file} \"SELECT endpoint, outcome, sum(calls) FROM api_calls GROUP BY 1, 2\"
",
        meetings = summary.meetings,
        unseen = summary.unseen,
        archived = summary.recordings_archived,
        expected = summary.recordings_expected,
        states = states.join(", "),
        calls = summary.calls,
        naive = summary.calls_naive,
        seconds = summary.seconds,
    ))
}
