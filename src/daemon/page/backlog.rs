//! What is open now, and for how long.

use std::time::Duration;

use super::html::{counted, number, roughly, table, time};
use super::plot::{About, Row, rows};
use super::{Figure, Section, Shown};
use crate::catalog::Error;
use crate::catalog::history::OpenOfAge;
use crate::domain::conference::State;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// From here on, and the name of that.
const AGES: [(Duration, &str); 6] = [
    (Duration::ZERO, "under 1 h"),
    (HOUR, "1 h to 6 h"),
    (HOUR.saturating_mul(6), "6 h to 1 day"),
    (DAY, "1 to 3 days"),
    (DAY.saturating_mul(3), "3 to 7 days"),
    (DAY.saturating_mul(7), "longer"),
];

/// The open states, and what they mean.
const OPEN: [(State, &str); 3] = [
    (State::Waiting, "known, not begun"),
    (State::Active, "in progress, as far as is known"),
    (State::Ended, "over; the list of recordings is awaited"),
];

#[expect(clippy::cast_precision_loss, reason = "counts of conferences are far below 2^52")]
pub(super) async fn section(shown: &Shown<'_>) -> Result<Section, Error> {
    let catalog = &shown.view.catalog;
    let limits = AGES.map(|(limit, _)| limit);
    let open = catalog.open_by_age(&limits[1..], shown.now).await?;
    let oldest = catalog.oldest_open().await?;
    let count = |state: State| open.iter().filter(|it| it.state == state.as_str()).map(|it| it.conferences).sum();
    let all: u64 = OPEN.iter().map(|(state, _)| count(*state)).sum();
    let awaited: u64 = count(State::Ended);
    let since = |state: State| oldest.iter().find(|it| it.state == state.as_str()).map(|it| it.since);
    let note = match since(State::Ended) {
        Some(since) => format!("awaited for up to {}", roughly(shown.now.since(since))),
        None => "no list is awaited".to_owned(),
    };
    let figures = vec![Figure::new("Open now", number(all)).noted(&note)];
    let section = |body| Section { id: "open", heading: "Open now", figures, body };
    if all == 0 {
        let nothing = "<p>Nothing is open: every known conference has come to its end.</p>\n";
        return Ok(section(nothing.to_owned()));
    }
    let states: Vec<Vec<String>> = OPEN
        .into_iter()
        .filter_map(|(state, means)| {
            let since = since(state)?;
            let age = format!("{}, since {}", roughly(shown.now.since(since)), time(since, shown.zone));
            Some(vec![format!("{}: {means}", state.as_str()), number(count(state)), age])
        })
        .collect();
    let mut body = table(&["State", "Conferences", "Longest"], &states);
    if awaited > 0 {
        let of_age = |age: usize| {
            let is_meant = |it: &&OpenOfAge| it.state == State::Ended.as_str() && it.limits == age;
            open.iter().filter(is_meant).map(|it| it.conferences).sum::<u64>()
        };
        let row = |(age, (_, name)): (usize, &(Duration, &str))| {
            let conferences = of_age(age);
            let shown = if conferences == 0 { "–".to_owned() } else { number(conferences) };
            Row { label: (*name).to_owned(), value: conferences as f64, shown }
        };
        let plotted: Vec<Row> = AGES.iter().enumerate().map(row).collect();
        let says: Vec<String> = plotted.iter().map(|row| format!("{} {}", row.label, row.shown)).collect();
        let title = "How long lists are awaited";
        let plot = rows(&About { id: "open-ages", title, says: &says.join(", ") }, &plotted);
        let meetings = counted(awaited, "meeting that is over", "meetings that are over");
        let figure = format!("<figure><figcaption>{title} <small>{meetings}</small></figcaption>\n{plot}</figure>\n");
        body.push_str(&figure);
    }
    Ok(section(body))
}
