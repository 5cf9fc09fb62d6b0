//! Recordings that the daemon starts by itself: which, when it tries again, and when not any more.
//!
//! No I/O. Rests on the page of `cloudRecords/start`: only the host may start a recording. When a meeting begins, its
//! creator is the host.

use std::collections::HashSet;
use std::time::Duration;

use super::backoff;
use super::clock::Timestamp;
use super::conference::{Conference, is_union_id};
use super::event::{Event, Happened};
use super::failure::{About, Class};
use super::lifecycle::{Transition, goes_on};

/// Stands for everybody.
const EVERYBODY: &str = "*";

/// So often is one recording tried to be started.
const MOST_ATTEMPTS: u32 = 6;

/// A meeting's media comes up within seconds: it is tried again after these, doubled each time.
const FIRST_WAIT: Duration = Duration::from_secs(3);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// So many meetings in a row that could not be recorded are not bad luck: nobody's can be, for now.
pub const FAILING: u32 = 10;

/// Then each has one try at its beginning, and one when its media must be up: as few calls as show when that is over.
const ATTEMPTS_WHILE_FAILING: u32 = 2;

/// A recording that begins so late is not one of the meeting from its start.
const TOO_LATE: Duration = Duration::from_hours(1);

/// Whose meetings are recorded from their start (configuration: `record.automatic_for`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Creators(HashSet<String>);

impl FromIterator<String> for Creators {
    /// Of unionIds, or `*` for everybody.
    fn from_iter<T: IntoIterator<Item = String>>(union_ids: T) -> Self {
        Self(union_ids.into_iter().collect())
    }
}

/// A meeting that begins, and is to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'e> {
    pub conference_id: &'e str,
    /// As whom its recording is started.
    pub union_id: &'e str,
    pub session_started_at: Option<Timestamp>,
}

/// A recording that is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// As the catalog knows it.
    pub conference: Conference,
    pub union_id: String,
    /// When the event came that tells of the meeting.
    pub wanted_at: Timestamp,
    /// How often it failed.
    pub attempts: u32,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Started,
    /// What was met says nothing about it: it stays due, and a pause holds it.
    Stays,
    Again(Timestamp),
    /// Not tried any more, for what was answered.
    GivenUp,
    /// Not tried any more, for another reason.
    Dropped(&'static str),
}

impl Creators {
    pub fn is_nobody(&self) -> bool {
        self.0.is_empty()
    }

    fn include(&self, union_id: &str) -> bool {
        self.0.contains(EVERYBODY) || self.0.contains(union_id)
    }

    /// The recording that is to be started for `event`, from which `transition` follows for its conference: none if the
    /// meeting goes on no longer, for events come late and in any order.
    pub fn wanted<'e>(&self, event: &'e Event, transition: &Transition) -> Option<Wanted<'e>> {
        let Event { conference_id, happened, info, .. } = event;
        let union_id = info.creator_union_id.as_deref().filter(|id| is_union_id(id) && self.include(id))?;
        let goes_on = goes_on(Some(transition.state), transition.attempts, transition.next_attempt_at);
        let is_wanted = *happened == Happened::Began && goes_on;
        is_wanted.then_some(Wanted { conference_id, union_id, session_started_at: info.started_at })
    }
}

impl Start {
    /// Why it is not worth a call at `now`; `None`: it is.
    pub fn obstacle(&self, creators: &Creators, now: Timestamp) -> Option<&'static str> {
        let Conference { state, attempts, next_attempt_at, .. } = self.conference;
        if !creators.include(&self.union_id) {
            Some("record.automatic_for does not name its creator any more")
        } else if !goes_on(state, attempts, next_attempt_at) {
            Some("the meeting is over")
        } else if now.since(self.wanted_at) > TOO_LATE {
            Some("an hour has passed since the meeting began")
        } else {
            None
        }
    }

    /// What follows from a failure at `now`. `are_failing`: the last [`FAILING`] recordings could not be started.
    pub fn failed(&self, class: Class, about: About, are_failing: bool, now: Timestamp) -> Next {
        let delay = |first, longest| backoff::delay(first, longest, self.attempts, &self.conference.conference_id);
        let (most, wait) = match (class, about) {
            (_, About::Everybody) => return Next::Stays,
            (Class::RecordNotStarted, _) if are_failing => (ATTEMPTS_WHILE_FAILING, LONGEST_WAIT),
            (Class::RecordNotStarted, _) => (MOST_ATTEMPTS, delay(FIRST_WAIT, LONGEST_WAIT)),
            (_, About::Conference) => return Next::GivenUp,
            (_, About::Unknown) => (MOST_ATTEMPTS, delay(class.entails().first, class.entails().longest)),
        };
        if self.attempts.saturating_add(1) < most { Next::Again(now + wait) } else { Next::GivenUp }
    }
}

#[cfg(test)]
mod tests {
    use super::super::conference::{ConferenceInfo, DiscoveredBy, State};
    use super::super::failure::Class::{
        MeetingEnded, RecordNotStarted, RecordRefused, ScopeMissing, ThrottledQps, TimedOut, Unavailable, UserUnknown,
    };
    use super::super::lifecycle::{Observation, Rules, observe};
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_780_243_200_000 + seconds * 1_000)
    }

    fn creators(union_ids: &[&str]) -> Creators {
        union_ids.iter().map(|id| (*id).to_owned()).collect()
    }

    fn event(happened: Happened) -> Event {
        let info = ConferenceInfo {
            creator_union_id: Some("host".to_owned()),
            started_at: Some(at(0)),
            ..ConferenceInfo::default()
        };
        Event { conference_id: "a".to_owned(), happened, sequence: None, info }
    }

    /// Whether `event` has a recording started, for a conference that stands like this.
    fn is_wanted(creators: &Creators, conference: &Conference, event: &Event) -> bool {
        let pushed = Observation::Pushed(event.happened, &event.info);
        creators.wanted(event, &observe(conference, pushed, at(1), &Rules::default())).is_some()
    }

    fn conference(state: State) -> Conference {
        Conference {
            state: Some(state),
            ended_at: (state != State::Active).then(|| at(60)),
            ..Conference::unknown("a", DiscoveredBy::Event, at(0))
        }
    }

    fn start() -> Start {
        Start { conference: conference(State::Active), union_id: "host".to_owned(), wanted_at: at(0), attempts: 0 }
    }

    #[test]
    fn a_meeting_that_begins_is_recorded_if_its_creator_is_named() {
        let unknown = Conference::unknown("a", DiscoveredBy::Event, at(1));
        let began = event(Happened::Began);
        for (named, expected) in [(&["host"][..], true), (&["*"], true), (&["guest"], false), (&[], false)] {
            assert_eq!(is_wanted(&creators(named), &unknown, &began), expected, "{named:?}");
        }
        let longer = ConferenceInfo { creator_union_id: Some("x".repeat(1_000)), ..began.info.clone() };
        let nobody = ConferenceInfo { creator_union_id: None, ..began.info.clone() };
        for info in [longer, nobody] {
            assert!(!is_wanted(&creators(&["*"]), &unknown, &Event { info, ..began.clone() }));
        }
    }

    #[test]
    fn only_what_begins_and_goes_on_is_recorded() {
        let everybody = creators(&["*"]);
        for happened in [Happened::Closed, Happened::VideoGenerated] {
            assert!(!is_wanted(&everybody, &conference(State::Active), &event(happened)), "{happened:?}");
        }
        let began = event(Happened::Began);
        assert!(is_wanted(&everybody, &conference(State::Active), &began), "a list may have been faster");
        let told_over = Conference { next_attempt_at: Some(at(1)), ..conference(State::Active) };
        assert!(!is_wanted(&everybody, &told_over, &began));
        for state in [State::Ended, State::Archived, State::Unrecorded] {
            assert!(!is_wanted(&everybody, &conference(state), &began), "{state}");
        }
        let mut anew = began;
        anew.info.started_at = Some(at(3_600));
        assert!(is_wanted(&everybody, &conference(State::Archived), &anew));
    }

    #[test]
    fn it_is_not_tried_when_the_meeting_is_over_or_long_under_way_or_its_creator_is_not_named_any_more() {
        let (named, it) = (creators(&["host"]), start());
        assert_eq!(it.obstacle(&named, at(3_600)), None);
        assert!(it.obstacle(&named, at(3_601)).is_some());
        assert!(it.obstacle(&creators(&["guest"]), at(1)).is_some());
        let told_over = Conference { next_attempt_at: Some(at(1)), ..conference(State::Active) };
        for conference in [told_over, conference(State::Ended), conference(State::Failed)] {
            assert!(Start { conference, ..start() }.obstacle(&named, at(1)).is_some());
        }
    }

    /// When it is tried, if it always fails like this: seconds after the first time.
    fn attempts(class: Class, are_failing: bool) -> Vec<u64> {
        let (mut it, mut now, mut tried) = (start(), at(0), Vec::new());
        loop {
            tried.push(now.since(at(0)).as_secs());
            match it.failed(class, class.entails().about, are_failing, now) {
                Next::Again(next) => (now, it.attempts) = (next, it.attempts + 1),
                Next::GivenUp => return tried,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_will_not_change_is_tried_once_and_what_may_a_few_times() {
        for class in [RecordRefused, MeetingEnded, UserUnknown] {
            assert_eq!(attempts(class, false), [0], "{class:?}");
        }
        let tried = attempts(RecordNotStarted, false);
        assert!(tried.len() == 6 && tried[1] <= 4 && tried[5] <= 120, "{tried:?}");
        for class in [Unavailable, TimedOut] {
            let tried = attempts(class, false);
            assert!(tried.len() == 6 && tried[1] >= 60 && tried[5] <= 3_600, "{class:?}: {tried:?}");
        }
    }

    #[test]
    fn where_no_recording_can_be_started_each_meeting_costs_two_calls() {
        assert_eq!(attempts(RecordNotStarted, true), [0, 60]);
    }

    #[test]
    fn what_concerns_everybody_leaves_it_as_it_is() {
        for class in [ScopeMissing, ThrottledQps, Class::Held] {
            assert_eq!(start().failed(class, About::Everybody, false, at(0)), Next::Stays, "{class:?}");
        }
    }
}
