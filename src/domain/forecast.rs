//! How often to look for meetings so that the month's calls last.
//!
//! No I/O. Collecting comes first: what it will need is put aside, but for a tenth of the share that is kept for looking.
//! What is left is spread over the rest of the month, more of it over the hours in which meetings begin: a look at three
//! in the morning finds nothing. To miss the fewest short meetings, the rate of looking goes with the square root of the
//! rate at which meetings begin of which no event tells.

use std::time::Duration;

use chrono::{Datelike, Months, NaiveDate, NaiveTime};

use super::clock::Timestamp;

const HOUR_MS: i64 = 3_600_000;
const HOURS_OF_WEEK: usize = 168;

/// DingTalk counts its months in UTC+8.
const UTC_OFFSET: Duration = Duration::from_hours(8);

/// What a conference is taken to cost, from its confirmed end to its last look, until experience tells.
pub const CALLS_PER_CONFERENCE: f64 = 5.0;

/// How often a conference that has ended is read once more: most have only their last look before them, some have to
/// settle first.
const READS_LEFT: f64 = 1.5;

/// A meeting that has not begun is asked about once a day, for so many days at the most.
const DAYS_OF_WAITING: f64 = 7.0;

/// When meetings begin: how many, by the hour of the week (UTC+8).
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    per_hour: [f64; HOURS_OF_WEEK],
    /// Even the dead of night is worth a look now and then: a fiftieth of the mean is never not expected.
    floor: f64,
}

/// Meetings begun in some hours.
#[derive(Clone, Copy, Default)]
struct Rate {
    count: f64,
    hours: f64,
}

impl Rate {
    /// Meetings an hour, taking `mean` for one hour that was not lived through.
    fn beside(self, mean: f64) -> f64 {
        (self.count + mean) / (self.hours + 1.0)
    }
}

/// How busy a day of the week is presumed to be, beside the mean, until it was lived through: most organisations rest on
/// Saturdays and Sundays. Where they do not, the first weekend tells.
fn presumed(day: usize) -> f64 {
    // The days are counted from the epoch's, which was a Thursday: 2 is a Saturday.
    if matches!(day, 2 | 3) { 0.1 } else { 1.0 }
}

impl Profile {
    /// Learns from `starts` seen between `since` and `until`: how busy each hour of the day is, and how busy each day of
    /// the week, so that one quiet Monday is enough to know Mondays. What was not lived through yet is presumed.
    pub fn learn(starts: &[Timestamp], since: Timestamp, until: Timestamp) -> Self {
        let mut by_hour = [Rate::default(); 24];
        let mut by_day = [Rate::default(); 7];
        let mut overall = Rate { count: 1.0, hours: 24.0 };
        let mut tally = |hour: usize, count: f64, hours: f64| {
            for rate in [&mut by_hour[hour % 24], &mut by_day[hour / 24], &mut overall] {
                rate.count += count;
                rate.hours += hours;
            }
        };
        hours_between(since, until).for_each(|(hour, share)| tally(hour, 0.0, share));
        let starts = starts.iter().filter(|start| (since..=until).contains(start));
        starts.for_each(|start| tally(hour_of_week(*start), 1.0, 0.0));
        let mean = overall.count / overall.hours;
        let per_hour: [f64; HOURS_OF_WEEK] = std::array::from_fn(|hour| {
            let (hour, day) = (hour % 24, hour / 24);
            by_hour[hour].beside(mean) * by_day[day].beside(mean * presumed(day)) / mean
        });
        #[expect(clippy::cast_precision_loss, reason = "168")]
        let floor = per_hour.iter().sum::<f64>() / HOURS_OF_WEEK as f64 / 50.0;
        Self { per_hour, floor }
    }

    /// How many meetings are to be expected between two instants.
    pub fn expected(&self, from: Timestamp, to: Timestamp) -> f64 {
        hours_between(from, to).map(|(hour, share)| self.per_hour[hour] * share).sum()
    }

    /// How much a look in this hour of the week is worth, beside others.
    fn weight(&self, hour: usize) -> f64 {
        (self.per_hour[hour] + self.floor).sqrt()
    }
}

/// What there is to spend, and what is known of the need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// This daemon's share of the month's calls.
    pub share: u64,
    pub calls_left: u64,
    /// By experience.
    pub calls_per_conference: f64,
    /// Conferences that have not ended: what they will cost is as good as spent.
    pub open: u64,
    /// Those of them that have not begun: until they do, they are asked about now and then.
    pub waiting: u64,
    /// Conferences that have ended and will be read at least once more.
    pub awaited: u64,
    /// The share of the meetings that no event tells of, from 0 to 1: only these must be looked for.
    pub unannounced: f64,
}

/// Calls that collecting will need until the month's end.
#[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
fn for_collecting(profile: &Profile, budget: &Budget, now: Timestamp) -> f64 {
    let month_end = month_end(now);
    let to_come = profile.expected(now, month_end) + budget.open as f64;
    let days_left = month_end.since(now).as_secs_f64() / 86_400.0;
    let for_waiting = budget.waiting as f64 * days_left.min(DAYS_OF_WAITING);
    to_come * budget.calls_per_conference + budget.awaited as f64 * READS_LEFT + for_waiting
}

/// Calls that are needed neither for collecting nor for the least of looking: what can wait may have some of them.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of calls are far below 2^52, and a negative one becomes 0"
)]
pub fn spare(profile: &Profile, budget: &Budget, now: Timestamp) -> u64 {
    let needed = for_collecting(profile, budget, now) + looking_reserve(budget.share, now) as f64;
    (budget.calls_left as f64 - needed) as u64
}

/// Calls an hour that looking may cost at `now` so that the month's calls last.
#[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
pub fn looking_rate(profile: &Profile, budget: &Budget, now: Timestamp) -> f64 {
    let month_end = month_end(now);
    let for_collecting = for_collecting(profile, budget, now);
    let left = budget.calls_left as f64;
    let for_looking = (left - for_collecting).max(left.min(looking_reserve(budget.share, now) as f64));
    let weights: f64 = hours_between(now, month_end).map(|(hour, share)| profile.weight(hour) * share).sum();
    for_looking * budget.unannounced.sqrt() * profile.weight(hour_of_week(now)) / weights.max(f64::MIN_POSITIVE)
}

/// Calls of `share` that are kept for looking at `now`: a tenth, as far as the month is still to come. What is not found
/// cannot be collected.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share is far below 2^52"
)]
pub fn looking_reserve(share: u64, now: Timestamp) -> u64 {
    const MONTH_S: f64 = 31.0 * 86_400.0;
    let left = month_end(now).since(now).as_secs_f64() / MONTH_S;
    (share as f64 / 10.0 * left.min(1.0)) as u64
}

/// No month is longer, and so is no interval: nothing is to be done before the month's end.
pub const LONGEST_INTERVAL: Duration = Duration::from_hours(744);

/// The interval at which something that costs `calls` a time may be done at `rate` calls an hour.
pub fn interval(calls: f64, rate: f64) -> Duration {
    let hours = calls / rate.max(f64::MIN_POSITIVE);
    // The comparison also keeps the product finite.
    if hours < 744.0 { Duration::from_secs_f64(hours * 3_600.0) } else { LONGEST_INTERVAL }
}

/// The first instant of the month, as DingTalk counts them (UTC+8).
pub fn month_begin(now: Timestamp) -> Timestamp {
    first_of_month(now, Months::new(0)).unwrap_or(now)
}

/// The first instant of the next month, as DingTalk counts them (UTC+8).
pub fn month_end(now: Timestamp) -> Timestamp {
    first_of_month(now, Months::new(1)).unwrap_or(Timestamp::from_millis(i64::MAX))
}

fn first_of_month(now: Timestamp, later: Months) -> Option<Timestamp> {
    let local = (now + UTC_OFFSET).to_utc()?;
    let first = NaiveDate::from_ymd_opt(local.year(), local.month(), 1)?.checked_add_months(later)?;
    Some(Timestamp::from(first.and_time(NaiveTime::MIN).and_utc()) - UTC_OFFSET)
}

/// The day on which a call at `now` counts: `2026-06-01`, UTC+8.
pub fn day(now: Timestamp) -> String {
    let local = (now + UTC_OFFSET).to_utc();
    local.map_or_else(|| "9999-12-31".to_owned(), |local| local.format("%Y-%m-%d").to_string())
}

/// The month in which a call at `now` counts: `2026-06`, UTC+8.
pub fn month(now: Timestamp) -> String {
    day(now).chars().take(7).collect()
}

/// The hours since the epoch.
pub fn hour(instant: Timestamp) -> i64 {
    instant.as_millis().div_euclid(HOUR_MS)
}

fn hour_of_week(instant: Timestamp) -> usize {
    usize::try_from(hour(instant + UTC_OFFSET).rem_euclid(168)).unwrap_or(0)
}

/// The hours of the week from one instant to another, each with the part of it that lies between them.
fn hours_between(from: Timestamp, to: Timestamp) -> impl Iterator<Item = (usize, f64)> {
    let mut at = from;
    std::iter::from_fn(move || {
        if at >= to {
            return None;
        }
        let next_hour = Timestamp::from_millis((hour(at) + 1) * HOUR_MS);
        let end = next_hour.min(to);
        let item = (hour_of_week(at), end.since(at).as_secs_f64() / 3_600.0);
        at = end;
        Some(item)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().into()
    }

    /// Forty meetings each working day, from nine to six by the clock of UTC+8, for two weeks.
    fn office() -> (Vec<Timestamp>, Timestamp, Timestamp) {
        let monday = instant("2026-05-31T16:00:00Z");
        let starts = (0..14_u64)
            .filter(|day| day % 7 < 5)
            .flat_map(|day| (0..40_u64).map(move |n| (day, n)))
            .map(|(day, n)| monday + Duration::from_mins(day * 1_440 + 540 + n * 13))
            .collect();
        (starts, monday, monday + Duration::from_hours(14 * 24))
    }

    fn budget(calls_left: u64) -> Budget {
        Budget {
            share: 5_000,
            calls_left,
            calls_per_conference: 5.0,
            open: 0,
            waiting: 0,
            awaited: 0,
            unannounced: 1.0,
        }
    }

    #[test]
    fn months_are_counted_in_utc_plus_8() {
        assert_eq!(month_end(instant("2026-06-30T15:59:59Z")), instant("2026-06-30T16:00:00Z"));
        assert_eq!(month_end(instant("2026-06-30T16:00:00Z")), instant("2026-07-31T16:00:00Z"));
        assert_eq!(month_begin(instant("2026-06-30T15:59:59Z")), instant("2026-05-31T16:00:00Z"));
        let july = instant("2026-06-30T16:00:00Z");
        assert_eq!((day(july), month(july), month_begin(july)), ("2026-07-01".to_owned(), "2026-07".to_owned(), july));
    }

    #[test]
    fn the_profile_expects_next_week_what_it_saw_last_week() {
        let (starts, since, until) = office();
        let profile = Profile::learn(&starts, since, until);
        let next_week = profile.expected(until, until + Duration::from_hours(168));
        assert!((180.0..220.0).contains(&next_week), "{next_week}");
    }

    #[test]
    fn a_weekend_is_presumed_quiet_until_one_was_lived_through() {
        let (starts, since, _) = office();
        let (tuesday, saturday) = (since + Duration::from_hours(24), since + Duration::from_hours(5 * 24));
        let first_day: Vec<_> = starts.into_iter().filter(|start| *start < tuesday).collect();
        let profile = Profile::learn(&first_day, since, tuesday);
        let expected = |from: Timestamp| profile.expected(from, from + Duration::from_hours(24));
        assert!(expected(saturday) < expected(tuesday) / 5.0);
    }

    #[test]
    fn looking_is_frequent_when_meetings_begin_and_rare_at_night() {
        let (starts, since, until) = office();
        let profile = Profile::learn(&starts, since, until);
        let morning = looking_rate(&profile, &budget(2_500), instant("2026-06-15T02:00:00Z"));
        let night = looking_rate(&profile, &budget(2_500), instant("2026-06-14T19:00:00Z"));
        assert!(morning > night * 3.0, "{morning} {night}");
    }

    #[test]
    fn looking_at_the_rate_allowed_spends_what_is_left_and_no_more() {
        let (starts, since, until) = office();
        let profile = Profile::learn(&starts, since, until);
        let month_end = month_end(until);
        let for_collecting = profile.expected(until, month_end) * CALLS_PER_CONFERENCE;
        let spent: f64 = hours_between(until, month_end)
            .map(|(hour, share)| {
                let rate = looking_rate(&profile, &budget(4_000), until) * profile.weight(hour);
                rate / profile.weight(hour_of_week(until)) * share
            })
            .sum();
        assert!((spent - (4_000.0 - for_collecting)).abs() < 1.0, "{spent}");
    }

    #[test]
    fn collecting_takes_precedence_but_looking_never_stops() {
        let profile = Profile::learn(&[], instant("2026-06-01T00:00:00Z"), instant("2026-06-01T00:00:00Z"));
        let now = instant("2026-06-10T00:00:00Z");
        let needy = Budget { open: 100, ..budget(1_000) };
        let rate = looking_rate(&profile, &needy, now);
        assert!(rate < looking_rate(&profile, &budget(1_000), now));
        assert!(rate > 0.0);
        let mostly_told = Budget { unannounced: 0.25, ..budget(1_000) };
        let half = looking_rate(&profile, &budget(1_000), now) / 2.0;
        assert!((looking_rate(&profile, &mostly_told, now) - half).abs() < 1e-9);
    }

    #[test]
    fn an_interval_follows_from_the_rate() {
        assert_eq!(interval(1.0, 60.0), Duration::from_mins(1));
        assert_eq!(interval(2.0, 4.0), Duration::from_mins(30));
        assert_eq!(interval(1.0, 0.0), Duration::from_hours(744));
    }
}
