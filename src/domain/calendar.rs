//! Time as people read it: by the clocks of a zone, in days, and in words.

use std::time::Duration;

use chrono::{DateTime, Datelike, FixedOffset, Local, NaiveDate, NaiveTime, SecondsFormat, TimeZone};

use super::clock::Timestamp;

/// The zone of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// This machine's, or that of `TZ`.
    Local,
    Utc,
}

/// How exactly an instant is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    Minutes,
    Seconds,
}

impl Zone {
    /// The instant by the clocks of this zone; `None` where the calendar of people does not reach.
    pub fn at(self, instant: Timestamp) -> Option<DateTime<FixedOffset>> {
        let instant = instant.to_utc().filter(|instant| (1..=9999).contains(&instant.year()))?;
        Some(match self {
            Self::Local => instant.with_timezone(&Local).fixed_offset(),
            Self::Utc => instant.fixed_offset(),
        })
    }

    /// `2026-06-01 17:00:00 +08:00`, for where no head names the zone.
    pub fn show(self, instant: Timestamp) -> String {
        match self.at(instant) {
            Some(time) => format!("{} {}", Precision::Seconds.show(&time), offset(*time.offset())),
            None => instant.to_string(),
        }
    }

    /// `2026-06-01T17:00:00+08:00`, for other programs.
    pub fn iso(self, instant: Timestamp) -> String {
        match self.at(instant) {
            Some(time) => time.to_rfc3339_opts(SecondsFormat::Secs, self == Self::Utc),
            None => instant.to_string(),
        }
    }

    /// The first instant of a day. Where clocks are put forward at midnight, the day begins later.
    pub fn midnight(self, day: NaiveDate) -> Timestamp {
        let quarters = (0..96).filter_map(|quarter| NaiveTime::from_num_seconds_from_midnight_opt(quarter * 900, 0));
        let first = quarters.map(|time| day.and_time(time)).find_map(|time| match self {
            Self::Local => Local.from_local_datetime(&time).earliest().map(|time| time.to_utc()),
            Self::Utc => Some(time.and_utc()),
        });
        first.unwrap_or_else(|| day.and_time(NaiveTime::MIN).and_utc()).into()
    }
}

impl Precision {
    pub fn show(self, time: &DateTime<FixedOffset>) -> String {
        let format = if self == Self::Minutes { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
        time.format(format).to_string()
    }
}

/// `+08:00`, `UTC`
pub fn offset(offset: FixedOffset) -> String {
    if offset.local_minus_utc() == 0 { "UTC".to_owned() } else { offset.to_string() }
}

/// `3 d 25 min`: the two largest units that it has something of.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let parts: Vec<_> = units
        .iter()
        .filter(|(number, _)| *number > 0)
        .take(2)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_beyond_the_calendar_is_shown_all_the_same() {
        let utc = |millis| Zone::Utc.show(Timestamp::from_millis(millis));
        assert_eq!(utc(1_780_304_400_000), "2026-06-01 09:00:00 UTC");
        assert_eq!(utc(i64::MAX), format!("{} ms", i64::MAX));
        assert_eq!(Zone::Local.at(Timestamp::from_millis(i64::MIN)), None);
    }

    #[test]
    fn a_duration_is_shown_in_its_two_largest_units() {
        let shown = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(shown(3 * 86_400 + 25 * 60), "3 d 25 min");
        assert_eq!(shown(3 * 86_400 + 2 * 3_600 + 25 * 60), "3 d 2 h");
        assert_eq!([shown(0), shown(59), shown(3_660), shown(7_200)], ["0 s", "59 s", "1 h 1 min", "2 h"]);
    }
}
