//! How soon recordings came: from a meeting's end to the row in the catalog.

use std::time::Duration;

use super::html::{counted, number, roughly};
use super::plot::{About, Row, as_float, rows};
use super::{Figure, Section, Shown};
use crate::catalog::Error;

/// Of so many recordings at the most.
const LATEST: u32 = 10_000;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Up to here, and the name of what lies between it and the one before.
const LIMITS: [(Duration, &str); 9] = [
    (MINUTE.saturating_mul(5), "up to 5 min"),
    (MINUTE.saturating_mul(15), "5 to 15 min"),
    (MINUTE.saturating_mul(30), "15 to 30 min"),
    (HOUR, "30 min to 1 h"),
    (HOUR.saturating_mul(3), "1 to 3 h"),
    (HOUR.saturating_mul(12), "3 to 12 h"),
    (DAY, "12 h to 1 day"),
    (DAY.saturating_mul(3), "1 to 3 days"),
    (DAY.saturating_mul(7), "3 to 7 days"),
];

pub(super) async fn section(shown: &Shown<'_>) -> Result<Section, Error> {
    let lags = shown.view.catalog.lags(shown.span.since(), shown.span.until(), LATEST).await?;
    let (id, heading) = ("lag", "How soon");
    let (Some(half), Some(most)) = (lags.get(lags.len() / 2), lags.last()) else {
        let body = "<p>No recording of this time belongs to a meeting whose end is known.</p>\n".to_owned();
        return Ok(Section { id, heading, figures: Vec::new(), body });
    };
    let figures = vec![Figure::new("Half came within", roughly(*half)).noted("of the meeting’s end")];
    let mut counts = [0; LIMITS.len() + 1];
    for lag in &lags {
        counts[LIMITS.iter().position(|(limit, _)| lag <= limit).unwrap_or(LIMITS.len())] += 1;
    }
    let names = LIMITS.iter().map(|(_, name)| *name).chain(["longer"]);
    let row = |(label, count): (&str, usize)| {
        let share = format!("{:.0} %", as_float(count) * 100.0 / as_float(lags.len()));
        let share = if count > 0 && share == "0 %" { "under 1 %".to_owned() } else { share };
        let shown = if count == 0 { "–".to_owned() } else { share };
        Row { label: label.to_owned(), value: as_float(count), shown }
    };
    let plotted: Vec<Row> = names.zip(counts).map(row).collect();
    let says: Vec<String> = plotted.iter().map(|row| format!("{} {}", row.label, row.shown)).collect();
    let title = "From a meeting’s end to the row of its recording";
    let plot = rows(&About { id: "lag-plot", title, says: &says.join(", ") }, &plotted);
    let of = counted(lags.len() as u64, "recording", "recordings");
    let of = if lags.len() == LATEST as usize { format!("the latest {}", number(u64::from(LATEST))) } else { of };
    let body = format!(
        "<p>From a meeting’s end to the first row of its recording, of {of}: half came within {}, the last within {}. \
         A composed file comes after a day.</p>\n\
         <figure>\n{plot}</figure>\n",
        roughly(*half),
        roughly(*most),
    );
    Ok(Section { id, heading, figures, body })
}
