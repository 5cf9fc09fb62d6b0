//! How many events are pushed until the month's end: as many with each meeting as came so far.
//!
//! No I/O. Pushes come when meetings do: a weekend brings few.

use std::time::Duration;

use super::clock::Timestamp;
use super::forecast::{Profile, month_begin, month_end};

/// Less of a month tells little about the rest.
const LEAST: Duration = Duration::from_hours(3 * 24);

const HOUR: Duration = Duration::from_hours(1);

/// The pushes of a month (UTC+8), and those to come.
#[derive(Clone, Debug, PartialEq)]
pub struct PushForecast {
    profile: Profile,
    now: Timestamp,
    so_far: u64,
    per_meeting: f64,
}

impl PushForecast {
    /// At `now`, when `so_far` have come this month, and meetings begin as `profile` says.
    #[expect(clippy::cast_precision_loss, reason = "counts of pushes are far below 2^52")]
    pub fn new(profile: Profile, so_far: u64, now: Timestamp) -> Self {
        let begin = month_begin(now);
        let meetings = profile.expected(begin, now.max(begin + LEAST));
        let per_meeting = so_far as f64 / meetings.max(f64::MIN_POSITIVE);
        Self { profile, now, so_far, per_meeting }
    }

    /// How many have come by an instant of this month that is yet to come.
    #[expect(clippy::cast_precision_loss, reason = "counts of pushes are far below 2^52")]
    pub fn by(&self, instant: Timestamp) -> f64 {
        self.so_far as f64 + self.profile.expected(self.now, instant) * self.per_meeting
    }

    /// Whether more come until the month's end than `pushes`.
    #[expect(clippy::cast_precision_loss, reason = "counts of pushes are far below 2^52")]
    pub fn exceeds(&self, pushes: u64) -> bool {
        self.so_far >= pushes || self.by(month_end(self.now)) > pushes as f64
    }

    /// When `share` is spent (0: never); `None` if it lasts until the month's end.
    #[expect(clippy::cast_precision_loss, reason = "counts of pushes are far below 2^52")]
    pub fn end(&self, share: u64) -> Option<Timestamp> {
        if share == 0 || !self.exceeds(share) {
            return None;
        }
        let (mut at, mut left) = (self.now, share as f64 - self.so_far as f64);
        while left > 0.0 && at < month_end(self.now) {
            left -= self.profile.expected(at, at + HOUR) * self.per_meeting;
            at = at + HOUR;
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::forecast::day;

    fn instant(text: &str) -> Timestamp {
        text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().into()
    }

    /// When three thousand pushes are spent, if `so_far` have come by `now`: by no more experience than the weekend that
    /// everybody presumes.
    fn end(so_far: u64, now: &str) -> Option<String> {
        let profile = Profile::learn(&[], instant(now), instant(now));
        let end = PushForecast::new(profile, so_far, instant(now)).end(3_000);
        end.map(day)
    }

    #[test]
    fn pushes_that_come_as_they_came_so_far_end_before_the_month_or_last() {
        // June 2026 has 22 working days, and began on a Monday: the 10th is the eighth of them.
        assert_eq!(end(900, "2026-06-10T16:00:00Z"), None);
        assert_eq!(end(1_500, "2026-06-10T16:00:00Z").as_deref(), Some("2026-06-22"));
        assert_eq!(end(3_000, "2026-06-10T16:00:00Z").as_deref(), Some("2026-06-11"), "they are spent");
        assert_eq!(end(0, "2026-06-10T16:00:00Z"), None);
    }

    #[test]
    fn five_busy_days_do_not_make_a_busy_weekend() {
        assert_eq!(end(600, "2026-06-05T16:00:00Z"), None, "120 a day are 3600 in thirty days, but 2640 in 22");
    }

    #[test]
    fn the_first_day_tells_little() {
        assert_eq!(end(200, "2026-05-31T20:00:00Z"), None);
    }

    #[test]
    fn what_is_not_metered_has_no_end() {
        let now = instant("2026-06-10T00:00:00Z");
        assert_eq!(PushForecast::new(Profile::learn(&[], now, now), 9_999, now).end(0), None);
    }
}
