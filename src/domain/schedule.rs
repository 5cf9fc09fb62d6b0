//! When a stage is due again: an interval, or a cron pattern.
//!
//! Cron patterns are read as `tokio-cron-scheduler` reads them, through the same crate and with the same settings, so
//! that what the configuration accepts the scheduler accepts too. They are evaluated in the machine's own time zone:
//! whoever writes `0 0 9 * * MON-FRI` means nine by the clock on the wall.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Local, Offset, TimeZone, Utc};
use croner::parser::{CronParser, Seconds};
use croner::{Cron, JobType};

use super::clock::Timestamp;

/// How often a stage is due.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Again this long after the last time.
    Every(Duration),
    /// Whenever the local time matches the pattern: second, minute, hour, day of month, month, day of week, and a year
    /// if one is wanted.
    Cron(Box<Cron>),
}

/// A cron pattern that no schedule can be made of, and why not. It names no key: whoever read the pattern does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPattern(String);

impl Schedule {
    /// Reads a cron pattern with a seconds field: `0 */5 * * * *` is every five minutes, on the minute.
    pub fn parse_cron(pattern: &str) -> Result<Self, BadPattern> {
        const HOW: &str = "write six fields, seconds first, such as \"0 */5 * * * *\"";
        // The scheduler's own settings: seconds are mandatory, and a pattern that restricts both the day of the month and
        // the day of the week wants both to match.
        let cron = CronParser::builder()
            .seconds(Seconds::Required)
            .dom_and_dow(true)
            .build()
            .parse(pattern)
            .map_err(|reason| BadPattern(format!("{pattern:?} is no cron pattern: {reason}; {HOW}")))?;
        // Year 1, where the parser's calendar begins: a pattern for a year gone by is spent, not wrong.
        let dawn = DateTime::<Utc>::from_timestamp(-62_135_596_800, 0).unwrap_or_default();
        cron.find_next_occurrence(&dawn, true)
            .map_err(|_| BadPattern(format!("the cron pattern {pattern:?} never comes round")))?;
        Ok(Self::Cron(Box::new(cron)))
    }

    /// The next time after `last`, never `last` itself; `None` for a cron pattern that never comes round again.
    pub fn next_after(&self, last: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(interval) => Some(last + *interval),
            Self::Cron(cron) => next_in(&Local, cron, last),
        }
    }

    /// The shortest time between two runs: the interval, or the least gap between the next 64 occurrences after `now`.
    /// They show every gap of a pattern that repeats within the hour, or a day of one that repeats by the half hour.
    ///
    /// What looking costs is estimated from it, so it errs on the dear side. `Duration::MAX` for a cron pattern that
    /// comes round less than twice more.
    pub fn shortest_gap(&self, now: Timestamp) -> Duration {
        match self {
            Self::Every(interval) => *interval,
            Self::Cron(_) => {
                let occurrences = std::iter::successors(self.next_after(now), |last| self.next_after(*last));
                let ahead: Vec<_> = occurrences.take(64).collect();
                ahead.windows(2).map(|pair| pair[1].since(pair[0])).min().unwrap_or(Duration::MAX)
            }
        }
    }
}

/// `every 5m`, `cron 0 */5 * * * *`.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(interval) => write!(f, "every {}", humantime::format_duration(*interval)),
            Self::Cron(cron) => write!(f, "cron {}", cron.as_str()),
        }
    }
}

/// The first instant strictly after `last` at which the clocks of `zone` match `cron`.
///
/// Croner searches by wall time, so on the night the clocks go back it leaves out the repeated hour, or answers with an
/// instant that has passed. A daemon must do neither: it would stop looking for an hour, or run without a pause.
fn next_in<Z: TimeZone>(zone: &Z, cron: &Cron, last: Timestamp) -> Option<Timestamp> {
    // Whole seconds, as cron counts them: what is after the second's beginning but not after `last` cannot match.
    let last = DateTime::from_timestamp(last.as_millis().div_euclid(1000), 0)?;
    let local = last.with_timezone(zone);
    let once = cron.determine_job_type() == JobType::FixedTime;

    let mut next = cron.find_next_occurrence(&local, false).ok()?;
    if next <= local {
        // The second pass through the repeated hour, which Croner took for the first.
        let second_pass = zone.from_local_datetime(&next.naive_local()).latest()?;
        next = if once { cron.find_next_occurrence(&second_pass, false).ok()? } else { second_pass };
    }
    if !once {
        // As though the clocks never changed: finds what the second pass holds while the first still runs.
        let unchanged = local.with_timezone(&local.offset().fix());
        let next_unchanged = cron.find_next_occurrence(&unchanged, false).ok()?.with_timezone(zone);
        if next_unchanged < next && cron.is_time_matching(&next_unchanged).unwrap_or(false) {
            next = next_unchanged;
        }
    }
    Some(next.to_utc().into())
}

#[cfg(test)]
mod tests {
    use chrono::{FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, TimeDelta};

    use super::*;

    fn at(text: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc().into()
    }

    fn cron(pattern: &str) -> Box<Cron> {
        match Schedule::parse_cron(pattern) {
            Ok(Schedule::Cron(cron)) => cron,
            other => panic!("{pattern}: {other:?}"),
        }
    }

    /// A zone that goes from two hours ahead of UTC to one at 01:00 UTC on 2026-10-25, as most of Europe does, and
    /// from one to two at 01:00 UTC on 2026-03-29.
    #[derive(Clone, Copy)]
    struct Berlin;

    impl TimeZone for Berlin {
        type Offset = FixedOffset;

        fn from_offset(_: &FixedOffset) -> Self {
            Self
        }

        fn offset_from_local_date(&self, _: &NaiveDate) -> MappedLocalTime<FixedOffset> {
            unreachable!("deprecated, and asked by nobody here")
        }

        fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<FixedOffset> {
            let fits = |hours: i32| {
                let offset = FixedOffset::east_opt(hours * 3600).unwrap();
                let utc = *local - TimeDelta::hours(hours.into());
                (self.offset_from_utc_datetime(&utc) == offset).then_some(offset)
            };
            match (fits(2), fits(1)) {
                (Some(summer), Some(winter)) => MappedLocalTime::Ambiguous(summer, winter),
                (Some(only), None) | (None, Some(only)) => MappedLocalTime::Single(only),
                (None, None) => MappedLocalTime::None,
            }
        }

        fn offset_from_utc_date(&self, _: &NaiveDate) -> FixedOffset {
            unreachable!("deprecated, and asked by nobody here")
        }

        fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> FixedOffset {
            let summer = at("2026-03-29T01:00:00Z").as_millis()..at("2026-10-25T01:00:00Z").as_millis();
            let hours = if summer.contains(&utc.and_utc().timestamp_millis()) { 2 } else { 1 };
            FixedOffset::east_opt(hours * 3600).unwrap()
        }
    }

    fn next_three(pattern: &str, last: &str) -> Vec<String> {
        let cron = cron(pattern);
        let first = next_in(&Berlin, &cron, at(last));
        std::iter::successors(first, |last| next_in(&Berlin, &cron, *last)).take(3).map(|t| t.to_string()).collect()
    }

    #[test]
    fn an_interval_counts_from_the_last_time() {
        let schedule = Schedule::Every(Duration::from_millis(1500));
        assert_eq!(schedule.next_after(Timestamp::from_millis(7)), Some(Timestamp::from_millis(1507)));
        assert_eq!(schedule.shortest_gap(Timestamp::default()), Duration::from_millis(1500));
    }

    #[test]
    fn a_cron_pattern_is_met_strictly_after_the_last_time_and_on_the_second() {
        let cron = cron("0 */5 * * * *");
        assert_eq!(next_in(&Utc, &cron, at("2026-06-01T09:00:00Z")), Some(at("2026-06-01T09:05:00Z")));
        assert_eq!(next_in(&Utc, &cron, at("2026-06-01T09:04:59.999Z")), Some(at("2026-06-01T09:05:00Z")));
        assert_eq!(next_in(&Utc, &cron, at("2026-06-01T09:05:00.001Z")), Some(at("2026-06-01T09:10:00Z")));
    }

    #[test]
    fn a_cron_pattern_means_local_time() {
        let nine = cron("0 0 9 * * MON-FRI");
        assert_eq!(next_in(&Berlin, &nine, at("2026-06-05T12:00:00Z")), Some(at("2026-06-08T07:00:00Z")));
        assert_eq!(Schedule::Cron(nine.clone()).next_after(Timestamp::default()), {
            next_in(&Local, &nine, Timestamp::default())
        });
    }

    #[test]
    fn the_hour_that_comes_twice_is_not_left_out_and_never_answered_with_the_past() {
        assert_eq!(
            next_three("0 */30 * * * *", "2026-10-25T00:00:00Z"),
            ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"]
        );
        assert_eq!(next_three("0 30 * * * *", "2026-10-25T01:10:00Z")[0], "2026-10-25T01:30:00Z");
    }

    #[test]
    fn a_fixed_time_in_the_hour_that_comes_twice_is_met_once() {
        assert_eq!(
            next_three("0 30 2 * * *", "2026-10-24T12:00:00Z"),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"]
        );
        assert_eq!(next_three("0 30 2 * * *", "2026-10-25T01:10:00Z")[0], "2026-10-26T01:30:00Z");
    }

    #[test]
    fn a_fixed_time_in_the_hour_that_is_left_out_is_met_when_that_hour_is_over() {
        assert_eq!(
            next_three("0 30 2 * * *", "2026-03-28T12:00:00Z"),
            ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]
        );
    }

    #[test]
    fn the_shortest_gap_of_a_cron_pattern_is_found_among_uneven_ones() {
        let schedule = Schedule::parse_cron("0 0,50 * * * *").unwrap();
        assert_eq!(schedule.shortest_gap(at("2026-06-01T09:00:00Z")), Duration::from_mins(10));
    }

    #[test]
    fn a_year_gone_by_never_comes_again() {
        let schedule = Schedule::parse_cron("0 0 0 1 1 * 2020").unwrap();
        assert_eq!(schedule.next_after(at("2026-06-01T09:00:00Z")), None);
        assert_eq!(schedule.shortest_gap(at("2026-06-01T09:00:00Z")), Duration::MAX);
    }

    #[test]
    fn what_the_bell_accepts_is_accepted_and_nothing_else() {
        use tokio_cron_scheduler::Job;
        for pattern in [
            "0 */5 * * * *",
            "*/10 * * * * *",
            "0 0 9-17 * * MON-FRI",
            "0 0 0 L * *",
            "0 0 0 15W * ?",
            "0 0 12 * JAN,JUL 5#2",
            "0 0 0 1 1 * 2030",
            "  @daily ",
            "0 0 9 13 * FRI",
            "*/5 * * * *",
            "",
            "every five minutes",
            "0 61 * * * *",
            "0 0 0 0 0 *",
            "0 0 0 1 1 * 2030 7",
        ] {
            let accepted = Job::new_tz(pattern, Utc, |_, _| {}).is_ok();
            assert_eq!(Schedule::parse_cron(pattern).is_ok(), accepted, "{pattern:?}");
        }
    }

    #[test]
    fn a_pattern_that_no_day_matches_is_refused() {
        assert_eq!(
            Schedule::parse_cron("0 0 0 30 2 *").unwrap_err().to_string(),
            "the cron pattern \"0 0 0 30 2 *\" never comes round"
        );
    }

    #[test]
    fn a_schedule_reads_as_it_is_written() {
        assert_eq!(Schedule::Every(Duration::from_mins(5)).to_string(), "every 5m");
        assert_eq!(Schedule::parse_cron("0 */5 * * * *").unwrap().to_string(), "cron 0 */5 * * * *");
    }
}
