//! The time that a page is about, and the days, weeks, months or years that it is shown in.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use crate::domain::calendar::Zone;
use crate::domain::clock::Timestamp;

/// So many columns at the most have room beside one another.
const MOST_DAYS: i64 = 100;
const MOST_DAYS_IN_WEEKS: i64 = 7 * MOST_DAYS;
const MOST_DAYS_IN_MONTHS: i64 = 30 * MOST_DAYS;

/// So many labels at the most have room under them, on a phone too.
const MOST_LABELS: usize = 6;

/// What one column stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Day,
    Week,
    Month,
    Year,
}

impl Step {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The first day of the step after the one that `day` lies in.
    fn next(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Day => day.succ_opt(),
            Self::Week => day.week(Weekday::Mon).checked_first_day()?.checked_add_days(Days::new(7)),
            Self::Month => day.with_day(1)?.checked_add_months(Months::new(1)),
            Self::Year => NaiveDate::from_ymd_opt(day.year() + 1, 1, 1),
        }
    }
}

/// A part of the time, as far as it lies within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bin {
    /// Its first day.
    pub(super) day: NaiveDate,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
}

/// A time in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) step: Step,
    pub(super) bins: Vec<Bin>,
}

impl Span {
    /// From `since` on and before `until`, by the days of `zone`.
    pub(super) fn new(since: Timestamp, until: Timestamp, zone: Zone) -> Self {
        let last_instant = Timestamp::from_millis(until.as_millis().saturating_sub(1));
        let ends = zone.at(since).zip(zone.at(last_instant)).filter(|_| since < until);
        let Some((first, last)) = ends.map(|(first, last)| (first.date_naive(), last.date_naive())) else {
            return Self { step: Step::Day, bins: Vec::new() };
        };
        let step = match last.signed_duration_since(first).num_days() {
            ..MOST_DAYS => Step::Day,
            MOST_DAYS..MOST_DAYS_IN_WEEKS => Step::Week,
            MOST_DAYS_IN_WEEKS..MOST_DAYS_IN_MONTHS => Step::Month,
            MOST_DAYS_IN_MONTHS.. => Step::Year,
        };
        let days = std::iter::successors(Some(first), |day| step.next(*day)).take_while(|day| *day <= last);
        let bin = |day: NaiveDate| Bin {
            day,
            since: zone.midnight(day).max(since),
            until: step.next(day).map_or(until, |next| zone.midnight(next).min(until)),
        };
        Self { step, bins: days.map(bin).collect() }
    }

    pub(super) fn since(&self) -> Timestamp {
        self.bins.first().map(|bin| bin.since).unwrap_or_default()
    }

    pub(super) fn until(&self) -> Timestamp {
        self.bins.last().map(|bin| bin.until).unwrap_or_default()
    }

    /// Labels for some of its bins: all of them, or where a week, a month, … begins.
    pub(super) fn labels(&self) -> Vec<(usize, String)> {
        labels(&self.bins.iter().map(|bin| bin.day).collect::<Vec<_>>())
    }
}

/// A label for some of these days, each by its place.
pub(super) fn labels(days: &[NaiveDate]) -> Vec<(usize, String)> {
    let months = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
    let years = |day: NaiveDate, many: i64| i64::from(day.year()) / many;
    let levels: [(&str, &dyn Fn(NaiveDate) -> i64); 9] = [
        ("%-d %b", &|day| i64::from(day.num_days_from_ce())),
        // The day 1 of the calendar was a Monday.
        ("%-d %b", &|day| i64::from(day.num_days_from_ce() - 1) / 7),
        ("%-d %b", &|day| months(day) * 2 + i64::from(day.day() > 14)),
        ("%b %Y", &months),
        ("%b %Y", &|day| months(day) / 3),
        ("%b %Y", &|day| months(day) / 6),
        ("%Y", &|day| years(day, 1)),
        ("%Y", &|day| years(day, 5)),
        ("%Y", &|day| years(day, 25)),
    ];
    let begins = |key: &dyn Fn(NaiveDate) -> i64| -> Vec<usize> {
        let before = |at: usize| at.checked_sub(1).map(|at| days[at]).or(days[at].pred_opt());
        (0..days.len()).filter(|at| before(*at).is_none_or(|before| key(before) != key(days[*at]))).collect()
    };
    let (format, places) = levels
        .iter()
        .map(|(format, key)| (*format, begins(key)))
        .find(|(_, places)| places.len() <= MOST_LABELS)
        .unwrap_or_default();
    places.into_iter().map(|at| (at, days[at].format(format).to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().into()
    }

    fn span(since: &str, until: &str) -> Span {
        Span::new(instant(since), instant(until), Zone::Utc)
    }

    #[test]
    fn a_quarter_is_shown_in_days_a_year_in_weeks_and_more_in_months_and_years() {
        for (until, step, bins) in [
            ("2026-06-02T00:00:00Z", Step::Day, 1),
            ("2026-06-02T00:00:01Z", Step::Day, 2),
            ("2026-08-30T00:00:00Z", Step::Day, 90),
            ("2027-06-01T00:00:00Z", Step::Week, 53),
            ("2031-06-01T00:00:00Z", Step::Month, 60),
            ("2126-06-01T00:00:00Z", Step::Year, 101),
        ] {
            let span = span("2026-06-01T00:00:00Z", until);
            assert_eq!((span.step, span.bins.len()), (step, bins), "{until}");
            assert_eq!((span.since(), span.until()), (instant("2026-06-01T00:00:00Z"), instant(until)));
            assert!(span.bins.windows(2).all(|pair| pair[0].until == pair[1].since), "{span:?}");
            assert!(span.labels().len() <= MOST_LABELS, "{:?}", span.labels());
        }
        assert_eq!(span("2026-06-02T00:00:00Z", "2026-06-01T00:00:00Z").bins, []);
    }

    #[test]
    fn labels_stand_where_something_begins() {
        let shown = |since, until| span(since, until).labels().into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(shown("2026-06-01T09:00:00Z", "2026-06-03T00:00:00Z"), ["1 Jun", "2 Jun"]);
        assert_eq!(shown("2026-06-01T00:00:00Z", "2026-06-20T00:00:00Z"), ["1 Jun", "8 Jun", "15 Jun"]);
        assert_eq!(
            shown("2026-06-03T00:00:00Z", "2026-09-01T00:00:00Z"),
            ["15 Jun", "1 Jul", "15 Jul", "1 Aug", "15 Aug"]
        );
        assert_eq!(shown("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z").len(), 4);
    }
}
