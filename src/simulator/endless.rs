//! An organisation that lives on the wall clock and never stops meeting.
//!
//! Time is cut into cycles of fifty working hours, shortened `pace` times, counted from the epoch; what happens in
//! one follows from the seed and its number alone. So a simulator that is killed and started again with the same
//! arguments tells the same history, id for id and instant for instant, although it keeps nothing on disk: a daemon
//! that was watching it sees an interruption, not another world. The one thing a restart forgets is a recording that
//! was started over the wire.
//!
//! There are no nights and no weekends, so that whoever tries it, whenever, sees meetings at once. The cycles kept are
//! always the same ones around the present, at the start as later: memory stays bounded, and a restart adds nothing
//! and drops nothing.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::domain::clock::{Timestamp, millis};

use super::generate::Draw;
use super::meeting::Meeting;

/// A week of people's working time.
const CYCLE: Duration = Duration::from_hours(50);
/// A composed file may come thirty hours late and a daemon may look for days: cycles are kept this long.
const KEPT_CYCLES: i64 = 6;

/// Which cycles of which world there are.
#[derive(Clone, Debug)]
pub(super) struct Endless {
    seed: u64,
    meetings_per_cycle: usize,
    pace: f64,
    cycles: BTreeMap<i64, Vec<String>>,
}

impl Endless {
    /// A pace that is no number above zero is taken as people's own.
    pub(super) fn new(seed: u64, meetings_per_cycle: usize, pace: f64) -> Self {
        // Past a million times, a cycle would be too short to hold a millisecond for each of its hours.
        let pace = if pace.is_finite() && pace > 0.0 { pace.clamp(0.001, 1_000_000.0) } else { 1.0 };
        Self { seed, meetings_per_cycle, pace, cycles: BTreeMap::new() }
    }

    /// How long `time` of people's lasts here.
    pub(super) fn paced(&self, time: Duration) -> Duration {
        time.div_f64(self.pace)
    }

    /// Generates the cycles around `now` that are missing, up to the next one, because meetings are booked ahead; and
    /// forgets the others. Whether that changed anything.
    pub(super) fn extend_to(&mut self, now: Timestamp, meetings: &mut BTreeMap<String, Meeting>) -> bool {
        let wanted = self.wanted(now);
        let outside: Vec<i64> = self.cycles.keys().copied().filter(|cycle| !wanted.contains(cycle)).collect();
        let mut has_changed = !outside.is_empty();
        for cycle in outside {
            for conference_id in self.cycles.remove(&cycle).unwrap_or_default() {
                meetings.remove(&conference_id);
            }
        }
        for cycle in wanted {
            if !self.cycles.contains_key(&cycle) {
                has_changed = true;
                let generated = self.generate(cycle);
                self.cycles.insert(cycle, generated.iter().map(|meeting| meeting.conference_id.clone()).collect());
                meetings.extend(generated.into_iter().map(|meeting| (meeting.conference_id.clone(), meeting)));
            }
        }
        has_changed
    }

    fn generate(&self, cycle: i64) -> Vec<Meeting> {
        let begin = Timestamp::from_millis(cycle.saturating_mul(self.cycle_ms()));
        let mut draw = Draw::new(self.seed, cycle.cast_unsigned(), self.pace);
        let mut meetings: Vec<Meeting> = (0..self.meetings_per_cycle)
            .map(|_| {
                let start = begin + draw.moment_within(CYCLE);
                draw.meeting(start)
            })
            .collect();
        draw.register(&mut meetings);
        meetings
    }

    fn wanted(&self, now: Timestamp) -> RangeInclusive<i64> {
        let present = now.as_millis().div_euclid(self.cycle_ms());
        present - KEPT_CYCLES..=present + 1
    }

    fn cycle_ms(&self) -> i64 {
        millis(self.paced(CYCLE)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use crate::simulator::Organisation;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_780_272_000_000);

    fn at(now: Timestamp) -> Organisation {
        let mut organisation = Organisation::endless(11, 200, 60.0);
        organisation.extend_to(now);
        organisation
    }

    #[test]
    fn a_restarted_simulator_tells_the_same_history() {
        let later = NOW + Duration::from_mins(70);
        let mut running = at(NOW);
        running.extend_to(later);
        assert!(running.meetings().eq(at(later).meetings()));

        // What both know, started at different instants, is the same too.
        let early = at(NOW);
        let common: Vec<_> = early.meetings().filter(|m| running.meeting(&m.conference_id).is_some()).collect();
        assert!(common.len() >= 200 * 6);
        assert!(common.iter().all(|meeting| running.meeting(&meeting.conference_id) == Some(*meeting)));
    }

    #[test]
    fn memory_stays_bounded_however_long_it_runs() {
        let mut organisation = at(NOW);
        let size = organisation.len();
        for hour in 1..100 {
            organisation.extend_to(NOW + Duration::from_hours(hour));
            assert_eq!(organisation.len(), size);
        }
        assert_eq!(size, 200 * 8);
    }

    #[test]
    fn somebody_meets_at_any_hour() {
        for hour in 0..200 {
            let now = NOW + Duration::from_hours(hour);
            // Forty minutes of fifty hours, two hundred times over: between two and three at once.
            assert!(
                at(now).meetings().any(|m| m.starts_at <= now + Duration::from_mins(1) && now < m.ends_at),
                "{now}"
            );
        }
    }

    #[test]
    fn everything_is_as_many_times_shorter_as_it_is_faster() {
        for meeting in at(NOW).meetings() {
            assert!(meeting.ends_at.since(meeting.starts_at) <= Duration::from_secs(126));
            assert!(meeting.starts_at.since(meeting.registered_at) <= Duration::from_mins(48));
            for recording in &meeting.recordings {
                assert!(recording.listed_from.since(meeting.ends_at) >= Duration::from_secs(3));
                assert!(recording.listed_from.since(meeting.ends_at) <= Duration::from_mins(31));
            }
        }
    }

    #[test]
    fn a_senseless_speed_is_taken_as_peoples_own() {
        for pace in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX] {
            let mut organisation = Organisation::endless(1, 3, pace);
            organisation.extend_to(NOW);
            assert_eq!(organisation.len(), 3 * 8);
        }
    }
}
