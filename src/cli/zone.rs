//! What people write for a time: the days and instants that `--since` and `--until` name.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Datelike, Days, NaiveDate};

pub(super) use crate::domain::calendar::{Precision, Zone, offset};
use crate::domain::clock::Timestamp;

/// What `--since` or `--until` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    At(Timestamp),
    Day(NaiveDate),
    /// So many days ago: 0 is today.
    DaysAgo(u64),
    /// So long ago.
    Ago(Duration),
}

impl FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = || text.parse::<NaiveDate>().ok().filter(|day| (1..=9998).contains(&day.year()));
        match text {
            "today" => Ok(Self::DaysAgo(0)),
            "yesterday" => Ok(Self::DaysAgo(1)),
            _ => None
                .or_else(|| Some(Self::At(DateTime::parse_from_rfc3339(text).ok()?.to_utc().into())))
                .or_else(|| day().map(Self::Day))
                .or_else(|| humantime::parse_duration(text).ok().map(Self::Ago))
                .ok_or("write a day (2026-06-01), an instant (2026-06-01T09:00:00Z), today, yesterday, or 7d for seven days ago"),
        }
    }
}

impl When {
    /// Its first instant.
    pub(super) fn begins(self, zone: Zone, now: Timestamp) -> Timestamp {
        self.midnight_after(0, zone, now)
    }

    /// The first instant after it: a day is meant with all of its hours.
    pub(super) fn ends(self, zone: Zone, now: Timestamp) -> Timestamp {
        self.midnight_after(1, zone, now)
    }

    /// The beginning of the day that is `days` after it; what is no day is the instant itself.
    fn midnight_after(self, days: u64, zone: Zone, now: Timestamp) -> Timestamp {
        let today = || zone.at(now).map(|now| now.date_naive()).unwrap_or_default();
        let day = match self {
            Self::At(instant) => return instant,
            Self::Ago(duration) => return now - duration,
            Self::Day(day) => day,
            Self::DaysAgo(ago) => today() - Days::new(ago),
        };
        zone.midnight(day + Days::new(days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(text: &str) -> (String, String) {
        let now = DateTime::parse_from_rfc3339("2026-06-10T09:30:00Z").unwrap().to_utc().into();
        let when: When = text.parse().unwrap();
        (when.begins(Zone::Utc, now).to_string(), when.ends(Zone::Utc, now).to_string())
    }

    #[test]
    fn since_and_until_include_all_of_a_day() {
        let day = |from: &str, to: &str| (format!("{from}T00:00:00Z"), format!("{to}T00:00:00Z"));
        assert_eq!(when("2026-06-01"), day("2026-06-01", "2026-06-02"));
        assert_eq!(when("today"), day("2026-06-10", "2026-06-11"));
        assert_eq!(when("yesterday"), day("2026-06-09", "2026-06-10"));
    }

    #[test]
    fn an_instant_and_a_time_ago_are_what_they_are() {
        let instant = |at: &str| (at.to_owned(), at.to_owned());
        assert_eq!(when("2026-06-01T09:00:00+08:00"), instant("2026-06-01T01:00:00Z"));
        assert_eq!(when("7d"), instant("2026-06-03T09:30:00Z"));
        assert_eq!(when("90m"), instant("2026-06-10T08:00:00Z"));
    }

    #[test]
    fn what_names_no_time_is_refused() {
        for text in ["tomorrow", "2026-13-01", "2026-06-01 09:00", "", "7", "-7d", "+99999-01-01", "9999-12-31"] {
            assert!(text.parse::<When>().unwrap_err().contains("yesterday"), "{text:?}");
        }
    }
}
