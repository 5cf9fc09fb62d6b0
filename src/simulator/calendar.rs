//! Days and months as the organisation counts them, which is UTC+8: its working days, and the month of its quota.

use std::time::Duration;

use chrono::Datelike;

use crate::domain::clock::{Timestamp, millis};

const UTC_OFFSET: Duration = Duration::from_hours(8);
const DAY: Duration = Duration::from_hours(24);

/// The first `count` days from `first_day` on that are no weekend.
pub(super) fn working_days(first_day: Timestamp, count: usize) -> Vec<Timestamp> {
    let mut days = Vec::with_capacity(count);
    let mut day = first_day;
    while days.len() < count {
        if !is_weekend(day) {
            days.push(day);
        }
        day = day + DAY;
    }
    days
}

/// Whether `instant` lies in a weekend, UTC+8. The epoch's first day was a Thursday.
fn is_weekend(instant: Timestamp) -> bool {
    let days = (instant + UTC_OFFSET).as_millis().div_euclid(millis(DAY));
    (days + 3).rem_euclid(7) >= 5
}

/// The calendar month that `instant` lies in, counted through the years.
pub(super) fn month(instant: Timestamp) -> i32 {
    let local = (instant + UTC_OFFSET).to_utc();
    local.map_or(0, |local| local.year() * 12 + i32::try_from(local.month0()).unwrap_or(0))
}
