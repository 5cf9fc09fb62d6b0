//! What is remembered of a conference while an answer is awaited, and how time is counted meanwhile.
//!
//! No I/O. `cloudRecordNotFound` means "not yet" and "never", and only time tells them apart; so the wait is measured
//! here, and only in time in which DingTalk could be asked.

use std::time::Duration;

use super::clock::Timestamp;

/// How far one conference's wait has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wait {
    /// Time waited for recordings so far in which DingTalk could be asked.
    pub awaited: Duration,
    /// Up to this instant the wait is accounted for.
    pub counted_until: Timestamp,
    /// Whom DingTalk last accepted as the one who asks.
    pub accepted_union_id: Option<String>,
    /// When the list of recordings last changed in what the pages explain; `None`: nothing was ever listed.
    pub list_changed_at: Option<Timestamp>,
    pub list_changes: u32,
    /// Since when DingTalk has given only errors about it; `None`: it answered last time.
    pub failing_since: Option<Timestamp>,
    /// When an event told of a finished recording; `None`: its list was read since.
    pub generated_at: Option<Timestamp>,
}

/// How far this machine's clock may be off DingTalk's, at the most that is allowed for.
const CLOCKS_OFF: Duration = Duration::from_hours(48);

impl Wait {
    /// Nothing was awaited before `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { counted_until: now, ..Self::default() }
    }

    /// The wait for the recordings of a conference whose end was confirmed at `now`.
    ///
    /// What passed between its end and the day it became known counts, but for the two days that our clock may be off
    /// DingTalk's: that is how a list of old conferences is finished with one reading each. What passed since then does
    /// not: DingTalk may have been out of reach.
    pub fn begin(ended_at: Option<Timestamp>, discovered_at: Timestamp, now: Timestamp) -> Self {
        let before = ended_at.map_or(Duration::ZERO, |ended_at| discovered_at.since(ended_at));
        Self { awaited: before.saturating_sub(CLOCKS_OFF), ..Self::new(now) }
    }

    /// The wait after an answer at `now` to a reading that was planned for `planned_at`. A reading that came much later
    /// than planned was held up: by an outage, a pause, a daemon that did not run. The excess beyond `slack` does not
    /// count.
    pub fn answered(&self, planned_at: Timestamp, slack: Duration, now: Timestamp) -> Self {
        let counted = self.counted(planned_at.since(self.counted_until).saturating_add(slack), now);
        Self { counted_until: now, failing_since: None, generated_at: None, ..counted }
    }

    /// The wait after a reading at `now` that got no answer and is tried again at `retry_at`: until DingTalk answers,
    /// no time counts.
    pub fn unanswered(&self, planned_at: Timestamp, retry_at: Timestamp, now: Timestamp) -> Self {
        let counted = self.counted(planned_at.since(self.counted_until), now);
        Self { counted_until: retry_at, failing_since: self.failing_since.or(Some(now)), ..counted }
    }

    fn counted(&self, most: Duration, now: Timestamp) -> Self {
        let counted = now.since(self.counted_until).min(most);
        Self { awaited: self.awaited.saturating_add(counted), ..self.clone() }
    }

    /// When the wait is over if DingTalk answers from `now` on; `None` if it is over.
    pub fn deadline(&self, give_up_after: Duration, now: Timestamp) -> Option<Timestamp> {
        let left = give_up_after.saturating_sub(self.awaited);
        (!left.is_zero()).then(|| now + left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLACK: Duration = Duration::from_mins(2);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(minutes * 60_000)
    }

    #[test]
    fn time_in_which_dingtalk_could_not_be_asked_does_not_count() {
        let wait = Wait::begin(Some(at(-3)), at(-60), at(0)).answered(at(2), SLACK, at(2));
        let two_days_later = at(2 * 24 * 60);
        assert_eq!(wait.answered(at(12), SLACK, two_days_later).awaited, Duration::from_mins(2 + 10 + 2));

        let failing = wait.unanswered(at(12), at(22), at(12));
        assert_eq!(failing.failing_since, Some(at(12)));
        let failing = failing.unanswered(at(22), at(42), at(22));
        assert_eq!((failing.awaited, failing.failing_since), (Duration::from_mins(12), Some(at(12))));
        let back = failing.answered(at(42), SLACK, at(43));
        assert_eq!((back.awaited, back.failing_since), (Duration::from_mins(13), None));
    }

    #[test]
    fn a_conference_that_ended_before_it_became_known_has_waited_already() {
        let wait = Wait::begin(Some(at(0)), at(5 * 24 * 60), at(5 * 24 * 60));
        assert_eq!(wait.deadline(Duration::from_hours(72), at(0)), None);
        let seen_in_progress = Wait::begin(None, at(5 * 24 * 60), at(5 * 24 * 60));
        assert_eq!(seen_in_progress.awaited, Duration::ZERO);
    }
}
