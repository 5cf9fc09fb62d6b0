//! The wait for a conference's recordings: when to read its list again, and when enough has been read.
//!
//! No I/O. `cloudRecordNotFound` means "not yet" and "never", and only time tells them apart; so the wait is measured
//! here, and only in time in which DingTalk could be asked.

use std::time::Duration;

use super::backoff;
use super::clock::Timestamp;
use super::conference::is_union_id;

/// The operator's words on collecting (configuration: `[collect]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How often due work is looked for: how late a reading may be without anything being wrong.
    pub interval: Duration,
    /// From the confirmed end to the first reading.
    pub first_delay: Duration,
    /// The first wait after a reading that showed nothing.
    pub retry_min: Duration,
    /// The longest.
    pub retry_max: Duration,
    /// How far apart two equal readings must be.
    pub settle: Duration,
    /// How long recordings are awaited.
    pub give_up_after: Duration,
}

/// How far one conference's wait has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Time waited so far in which DingTalk could be asked.
    pub awaited: Duration,
    /// Up to this instant the wait is accounted for.
    pub counted_until: Timestamp,
    /// When the present reading was planned.
    pub planned_at: Timestamp,
    /// Readings before this one.
    pub attempts: u32,
}

/// What a reading showed, beside what the catalog holds now that the reading is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A list with something in it.
    Listed {
        /// Whether the catalog had to be changed for it.
        changed: bool,
        /// Whether every video bore a `mediaId`.
        whole: bool,
    },
    /// No recording: not yet, or never.
    NothingListed,
    /// That the meeting is over (`resourceClose`), which says nothing about its recordings.
    MeetingClosed,
}

/// What is known of the conference beside the reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// When a recording of it last changed in the catalog; `None` if none was ever seen.
    pub last_changed_at: Option<Timestamp>,
    /// Whether conference info said that nothing was recorded (`cloudRecordStatus` 0), and calls are metered: a reason
    /// to ask rarely, never one not to ask.
    pub nothing_expected: bool,
}

/// What follows from a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Read again at this time.
    Again(Timestamp),
    /// The list has settled, or the wait is over and this was seen. A composed file may still join hours later, so the
    /// list is read once more when the wait would have ended.
    Archive {
        /// When; `None` if the wait is over.
        last_look_at: Option<Timestamp>,
    },
    /// The wait is over, and there was none.
    Unrecorded,
    /// The wait is over, and what was answered neither shows a recording nor rules one out.
    Undecided,
}

/// How far this machine's clock may be off DingTalk's, at the most that is allowed for.
const CLOCKS_OFF: Duration = Duration::from_hours(48);

impl Wait {
    /// The wait of a conference whose end was confirmed at `now`.
    ///
    /// What passed between its end and the day it became known counts, but for the two days that our clock may be off
    /// DingTalk's: that is how a list of old conferences is finished with one reading each. What passed since then does
    /// not: DingTalk may have been out of reach.
    #[must_use]
    pub fn begin(ended_at: Option<Timestamp>, discovered_at: Timestamp, now: Timestamp, rules: &Rules) -> Self {
        Self {
            awaited: ended_at
                .map_or(Duration::ZERO, |ended_at| discovered_at.since(ended_at).saturating_sub(CLOCKS_OFF)),
            counted_until: now,
            planned_at: now + rules.first_delay,
            attempts: 0,
        }
    }

    /// The wait after an answer at `now`. A reading that came much later than planned was held up: by an outage, a
    /// pause, a daemon that did not run. The excess does not count.
    #[must_use]
    pub fn answered(self, now: Timestamp, rules: &Rules) -> Self {
        let slack = rules.interval.saturating_mul(2);
        self.counted(now, self.planned_at.since(self.counted_until).saturating_add(slack), now)
    }

    /// The wait after a reading at `now` that got no answer and is tried again at `retry_at`: until DingTalk answers,
    /// no time counts.
    #[must_use]
    pub fn unanswered(self, now: Timestamp, retry_at: Timestamp) -> Self {
        self.counted(now, self.planned_at.since(self.counted_until), retry_at)
    }

    fn counted(self, now: Timestamp, most: Duration, until: Timestamp) -> Self {
        Self {
            awaited: self.awaited.saturating_add(now.since(self.counted_until).min(most)),
            counted_until: until,
            attempts: self.attempts.saturating_add(1),
            ..self
        }
    }

    /// When the wait is over if DingTalk answers from `now` on; `None` if it is over.
    #[must_use]
    pub fn deadline(&self, now: Timestamp, rules: &Rules) -> Option<Timestamp> {
        let left = rules.give_up_after.saturating_sub(self.awaited);
        (!left.is_zero()).then(|| now + left)
    }
}

/// What follows from `reading`, made at `now`; `wait` accounts for it already. `key` spreads the retries.
#[must_use]
pub fn decide(wait: &Wait, reading: Reading, evidence: Evidence, now: Timestamp, rules: &Rules, key: &str) -> Next {
    let deadline = wait.deadline(now, rules);
    if let (Reading::Listed { changed, whole: true }, Some(last_changed_at)) = (reading, evidence.last_changed_at) {
        let settled = rules.settle.is_zero() || (!changed && now.since(last_changed_at) >= rules.settle);
        if settled {
            return Next::Archive { last_look_at: deadline };
        }
    }
    let Some(deadline) = deadline else {
        return match reading {
            _ if evidence.last_changed_at.is_some() => Next::Archive { last_look_at: None },
            Reading::NothingListed => Next::Unrecorded,
            Reading::Listed { .. } | Reading::MeetingClosed => Next::Undecided,
        };
    };
    let again = match (reading, evidence.last_changed_at) {
        (Reading::Listed { whole: true, .. }, Some(last_changed_at)) => last_changed_at + rules.settle,
        // Nothing is expected, and calls are few: once more, at the very end.
        (Reading::NothingListed, None) if evidence.nothing_expected => deadline,
        _ => now + backoff::delay(rules.retry_min, rules.retry_max, wait.attempts.saturating_sub(1), key),
    };
    Next::Again(again.min(deadline))
}

/// The unionIds to ask as, in turn, each once: whoever was accepted last, the operator's hint, the owner of the cloud
/// recording, the conference's creator, and the configured fallback. What DingTalk gave as a unionId and cannot be one is
/// left out: to ask as it would fail, and keep those behind it from being asked.
pub fn askers<'a>(candidates: impl IntoIterator<Item = Option<&'a str>>) -> Vec<&'a str> {
    let mut askers = Vec::new();
    for union_id in candidates.into_iter().flatten() {
        if is_union_id(union_id) && !askers.contains(&union_id) {
            askers.push(union_id);
        }
    }
    askers
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        interval: Duration::from_mins(1),
        first_delay: Duration::from_mins(2),
        retry_min: Duration::from_mins(5),
        retry_max: Duration::from_hours(6),
        settle: Duration::from_mins(30),
        give_up_after: Duration::from_hours(72),
    };
    const NEW: Reading = Reading::Listed { changed: true, whole: true };
    const SAME: Reading = Reading::Listed { changed: false, whole: true };
    const NOTHING_SEEN: Evidence = Evidence { last_changed_at: None, nothing_expected: false };

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(minutes * 60_000)
    }

    fn seen(minutes: i64) -> Evidence {
        Evidence { last_changed_at: Some(at(minutes)), nothing_expected: false }
    }

    fn next(wait: &Wait, reading: Reading, evidence: Evidence, now: Timestamp) -> Next {
        decide(wait, reading, evidence, now, &RULES, "607452e0xxx")
    }

    fn began() -> Wait {
        Wait::begin(Some(at(-3)), at(-60), at(0), &RULES)
    }

    #[test]
    fn a_list_settles_when_two_readings_half_an_hour_apart_agree() {
        let wait = began().answered(at(2), &RULES);
        assert_eq!(next(&wait, NEW, seen(2), at(2)), Next::Again(at(32)));
        assert_eq!(next(&wait, SAME, seen(2), at(31)), Next::Again(at(32)));
        assert!(matches!(next(&wait, SAME, seen(2), at(32)), Next::Archive { last_look_at: Some(_) }));
    }

    #[test]
    fn without_a_settling_time_the_first_list_is_enough() {
        let rules = Rules { settle: Duration::ZERO, ..RULES };
        let wait = began().answered(at(2), &rules);
        assert!(matches!(decide(&wait, NEW, seen(2), at(2), &rules, ""), Next::Archive { .. }));
    }

    #[test]
    fn a_list_that_still_grows_is_archived_at_the_deadline() {
        let wait = Wait { awaited: RULES.give_up_after, ..began() };
        assert_eq!(next(&wait, NEW, seen(2), at(2)), Next::Archive { last_look_at: None });
    }

    #[test]
    fn nothing_listed_is_unrecorded_only_when_the_wait_is_over() {
        let wait = began().answered(at(2), &RULES);
        assert!(matches!(next(&wait, Reading::NothingListed, NOTHING_SEEN, at(2)), Next::Again(_)));
        let over = Wait { awaited: RULES.give_up_after, ..wait };
        assert_eq!(next(&over, Reading::NothingListed, NOTHING_SEEN, at(2)), Next::Unrecorded);
    }

    #[test]
    fn the_last_reading_never_comes_before_the_deadline() {
        let wait = Wait { awaited: Duration::from_mins(72 * 60 - 1), attempts: 20, ..began() };
        assert_eq!(next(&wait, Reading::NothingListed, NOTHING_SEEN, at(9)), Next::Again(at(10)));
    }

    #[test]
    fn a_conference_of_which_nothing_is_expected_is_read_early_and_at_the_deadline() {
        let evidence = Evidence { nothing_expected: true, ..NOTHING_SEEN };
        let first = began().answered(at(2), &RULES);
        let deadline = at(72 * 60);
        assert_eq!(next(&first, Reading::NothingListed, evidence, at(2)), Next::Again(deadline));
        let second = Wait { planned_at: deadline, ..first }.answered(deadline, &RULES);
        assert_eq!(next(&second, Reading::NothingListed, evidence, deadline), Next::Unrecorded);
    }

    #[test]
    fn an_answer_about_the_meeting_never_closes_it_as_unrecorded() {
        let over = Wait { awaited: RULES.give_up_after, ..began() };
        assert_eq!(next(&over, Reading::MeetingClosed, NOTHING_SEEN, at(9)), Next::Undecided);
        let nameless = Reading::Listed { changed: false, whole: false };
        assert_eq!(next(&over, nameless, NOTHING_SEEN, at(9)), Next::Undecided);
    }

    #[test]
    fn time_in_which_dingtalk_could_not_be_asked_does_not_count() {
        let wait = began().answered(at(2), &RULES);
        let wait = Wait { planned_at: at(12), ..wait };
        let two_days_later = at(2 * 24 * 60);
        let held_up = wait.answered(two_days_later, &RULES);
        assert_eq!(held_up.awaited, Duration::from_mins(2 + 10 + 2));

        let failing = wait.unanswered(at(12), at(22));
        let failing = Wait { planned_at: at(22), ..failing }.unanswered(at(22), at(42));
        assert_eq!(failing.awaited, Duration::from_mins(12));
        let back = Wait { planned_at: at(42), ..failing }.answered(at(43), &RULES);
        assert_eq!(back.awaited, Duration::from_mins(13));
    }

    #[test]
    fn a_conference_that_ended_before_it_became_known_has_waited_already() {
        let wait = Wait::begin(Some(at(0)), at(5 * 24 * 60), at(5 * 24 * 60), &RULES);
        assert_eq!(wait.deadline(at(0), &RULES), None);
    }

    #[test]
    fn whom_to_ask_as_is_asked_in_turn_and_once() {
        let flood = "x".repeat(1_000_000);
        let candidates = [None, Some("owner"), Some(&flood), Some("creator"), Some("owner"), Some("")];
        assert_eq!(askers(candidates), ["owner", "creator"]);
    }
}
