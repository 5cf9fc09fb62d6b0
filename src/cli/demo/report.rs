//! What a person is told after the demo.

use std::path::Path;

use futures_util::{StreamExt, TryStreamExt};

use super::week::Summary;
use crate::catalog::Catalog;
use crate::catalog::lists::RecordingFilter;
use crate::cli::screen::Screen;
use crate::cli::table::{Column, Kind};
use crate::cli::zone::Precision;
use crate::cli::{output, recordings};
use crate::daemon::report::in_words;

/// This many of the recordings are shown.
const SHOWN: u64 = 10;

/// Of a recording here; all but its conferenceId.
const COLUMNS: [Column; 7] = [
    Column("title", Kind::Text(24), 0),
    Column("started", Kind::Time(Precision::Minutes), 0),
    Column("duration", Kind::Number, 0),
    Column("size", Kind::Number, 1),
    Column("region", Kind::Word, 2),
    Column("type", Kind::Word, 3),
    Column("media_id", Kind::Id, 4),
];

/// `without`: the same week without events, if there were events.
pub(super) async fn print(
    summary: &Summary,
    without: Option<&Summary>,
    is_true: bool,
    path: &Path,
    screen: &Screen,
) -> anyhow::Result<()> {
    let catalog = Catalog::open_read_only(path).await?;
    let rows = catalog.list_recordings(&RecordingFilter::default(), Some(SHOWN), true);
    let rows: Vec<_> = rows.map(|row| row?.row()).try_collect().await?;
    let all = catalog.count_recordings().await?;
    let states = in_words(catalog.count_by_state().await?).unwrap_or_default();
    catalog.close().await;

    let cells = |row| recordings::cells(row).into_iter().take(COLUMNS.len()).collect();
    let rows: Vec<_> = rows.iter().map(cells).collect();
    let table = if rows.is_empty() { "nothing was recorded\n".to_owned() } else { screen.table(&COLUMNS, &rows) };
    let verdict =
        if is_true { "the catalog says what the simulator knows" } else { "THE CATALOG DIFFERS FROM THE TRUTH" };
    let more = match all.saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("… and {more} more\n"),
    };
    let Summary { meetings, unseen, recordings_expected, recordings_archived, calls, calls_naive, seconds, .. } =
        summary;
    let sums = screen.prose(&format!(
        "{meetings} meetings took place; {unseen} of them stayed unseen: never registered, and over before the next look at the listing
{recordings_archived} of {recordings_expected} recordings archived; {verdict}
conferences: {states}
{calls} metered calls of the 5000 a month; asking once a minute would have used {calls_naive}
{seconds:.1} seconds
"
    ));
    let beside = without.map(|without| format!("\n{}", side_by_side(without, summary, screen))).unwrap_or_default();
    let file = path.display();
    output::print(&format!(
        "{table}{more}
{sums}{beside}
The catalog is {file}. Three questions to ask it:
  sqlite3 {file} \"SELECT started, duration, size_mib, title
    FROM recording_catalog ORDER BY started DESC LIMIT 5\"
  sqlite3 {file} \"SELECT region, count(*), round(sum(size_mib)) AS mib
    FROM recording_catalog GROUP BY region\"
  sqlite3 {file} \"SELECT endpoint, outcome, sum(calls)
    FROM api_calls GROUP BY 1, 2\"
"
    ))
}

/// What events are worth.
fn side_by_side(without: &Summary, with: &Summary, screen: &Screen) -> String {
    const COLUMNS: [Column; 3] = [
        Column("of the same week", Kind::Text(24), 0),
        Column("without events", Kind::Number, 0),
        Column("with events", Kind::Number, 0),
    ];
    let row = |what: &str, of: fn(&Summary) -> String| vec![what.into(), of(without).into(), of(with).into()];
    let rows = [
        row("meetings", |it| it.meetings.to_string()),
        row("unseen", |it| it.unseen.to_string()),
        row("recordings archived", |it| it.recordings_archived.to_string()),
        row("metered calls", |it| it.calls.to_string()),
        row("pushed events", |it| it.pushes.to_string()),
    ];
    screen.table(&COLUMNS, &rows)
}
