//! How many of the meetings events tell of: measured, for no page says that they tell of all.
//!
//! No I/O.

use std::time::Duration;

/// So many of the last meetings are looked at.
pub const LAST: u32 = 50;

/// With fewer, nothing is known.
const FEWEST: u64 = 10;

/// An event may come so much later than the look that shows the same.
pub const GRACE: Duration = Duration::from_mins(1);

/// Where events tell of nearly all meetings, looking is a safety net: some six times a day.
pub const SAFETY_NET: Duration = Duration::from_hours(4);

/// Where no meeting is expected meanwhile, this is soon enough: from an evening to the next morning.
pub const QUIET: Duration = Duration::from_hours(16);

/// A conference that has not begun is asked about when no event told of it for so long: it may have been lost.
pub const UNTOLD: Duration = Duration::from_hours(48);

/// Whether events tell of recordings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Told {
    /// Of few, or none can come.
    #[default]
    Few,
    /// Too few were listed to know.
    Unknown,
    /// Of a third or more.
    Many,
    /// Of nearly all.
    Nearly,
}

/// Of the last meetings that another source showed too, those that an event had told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Meetings that a list, a batch query or conference info showed.
    pub shown: u64,
    /// Those of them that an event told of.
    pub announced: u64,
    /// Meetings of which recordings were listed.
    pub listed: u64,
    /// Those of them whose recordings an event told of.
    pub generated: u64,
}

impl Coverage {
    /// Whether events tell of nearly all meetings: of nineteen in twenty.
    pub const fn is_high(&self) -> bool {
        is_nearly_all(self.announced, self.shown)
    }

    /// Whether events tell of so few meetings, of fewer than four in five, that something is wrong with them.
    pub const fn is_low(&self) -> bool {
        self.shown >= FEWEST && self.announced * 5 < self.shown * 4
    }

    /// Whether events tell of recordings.
    pub const fn recordings(&self) -> Told {
        match self.listed {
            ..FEWEST => Told::Unknown,
            _ if is_nearly_all(self.generated, self.listed) => Told::Nearly,
            _ if self.generated * 3 >= self.listed => Told::Many,
            _ => Told::Few,
        }
    }

    /// The share of the meetings that no event tells of; all of them while too little is known.
    #[expect(clippy::cast_precision_loss, reason = "of fifty meetings")]
    pub fn unannounced(&self) -> f64 {
        let is_known = self.shown >= FEWEST;
        if is_known { 1.0 - self.announced as f64 / self.shown as f64 } else { 1.0 }
    }

    /// In percent; `None` while too little is known.
    pub fn percent(&self) -> Option<u64> {
        (self.shown >= FEWEST).then(|| self.announced * 100 / self.shown)
    }
}

const fn is_nearly_all(told: u64, all: u64) -> bool {
    all >= FEWEST && told * 20 >= all * 19
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_is_high_where_nineteen_of_twenty_are_announced_and_enough_is_known() {
        let coverage = |announced, shown| Coverage { shown, announced, ..Coverage::default() };
        assert!(coverage(48, 50).is_high() && coverage(19, 20).is_high() && coverage(10, 10).is_high());
        assert!(!coverage(47, 50).is_high() && !coverage(18, 20).is_high());
        assert!(!coverage(9, 9).is_high(), "too few to believe it");
        assert!(coverage(39, 50).is_low() && !coverage(40, 50).is_low() && !coverage(0, 9).is_low());
        let recordings = |generated, listed| Coverage { listed, generated, ..Coverage::default() }.recordings();
        assert_eq!(
            [recordings(9, 9), recordings(10, 10), recordings(7, 10), recordings(3, 10)],
            [Told::Unknown, Told::Nearly, Told::Many, Told::Few]
        );
        let unannounced = |announced, shown| (coverage(announced, shown).unannounced() * 100.0).round().to_string();
        assert_eq!([unannounced(9, 9), unannounced(30, 40)], ["100", "25"]);
        assert_eq!((coverage(25, 50).percent(), coverage(5, 5).percent()), (Some(50), None));
    }
}
