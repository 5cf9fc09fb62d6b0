//! Times in which nobody looked, and what was found of them afterwards.

use std::time::Duration;

use futures_util::TryStreamExt;

use super::html::{counted, number, table, text, time};
use super::plot::{About, Part, strip};
use super::{Figure, Section, Shown};
use crate::catalog::Error;
use crate::catalog::gaps::GapRow;
use crate::catalog::lists::Listed;
use crate::domain::calendar::duration;
use crate::domain::clock::Timestamp;
use crate::domain::gap::Reason;

/// So many are drawn, and so many are named.
const DRAWN: u64 = 1_000;
const NAMED: usize = 20;

pub(super) async fn section(shown: &Shown<'_>) -> Result<Section, Error> {
    let (id, heading) = ("gaps", "Gaps");
    let (since, until) = (shown.span.since(), shown.span.until());
    let rows: Vec<_> = shown.view.catalog.list_gaps(Some(since), Some(DRAWN)).try_collect().await?;
    let rows = rows.iter().map(Listed::row).collect::<Result<Vec<GapRow>, Error>>()?;
    let is_shown = |row: &&GapRow| row.reason != Reason::Asked.as_str() && row.gap().began_at < until;
    let gaps: Vec<&GapRow> = rows.iter().filter(is_shown).collect();
    let count = gaps.len() as u64;
    let lasted: Duration = gaps.iter().map(|row| row.gap().lasts()).sum();
    let note = if count == 0 { "somebody looked all the time".to_owned() } else { duration(lasted) };
    let figures = vec![Figure { is_bad: count > 0, ..Figure::new("Gaps", number(count)).noted(&note) }];
    if gaps.is_empty() {
        let body = "<p>No gap: somebody looked all the time, or events could arrive.</p>\n".to_owned();
        return Ok(Section { id, heading, figures, body });
    }
    let says = |row: &GapRow| {
        let gap = row.gap();
        format!("from {} to {}, {}", gap.began_at, gap.ended_at, gap.reason.in_words())
    };
    let part = |row: &&GapRow| {
        let gap = row.gap();
        let [begins, ends] = [gap.began_at, gap.ended_at].map(|at| place(at, since, until));
        Part { begins, ends, says: says(row) }
    };
    let parts: Vec<Part> = gaps.iter().map(part).collect();
    let all: Vec<String> = gaps.iter().take(NAMED).map(|row| says(row)).collect();
    let about = About { id: "gaps-plot", title: "Times in which nobody looked", says: &all.join("; ") };
    let row = |row: &&GapRow| {
        let gap = row.gap();
        vec![
            time(gap.began_at, shown.zone),
            time(gap.ended_at, shown.zone),
            gap.reason.in_words().to_owned(),
            number(u64::try_from(row.found).unwrap_or(0)),
            text(&row.search().to_string()).to_string(),
        ]
    };
    let named: Vec<Vec<String>> = gaps.iter().take(NAMED).map(row).collect();
    let labels = shown.span.labels();
    let body = format!(
        "<p>{} in which nobody looked and no event could arrive, {} in all. A meeting that began and ended in one is found \
         as far as DingTalk tells of what is over; the others stay unseen.</p>\n<figure>\n{}</figure>\n{}",
        counted(count, "time", "times"),
        duration(lasted),
        strip(&about, &parts, shown.span.bins.len(), &labels),
        table(&["Began", "Ended", "Why", "Found", "Searched"], &named),
    );
    Ok(Section { id, heading, figures, body })
}

/// Where an instant lies between two others, in percent.
#[expect(clippy::cast_precision_loss, reason = "a span of milliseconds is far below 2^52")]
fn place(at: Timestamp, since: Timestamp, until: Timestamp) -> f64 {
    let [at, whole] = [at.min(until), until].map(|instant| instant.since(since).as_millis() as f64);
    at / whole.max(1.0) * 100.0
}
