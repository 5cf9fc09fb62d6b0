//! A month as DingTalk counts it (UTC+8), and how much of its share is spent by the end of each day.

use chrono::{Datelike, Months, NaiveDate};

use super::Shown;
use super::html::{number, whole};
use super::plot::{About, Line, line};
use super::span::labels;
use crate::domain::clock::Timestamp;
use crate::domain::forecast;

pub(super) struct Month {
    pub(super) days: Vec<NaiveDate>,
    pub(super) today: NaiveDate,
    /// `June 2026 (UTC+8)`
    pub(super) name: String,
}

impl Month {
    /// The one in which the time of the page ends.
    pub(super) fn of(shown: &Shown<'_>) -> Self {
        let day_of = |instant: Timestamp| forecast::day(instant).parse::<NaiveDate>().unwrap_or_default();
        let today = day_of(shown.now);
        let last_shown = if shown.span.until() < shown.now { shown.last_day() } else { today };
        let first = last_shown.with_day(1).unwrap_or(last_shown);
        let end = first.checked_add_months(Months::new(1)).unwrap_or(first);
        let days = first.iter_days().take_while(|day| *day < end).collect();
        Self { days, today, name: format!("{} (UTC+8)", first.format("%B %Y")) }
    }

    pub(super) fn first(&self) -> NaiveDate {
        self.days.first().copied().unwrap_or_default()
    }

    pub(super) fn last(&self) -> NaiveDate {
        self.days.last().copied().unwrap_or_default()
    }

    /// Whether today lies in it.
    pub(super) fn goes_on(&self) -> bool {
        self.days.contains(&self.today)
    }

    /// Its days that are over, and today.
    pub(super) fn lived(&self) -> impl Iterator<Item = NaiveDate> {
        self.days.iter().copied().filter(|day| *day <= self.today)
    }

    /// What a figure says of its share; 0: unmetered.
    pub(super) fn note(&self, share: u64) -> String {
        match share {
            0 => format!("in {}, unmetered", self.name),
            share => format!("of {} in {}", number(share), self.name),
        }
    }

    /// The sums by the ends of the days that were lived, and by those of the days to come; `unit` is what is added up. No more
    /// than the share (0: unmetered) is expected.
    pub(super) fn plot(
        &self,
        about: &About<'_>,
        unit: &str,
        known: Vec<f64>,
        expected: Vec<f64>,
        share: u64,
    ) -> String {
        #[expect(clippy::cast_precision_loss, reason = "a share is far below 2^52")]
        let limit = (share > 0).then_some(share as f64);
        let so_far = known.last().copied().unwrap_or_default();
        let cap = limit.map_or(f64::MAX, |limit| limit.max(so_far));
        let expected: Vec<f64> = expected.into_iter().map(|sum| sum.min(cap)).collect();
        let says = |(day, sum): (&NaiveDate, &f64)| {
            let so_far = if *day > self.today { "expected by then" } else { "so far this month" };
            format!("{}: {} {unit} {so_far}", day.format("%a %-d %b"), whole(*sum))
        };
        let says = self.days.iter().zip(known.iter().chain(&expected)).map(says).collect();
        let limit = limit.map(|limit| (limit, format!("share {}", number(share))));
        line(about, &Line { known, expected, days: self.days.len(), limit, says }, &labels(&self.days))
    }
}

/// The sums so far, beginning at `from`.
pub(super) fn running(from: f64, parts: impl Iterator<Item = f64>) -> Vec<f64> {
    parts
        .scan(from, |sum, part| {
            *sum += part;
            Some(*sum)
        })
        .collect()
}
