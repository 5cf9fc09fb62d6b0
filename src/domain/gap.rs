//! A gap: a time in which nobody looked and no event could arrive.
//!
//! No I/O. A meeting that began and ended inside it is in no list of meetings in progress, and no event told of it.

use std::fmt;
use std::time::Duration;

use super::clock::Timestamp;

/// What is told of gaps is told of so much time.
pub const SHOWN: Duration = Duration::from_hours(30 * 24);

/// Looks come a little late without anything being wrong: a pass takes its time.
const SLACK: Duration = Duration::from_secs(5);

/// Why nobody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The daemon did not run, or its machine slept.
    Down,
    Paused,
    /// There were no calls left.
    Spent,
    /// The lists could not be read.
    Failed,
    /// There was no connection for events, and nothing else looks.
    Disconnected,
    /// An operator wants this time searched.
    Asked,
}

impl Reason {
    pub const ALL: [Self; 6] = [Self::Down, Self::Paused, Self::Spent, Self::Failed, Self::Disconnected, Self::Asked];

    /// Its name in the catalog.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Paused => "paused",
            Self::Spent => "spent",
            Self::Failed => "failed",
            Self::Disconnected => "disconnected",
            Self::Asked => "asked",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Down => "the daemon did not run",
            Self::Paused => "calls were paused",
            Self::Spent => "no calls were left",
            Self::Failed => "the lists could not be read",
            Self::Disconnected => "there was no connection for events",
            Self::Asked => "asked for",
        }
    }
}

/// A time in which nobody looked, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    pub began_at: Timestamp,
    pub ended_at: Timestamp,
    pub reason: Reason,
}

/// The last instant at which somebody looked or events could arrive, and how long after it the next look was to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    pub at: Timestamp,
    pub interval: Duration,
}

impl Watched {
    /// Whether nobody watched until `now` for longer than is normal: than twice the interval that was in force.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        now.since(self.at) > self.interval.saturating_mul(2) + SLACK
    }

    /// Whether the next look is now planned so much later that the interval in force is another.
    pub fn is_stretched(&self, interval: Duration) -> bool {
        interval > self.interval.saturating_mul(3) / 2
    }
}

/// What is known of a time in which nobody watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Pauses that held the calls that look: since when, until when, and whether for want of calls.
    pub pauses: Vec<(Timestamp, Timestamp, bool)>,
    /// When the lists could last not be read.
    pub failed_at: Option<Timestamp>,
    /// Whether only events tell of meetings, and there was no connection while the daemon ran.
    pub is_disconnected: bool,
}

impl Evidence {
    /// Why nobody watched between two instants. What explains less than half of that time does not explain it.
    pub fn reason(&self, began_at: Timestamp, ended_at: Timestamp) -> Reason {
        let half = ended_at.since(began_at) / 2;
        let covers = |since: Timestamp, until: Timestamp| until.min(ended_at).since(since.max(began_at)) >= half;
        let pause = self.pauses.iter().find(|(since, until, _)| covers(*since, *until));
        match pause {
            Some((.., true)) => Reason::Spent,
            Some((.., false)) => Reason::Paused,
            // While it fails, it is tried again and again: the last time, shortly before it succeeded.
            None if self.failed_at.is_some_and(|at| at >= began_at + half && at <= ended_at) => Reason::Failed,
            None if self.is_disconnected => Reason::Disconnected,
            None => Reason::Down,
        }
    }
}

/// How far a gap was searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// Not yet, or not to its end.
    Awaited,
    /// DingTalk listed every meeting of it.
    Complete,
    /// The meetings of the known room codes and bookings were looked up, but for so many.
    Known { unanswered: u64 },
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Awaited => f.write_str("not yet"),
            Self::Complete => f.write_str("every meeting"),
            Self::Known { unanswered: 0 } => f.write_str("known rooms and bookings"),
            Self::Known { unanswered } => write!(f, "known rooms and bookings, but for {unanswered}"),
        }
    }
}

impl Gap {
    pub fn lasts(&self) -> Duration {
        self.ended_at.since(self.began_at)
    }

    /// Whether a meeting that ended at `instant` ended in it.
    pub fn holds(&self, instant: Timestamp) -> bool {
        (self.began_at..=self.ended_at).contains(&instant)
    }

    /// Whether the two are one: they touch or overlap. What an operator asks for says nothing about when nobody looked.
    pub fn joins(&self, other: &Self) -> bool {
        let is_alike = (self.reason == Reason::Asked) == (other.reason == Reason::Asked);
        is_alike && self.began_at <= other.ended_at && other.began_at <= self.ended_at
    }

    /// Both as one, for the reason of the longer.
    #[must_use]
    pub fn joined(self, other: &Self) -> Self {
        Self {
            began_at: self.began_at.min(other.began_at),
            ended_at: self.ended_at.max(other.ended_at),
            reason: if self.lasts() >= other.lasts() { self.reason } else { other.reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(minutes * 60_000)
    }

    fn gap(began: i64, ended: i64, reason: Reason) -> Gap {
        Gap { began_at: at(began), ended_at: at(ended), reason }
    }

    #[test]
    fn nobody_watched_for_too_long_after_twice_the_interval_that_was_in_force() {
        let quarter = Duration::from_mins(15);
        let watched = Watched { at: at(0), interval: quarter };
        assert!(!watched.is_overdue(at(30)) && watched.is_overdue(at(31)));
        assert!(!Watched { interval: quarter * 4, ..watched }.is_overdue(at(100)));
        assert!(!watched.is_overdue(at(-500)), "the clock was set back");
    }

    #[test]
    fn an_interval_is_another_before_a_look_could_seem_overdue() {
        let watched = Watched { at: at(0), interval: Duration::from_mins(20) };
        assert!(!watched.is_stretched(Duration::from_mins(30)) && !watched.is_overdue(at(30)));
        assert!(watched.is_stretched(Duration::from_mins(31)));
    }

    #[test]
    fn only_what_explains_half_of_the_time_is_its_reason() {
        let reason = |evidence: Evidence| evidence.reason(at(0), at(100));
        let paused =
            |since, until, is_spent| Evidence { pauses: vec![(at(since), at(until), is_spent)], ..Evidence::default() };
        assert_eq!(reason(paused(-10, 60, false)), Reason::Paused);
        assert_eq!(reason(paused(10, 500, true)), Reason::Spent);
        assert_eq!(reason(paused(0, 40, true)), Reason::Down);
        let failed = |minute| Evidence { failed_at: Some(at(minute)), ..Evidence::default() };
        assert_eq!(
            (reason(failed(90)), reason(failed(5)), reason(failed(101))),
            (Reason::Failed, Reason::Down, Reason::Down)
        );
        assert_eq!(reason(Evidence { is_disconnected: true, ..Evidence::default() }), Reason::Disconnected);
    }

    #[test]
    fn gaps_that_touch_or_overlap_are_one_for_the_reason_of_the_longer() {
        let (night, pause) = (gap(0, 60, Reason::Down), gap(60, 70, Reason::Paused));
        assert!(night.joins(&pause) && pause.joins(&night));
        assert_eq!(pause.joined(&night), gap(0, 70, Reason::Down));
        assert!(!night.joins(&gap(61, 70, Reason::Down)));
        assert!(!night.joins(&gap(0, 60, Reason::Asked)), "what is asked for is no time in which nobody looked");
    }

    #[test]
    fn a_reason_is_read_back_from_its_name() {
        for reason in Reason::ALL {
            assert_eq!(Reason::named(reason.as_str()), Some(reason));
        }
        assert_eq!(Reason::named("other"), None);
    }
}
