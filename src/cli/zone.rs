//! The time zone of what people read and write: instants in tables, and the days that `--since` and `--until` name.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Datelike, Days, FixedOffset, Local, NaiveDate, NaiveTime, SecondsFormat, TimeZone};

use crate::domain::clock::Timestamp;

/// The zone of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// This machine's, or that of `TZ`.
    Local,
    Utc,
}

/// How exactly an instant is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    Minutes,
    Seconds,
}

impl Zone {
    /// The instant by the clocks of this zone; `None` where the calendar of people does not reach.
    pub(super) fn at(self, instant: Timestamp) -> Option<DateTime<FixedOffset>> {
        let instant = instant.to_utc().filter(|instant| (1..=9999).contains(&instant.year()))?;
        Some(match self {
            Self::Local => instant.with_timezone(&Local).fixed_offset(),
            Self::Utc => instant.fixed_offset(),
        })
    }

    /// `2026-06-01 17:00:00 +08:00`, for where no head names the zone.
    pub(super) fn show(self, instant: Timestamp) -> String {
        match self.at(instant) {
            Some(time) => format!("{} {}", Precision::Seconds.show(&time), offset(*time.offset())),
            None => instant.to_string(),
        }
    }

    /// `2026-06-01T17:00:00+08:00`, for other programs.
    pub(super) fn iso(self, instant: Timestamp) -> String {
        match self.at(instant) {
            Some(time) => time.to_rfc3339_opts(SecondsFormat::Secs, self == Self::Utc),
            None => instant.to_string(),
        }
    }

    /// The first instant of a day. Where clocks are put forward at midnight, the day begins later.
    fn midnight(self, day: NaiveDate) -> Timestamp {
        let quarters = (0..96).filter_map(|quarter| NaiveTime::from_num_seconds_from_midnight_opt(quarter * 900, 0));
        let first = quarters.map(|time| day.and_time(time)).find_map(|time| match self {
            Self::Local => Local.from_local_datetime(&time).earliest().map(|time| time.to_utc()),
            Self::Utc => Some(time.and_utc()),
        });
        first.unwrap_or_else(|| day.and_time(NaiveTime::MIN).and_utc()).into()
    }
}

impl Precision {
    pub(super) fn show(self, time: &DateTime<FixedOffset>) -> String {
        let format = if self == Self::Minutes { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
        time.format(format).to_string()
    }
}

/// `+08:00`, `UTC`
pub(super) fn offset(offset: FixedOffset) -> String {
    if offset.local_minus_utc() == 0 { "UTC".to_owned() } else { offset.to_string() }
}

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

    #[test]
    fn an_instant_beyond_the_calendar_is_shown_all_the_same() {
        let utc = |millis| Zone::Utc.show(Timestamp::from_millis(millis));
        assert_eq!(utc(1_780_304_400_000), "2026-06-01 09:00:00 UTC");
        assert_eq!(Zone::Utc.iso(Timestamp::from_millis(1_780_304_400_000)), "2026-06-01T09:00:00Z");
        assert_eq!(utc(i64::MAX), format!("{} ms", i64::MAX));
        assert_eq!(Zone::Local.at(Timestamp::from_millis(i64::MIN)), None);
    }
}
