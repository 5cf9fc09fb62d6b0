//! Calls against the month's share, and where that leads.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};

use super::html::{counted, number, table, whole};
use super::month::{Month, running};
use super::plot::About;
use super::{Figure, Section, Shown};
use crate::catalog::Error;
use crate::catalog::history::CallsOfDay;
use crate::domain::endpoint::Endpoint;

/// So far back experience reaches.
const EXPERIENCE_DAYS: u64 = 28;

/// What calls are for.
const KINDS: [(&str, &[Endpoint]); 4] = [
    ("finding meetings", &[Endpoint::OrgConferences, Endpoint::UserConferences]),
    ("whether they go on, and their ends", &[Endpoint::Query, Endpoint::Conference]),
    ("reading lists of recordings", &[Endpoint::Videos]),
    ("opening the connection for events", &[Endpoint::StreamOpen]),
];

/// What a day cost, by days (UTC+8).
type Ledger = BTreeMap<NaiveDate, f64>;

#[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
pub(super) async fn section(shown: &Shown<'_>) -> Result<Section, Error> {
    let (id, heading) = ("calls", "Calls");
    let share = shown.view.share;
    let month = Month::of(shown);
    let (first, name) = (month.first(), &month.name);
    let before = first.checked_sub_days(Days::new(EXPERIENCE_DAYS)).unwrap_or(first);
    let calls = shown.view.catalog.calls_by_day(&before.to_string(), &month.last().to_string()).await?;
    let mut ledger = Ledger::new();
    for CallsOfDay { day, calls, .. } in &calls {
        *ledger.entry(day.parse().unwrap_or_default()).or_default() += *calls as f64;
    }
    let of_month: Vec<&CallsOfDay> = calls.iter().filter(|it| *it.day >= *first.to_string()).collect();
    let spent: u64 = of_month.iter().map(|it| it.calls).sum();
    let known = running(0.0, month.lived().map(|day| of(&ledger, day)));
    let to_come = if month.goes_on() { expected(&ledger, month.today, &month.days) } else { Vec::new() };
    let expected = running(spent as f64, to_come.into_iter());
    let at_end = expected.last().copied().unwrap_or(spent as f64);
    let is_short = share > 0 && at_end > share as f64;
    let figures = vec![Figure::new("Calls", number(spent)).noted(&month.note(share))];
    let section = |body| Section { id, heading, figures, body };
    if spent == 0 {
        return Ok(section(format!("<p>No metered call was made in {name}.</p>\n")));
    }
    let outlook = match (month.goes_on(), is_short) {
        (false, _) => String::new(),
        (true, false) => format!(
            " If the rest of the month costs what its weekdays cost before, it will be {} by the end.",
            whole(at_end)
        ),
        (true, true) => {
            " If the rest of the month cost what its weekdays cost before, the share would be spent before \
                         the end: the daemon looks less often, so that it lasts."
                .to_owned()
        }
    };
    let title = format!("Calls in {name}, added up");
    let in_words = format!("{} so far.{outlook}", counted(spent, "call", "calls"));
    let plot = month.plot(&About { id: "calls-plot", title: &title, says: &in_words }, "calls", known, expected, share);
    Ok(section(format!(
        "<p>{}, in {name}.{outlook}</p>\n<figure><figcaption>{title}</figcaption>\n{plot}</figure>\n{}",
        counted(spent, "metered call", "metered calls"),
        by_kind(&of_month)
    )))
}

/// What the calls were for, and how many brought errors.
fn by_kind(calls: &[&CallsOfDay]) -> String {
    let is_of =
        |it: &CallsOfDay, endpoints: &[Endpoint]| endpoints.iter().any(|endpoint| endpoint.as_str() == it.endpoint);
    let row = |name: &str, is_meant: &dyn Fn(&CallsOfDay) -> bool| {
        let of_it = || calls.iter().filter(|it| is_meant(it));
        let (made, failed): (u64, u64) = (of_it().map(|it| it.calls).sum(), of_it().map(|it| it.failed).sum());
        (made > 0).then(|| vec![name.to_owned(), number(made), number(failed)])
    };
    let mut rows: Vec<Vec<String>> =
        KINDS.iter().filter_map(|(name, endpoints)| row(name, &|it: &CallsOfDay| is_of(it, endpoints))).collect();
    rows.extend(row("other", &|it: &CallsOfDay| !KINDS.iter().any(|(_, endpoints)| is_of(it, endpoints))));
    table(&["For", "Calls", "With an error"], &rows)
}

/// What each day of the month after `today` is taken to cost: as much as its weekday did before, as far as one was lived
/// through, else as much as any day.
fn expected(ledger: &Ledger, today: NaiveDate, month: &[NaiveDate]) -> Vec<f64> {
    let oldest = today.checked_sub_days(Days::new(EXPERIENCE_DAYS)).unwrap_or(today);
    // Today is not over; it counts where nothing else does.
    let first = ledger.keys().find(|day| **day >= oldest).copied().unwrap_or(today);
    let known: Vec<NaiveDate> = first.iter_days().take_while(|day| *day < today.max(first + Days::new(1))).collect();
    let mean = |is_meant: &dyn Fn(&NaiveDate) -> bool| {
        let costs: Vec<f64> = known.iter().filter(|day| is_meant(day)).map(|day| of(ledger, *day)).collect();
        (!costs.is_empty()).then(|| costs.iter().sum::<f64>() / super::plot::as_float(costs.len()))
    };
    let cost =
        |day: &NaiveDate| mean(&|it| it.weekday() == day.weekday()).or_else(|| mean(&|_| true)).unwrap_or_default();
    month.iter().filter(|day| **day > today).map(cost).collect()
}

fn of(ledger: &Ledger, day: NaiveDate) -> f64 {
    ledger.get(&day).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_to_come_costs_what_its_weekday_did_before() {
        // Two weeks: 100 on working days, nothing on weekends.
        let days = day("2026-06-01").iter_days().take(14);
        let ledger: Ledger =
            days.filter(|day| day.weekday().num_days_from_monday() < 5).map(|day| (day, 100.0)).collect();
        let month: Vec<NaiveDate> = day("2026-06-01").iter_days().take(30).collect();
        let expected = expected(&ledger, day("2026-06-15"), &month);
        assert_eq!(expected[..7], [100.0, 100.0, 100.0, 100.0, 0.0, 0.0, 100.0]);
        assert_eq!(expected.len(), 15);
    }

    #[test]
    fn on_the_first_day_every_day_is_taken_for_one_like_it() {
        let ledger = Ledger::from([(day("2026-06-01"), 70.0)]);
        let month: Vec<NaiveDate> = day("2026-06-01").iter_days().take(3).collect();
        assert_eq!(expected(&ledger, day("2026-06-01"), &month), [70.0, 70.0]);
        assert_eq!(expected(&Ledger::new(), day("2026-06-01"), &month), [0.0, 0.0]);
    }
}
