//! Events: whether they come, of how much they tell, and the month's pushes against their share.

use std::time::Duration;

use super::html::{counted, number, table, text, time, whole};
use super::month::{Month, running};
use super::plot::About;
use super::{Figure, Section, Shown};
use crate::archive::events::EventReport;
use crate::catalog::Error;
use crate::catalog::history::PushesOfDay;
use crate::domain::clock::Timestamp;
use crate::domain::coverage::Coverage;
use crate::domain::forecast;

const DAY: Duration = Duration::from_hours(24);

/// `None` where no events are wanted.
pub(super) async fn section(shown: &Shown<'_>) -> Result<Option<Section>, Error> {
    let Some(report) = &shown.events else { return Ok(None) };
    let month = Month::of(shown);
    let pushes = shown.view.catalog.pushes_by_day(&month.first().to_string(), &month.last().to_string()).await?;
    let all = pushes.iter().map(|it| it.pushes).sum();
    let note = month.note(shown.view.settings.pushes_per_month);
    let figures = vec![covered(&report.coverage), Figure::new("Pushes", number(all)).noted(&note)];
    let body = format!("{}{}", state(report, shown), of_month(shown, &month, &pushes, report));
    Ok(Some(Section { id: "events", heading: "Events", figures, body }))
}

fn covered(coverage: &Coverage) -> Figure {
    let figure = match coverage.percent() {
        Some(percent) => Figure::new("Told by events", format!("{percent} %"))
            .noted(&format!("of the last {} meetings", coverage.shown)),
        None => Figure::new("Told by events", "–".to_owned()).noted("too few meetings to know"),
    };
    Figure { is_bad: coverage.is_low(), ..figure }
}

/// The connection, and what follows from coverage.
fn state(report: &EventReport, shown: &Shown<'_>) -> String {
    let EventReport { stream, coverage, are_trusted, .. } = report;
    let at = |millis: i64| time(Timestamp::from_millis(millis), shown.zone);
    let (connection, is_bad) = match (stream.connected_since, stream.closed_at) {
        (Some(since), _) => (format!("open since {}", at(since)), false),
        (None, Some(closed_at)) => {
            let why = stream.last_error.as_deref().unwrap_or_default();
            (format!("none since {}: {}", at(closed_at), text(why)), true)
        }
        (None, None) => ("none yet".to_owned(), false),
    };
    let class = if is_bad { " class=\"bad\"" } else { "" };
    let last = stream.last_push_at.map_or_else(|| "none yet".to_owned(), at);
    let Coverage { shown: met, announced, listed, generated } = coverage;
    let looking = if *are_trusted {
        "a safety net: events tell of nearly all meetings"
    } else {
        "at the normal pace, as if there were no events"
    };
    format!(
        "<dl>\n<dt>Connection</dt><dd{class}>{connection}</dd>\n<dt>Last event</dt><dd>{last}</dd>\n\
         <dt>Meetings</dt><dd>events told of {announced} of the last {met} that were seen otherwise</dd>\n\
         <dt>Recordings</dt><dd>events told of {generated} of the last {listed} meetings with a list</dd>\n\
         <dt>Looking</dt><dd>{looking}</dd>\n</dl>\n"
    )
}

#[expect(clippy::cast_precision_loss, reason = "counts of pushes are far below 2^52")]
fn of_month(shown: &Shown<'_>, month: &Month, pushes: &[PushesOfDay], report: &EventReport) -> String {
    let share = shown.view.settings.pushes_per_month;
    let all: u64 = pushes.iter().map(|it| it.pushes).sum();
    if all == 0 {
        return format!("<p>No event came in {}.</p>\n", month.name);
    }
    let of = |day: String| pushes.iter().filter(|it| it.day == day).map(|it| it.pushes as f64).sum::<f64>();
    let known = running(0.0, month.lived().map(|day| of(day.to_string())));
    let (mut expected, mut outlook) = (Vec::new(), String::new());
    if month.goes_on() {
        let begin = forecast::month_begin(shown.now);
        let ends = (1..=month.days.len()).map(|day| begin + DAY * u32::try_from(day).unwrap_or(u32::MAX));
        expected = ends.skip(known.len()).map(|end| report.push_forecast.by(end)).collect();
        outlook = match report.pushes_end_at {
            _ if share > 0 && all >= share => " The share is spent: no event comes until the month is over.".to_owned(),
            Some(end) => format!(
                " If as many come with each meeting as so far, the share is spent on {}. Then meetings are looked for at \
                 the normal pace.",
                forecast::day(end)
            ),
            None => {
                let by_end = expected.last().copied().unwrap_or(all as f64);
                format!(" If as many come with each meeting as so far, it will be {} by the end.", whole(by_end))
            }
        };
    }
    let title = format!("Pushes in {}, added up", month.name);
    let in_words = format!("{} so far.{outlook}", counted(all, "push", "pushes"));
    let plot =
        month.plot(&About { id: "pushes-plot", title: &title, says: &in_words }, "pushes", known, expected, share);
    format!(
        "<p>{} in {}.{outlook}</p>\n<figure><figcaption>{title}</figcaption>\n{plot}</figure>\n{}",
        counted(all, "push", "pushes"),
        month.name,
        by_type(pushes)
    )
}

/// How many came of each type, and from how many of them nothing followed.
fn by_type(pushes: &[PushesOfDay]) -> String {
    let mut types: Vec<&str> = pushes.iter().map(|it| it.event_type.as_str()).collect();
    types.sort_unstable();
    types.dedup();
    let row = |event_type: &str| {
        let of_it = || pushes.iter().filter(|it| it.event_type == event_type);
        let (all, unused): (u64, u64) = (of_it().map(|it| it.pushes).sum(), of_it().map(|it| it.unused).sum());
        vec![format!("<code>{}</code>", text(event_type)), number(all), number(unused)]
    };
    table(&["Event", "Pushes", "Unused"], &types.into_iter().map(row).collect::<Vec<_>>())
}
