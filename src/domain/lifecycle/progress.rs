//! The life of a conference, second part: what follows from everything but its list of recordings.

use std::time::Duration;

use super::pushed::goes_on;
use super::{DAY, ErrorNote, Hint, Others, Page, Transition, whole};
use crate::domain::backoff;
use crate::domain::clock::Timestamp;
use crate::domain::conference::{Conference, ConferenceInfo, DiscoveredBy, State};
use crate::domain::coverage::{Told, UNTOLD};
use crate::domain::failure::LastError;
use crate::domain::wait::Wait;

/// A conference that has not begun for so long will hardly begin today.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(7 * 24);

/// So much later than others is asked about what failed last.
const A_MOMENT: Duration = Duration::from_secs(1);

/// A meeting that was seen in progress and that conference info says has not started: so many such answers end it. It
/// recurs, say, and waits for its next occurrence.
pub(super) const NOT_STARTED_ANSWERS: u32 = 3;

impl Page<'_> {
    pub(super) fn unchanged(&self) -> Transition {
        let conference = self.conference;
        Transition {
            state: conference.state.unwrap_or_default(),
            next_attempt_at: conference.next_attempt_at,
            attempts: conference.attempts,
            ..Transition::default()
        }
    }

    /// A new state, in which nothing was asked yet.
    pub(super) fn to(
        &self,
        state: State,
        next_attempt_at: Option<Timestamp>,
        explanation: impl Into<String>,
    ) -> Transition {
        Transition {
            is_news: true,
            state,
            next_attempt_at,
            attempts: 0,
            last_error: ErrorNote::Clear,
            explanation: explanation.into(),
            ..self.unchanged()
        }
    }

    /// The same state, asked about once more, and again at `next_attempt_at`.
    pub(super) fn again(&self, next_attempt_at: Timestamp, explanation: impl Into<String>) -> Transition {
        let state = self.conference.state.unwrap_or_default();
        Transition {
            attempts: self.conference.attempts.saturating_add(1),
            ..self.to(state, Some(next_attempt_at), explanation)
        }
    }

    pub(super) fn in_progress(&self, info: &ConferenceInfo) -> Transition {
        let conference = self.conference;
        let (explanation, was_over) = match conference.state {
            None => (conference.discovered_by.how().to_owned(), false),
            Some(State::Waiting | State::Active) => ("it is in progress".to_owned(), false),
            Some(state) => (format!("it is in progress again; it was {state}"), true),
        };
        let again_since = info.started_at.or(conference.ended_at).unwrap_or(Timestamp::from_millis(0));
        Transition {
            facts: info.clone(),
            last_active_at: Some(self.now),
            not_missing_since: was_over.then_some(again_since),
            ..self.to(State::Active, None, explanation)
        }
    }

    /// Conferences that stay active are not written to. A list that shows one for a day may be wrong: it is confirmed.
    pub(super) fn still_shown(&self) -> Transition {
        let seen_at = self.conference.last_active_at.unwrap_or(self.conference.discovered_at);
        if self.now.since(seen_at) >= DAY { self.ask_at_once(Hint::LongInProgress) } else { self.unchanged() }
    }

    /// It is listed, and not in progress: what it is, conference info says.
    pub(super) fn to_confirm(&self, info: &ConferenceInfo) -> Transition {
        let facts = ConferenceInfo { started_at: None, ..info.clone() };
        Transition { facts, ..self.to(State::Waiting, None, self.conference.discovered_by.how()) }
    }

    /// It is over by the word of a list of past meetings: conference info is asked next, which also says whom to ask for
    /// its recordings.
    pub(super) fn past(&self, info: &ConferenceInfo) -> Transition {
        let conference = self.conference;
        let is_due = conference.next_attempt_at.is_some_and(|at| at <= self.now);
        if conference.state == Some(State::Waiting) && is_due {
            return self.unchanged();
        }
        let explanation = match conference.state {
            None => conference.discovered_by.how(),
            Some(_) => "a list of past meetings shows that it is over",
        };
        let facts = ConferenceInfo { ended_at: None, duration_ms: None, ..info.clone() };
        Transition { facts, ..self.to(State::Waiting, Some(self.now), explanation) }
    }

    pub(super) fn ask_at_once(&self, hint: Hint) -> Transition {
        Transition { next_attempt_at: Some(self.now), explanation: hint.as_str().to_owned(), ..self.unchanged() }
    }

    pub(super) fn goes_on(&self, info: &ConferenceInfo) -> Transition {
        let again = self.again(self.ask_again(), "it goes on all the same");
        Transition { facts: info.clone(), last_active_at: Some(self.now), ..again }
    }

    pub(super) fn not_started(&self, info: &ConferenceInfo) -> Transition {
        // Before the start, `startTime` is a plan at best.
        let planned = info.started_at.filter(|planned| *planned > self.now);
        let longest = if self.rules.is_covered { UNTOLD } else { DAY };
        let next = planned.unwrap_or_else(|| self.ask_again()).min(self.now + longest);
        let facts = ConferenceInfo { started_at: None, ..info.clone() };
        Transition { state: State::Waiting, facts, ..self.again(next, "it has not started") }
    }

    pub(super) fn not_started_after_all(&self, info: &ConferenceInfo) -> Transition {
        if self.conference.attempts >= NOT_STARTED_ANSWERS {
            return self.ended(&ConferenceInfo { started_at: None, ..info.clone() });
        }
        self.again(self.ask_again(), "conference info says that it has not started, although it was seen in progress")
    }

    pub(super) fn ended(&self, info: &ConferenceInfo) -> Transition {
        // One that was seen in progress ended after it became known, whatever the clocks say.
        let ended_before = info.ended_at.filter(|_| self.conference.state != Some(State::Active));
        let wait = Wait::begin(ended_before, self.conference.discovered_at.min(self.now), self.now);
        let wait = Wait { generated_at: self.conference.wait.generated_at, ..wait };
        let (next, why) = self.first_reading(info, &wait);
        let to = self.to(State::Ended, Some(next), format!("its end is confirmed, and {why}"));
        Transition { facts: info.clone(), wait: Some(wait), ..to }
    }

    /// When its list is read for the first time. Where events tell of recordings, they say when; the reading that is
    /// planned is for the event that was lost.
    fn first_reading(&self, info: &ConferenceInfo, wait: &Wait) -> (Timestamp, &'static str) {
        let collect = &self.rules.collect;
        if wait.generated_at.is_some() {
            return (self.now, "a recording of it is finished");
        }
        let soon = self.now + collect.first_delay;
        if !self.awaits_event() {
            // Looks show an end minutes later than an event does, and by then most lists are complete.
            let Conference { state, attempts, next_attempt_at, .. } = *self.conference;
            let is_told_over = state == Some(State::Active) && !goes_on(state, attempts, next_attempt_at);
            let is_early = is_told_over && self.rules.recordings_told == Told::Many;
            let at = if is_early { soon.max(self.now + collect.settle) } else { soon };
            return (at, "its recordings are awaited");
        }
        let is_sure = self.rules.recordings_told == Told::Nearly && self.rules.is_metered;
        let is_expected = info.record_status != Some(0) || !is_sure;
        let latest = if is_expected { self.now + collect.retry_max / 2 } else { self.now + collect.give_up_after };
        let at = wait.deadline(collect.give_up_after, self.now).map_or(soon, |deadline| latest.min(deadline));
        (at.max(soon), "an event is to tell of its recordings")
    }

    /// A refusal may be premature: an id can be handed out before its meeting exists. So it is looked at again for a
    /// while, ever more rarely.
    pub(super) fn refused_by_info(&self, error: &LastError) -> Transition {
        let failing_since = self.conference.wait.failing_since.unwrap_or(self.now);
        let is_first = self.conference.state != Some(State::Failed);
        let attempts = if is_first { 0 } else { self.conference.attempts.saturating_add(1) };
        let retry_max = self.rules.collect.retry_max;
        let delay = backoff::delay(retry_max, retry_max.saturating_mul(2), attempts, &self.conference.conference_id);
        let last_look_at = failing_since + self.rules.collect.give_up_after;
        let goes_on = self.now < last_look_at;
        let wait = Wait { failing_since: Some(failing_since), ..self.conference.wait.clone() };
        let explanation = format!("it needs a person: {error}");
        Transition {
            attempts,
            wait: goes_on.then_some(wait),
            last_error: ErrorNote::Set(error.clone()),
            ..self.to(State::Failed, goes_on.then(|| last_look_at.min(self.now + delay)), explanation)
        }
    }

    pub(super) fn refused_for_all(&self, error: &LastError) -> Transition {
        let explanation = format!("nobody we can ask as may see its recordings: {error}");
        Transition { last_error: ErrorNote::Set(error.clone()), ..self.to(State::Failed, None, explanation) }
    }

    pub(super) fn last_look_refused(&self, error: &LastError) -> Transition {
        let explanation = "nobody we can ask as may look at it once more; what is here stays";
        Transition { last_error: ErrorNote::Set(error.clone()), ..self.to(State::Archived, None, explanation) }
    }

    pub(super) fn unanswered(&self, error: &LastError, others: Others) -> Transition {
        let (conference, collect) = (self.conference, &self.rules.collect);
        if conference.state == Some(State::Failed) {
            return self.refused_by_info(error);
        }
        let failing = self.now.since(conference.wait.failing_since.unwrap_or(self.now));
        let is_hopeless = failing >= collect.give_up_after;
        // Where nothing is known of others, it is given twice the time.
        let is_alone = others == Others::Answered
            || (others == Others::Unknown && failing >= collect.give_up_after.saturating_mul(2));
        if is_hopeless && is_alone {
            return self.failed_alone(error);
        }
        let key = conference.conference_id.as_str();
        let is_read = matches!(conference.state, Some(State::Ended | State::Archived));
        let least = if is_read { collect.retry_min } else { self.rules.poll_gap.min(collect.retry_max) };
        let most = if is_hopeless { DAY } else { collect.retry_max };
        let next = match others {
            // What everybody meets makes nobody wait longer; it only lets another be asked first.
            Others::Fail(until) => until.max(self.now) + A_MOMENT,
            // As long again as it has brought errors: what it answered before does not count.
            Others::Answered | Others::Unknown => self.now + backoff::delay(failing.max(least), most, 0, key),
        };
        let planned_at = conference.next_attempt_at.unwrap_or(self.now);
        let explanation = format!("nothing was found out: {error}; until DingTalk answers, no time counts");
        Transition {
            wait: Some(conference.wait.unanswered(planned_at, next, self.now)),
            last_error: ErrorNote::Set(error.clone()),
            attempts: conference.attempts + u32::from(!matches!(others, Others::Fail(_))),
            ..self.again(next, explanation)
        }
    }

    /// Others were answered all the while: it is this conference that cannot be asked about.
    pub(super) fn failed_alone(&self, error: &LastError) -> Transition {
        let waited = whole(self.rules.collect.give_up_after);
        let was_listed = self.conference.wait.list_changes > 0;
        let is_archived = self.conference.state == Some(State::Archived) || was_listed;
        let (state, what) = if is_archived {
            (State::Archived, "what was seen is archived")
        } else {
            (State::Failed, "it needs a person")
        };
        let explanation = format!("for {waited} and longer it brought only errors, and {what}: {error}");
        Transition { last_error: ErrorNote::Set(error.clone()), ..self.to(state, None, explanation) }
    }

    pub(super) fn watched(&self, union_id: Option<&str>) -> Transition {
        let conference = self.conference;
        let hint =
            union_id.filter(|union_id| conference.union_id_hint.as_deref() != Some(*union_id)).map(str::to_owned);
        if conference.state.is_none() {
            let to = self.to(State::Waiting, None, conference.discovered_by.how());
            return Transition { union_id_hint: hint, ..to };
        }
        let Some(union_id) = hint else { return self.unchanged() };
        // The operator's word comes before whom DingTalk accepted last.
        let wait = Wait { accepted_union_id: None, ..conference.wait.clone() };
        Transition {
            is_news: true,
            wait: self.is_remembered().then_some(wait),
            explanation: format!("its recordings are to be asked for as {union_id}"),
            union_id_hint: Some(union_id),
            ..self.unchanged()
        }
    }

    pub(super) fn retried(&self) -> Transition {
        // What is catalogued already need not be listed anew to count.
        let list_changed_at = self.conference.ended_at.or(Some(self.conference.discovered_at));
        let wait = Wait { list_changed_at, ..Wait::new(self.now) };
        Transition { wait: Some(wait), ..self.to(State::Ended, Some(self.now), "its list is to be read anew") }
    }

    /// Whether an event is to tell when its list is worth reading. Until it is known whether events tell of recordings, one
    /// that an event told of is taken to have such events too.
    pub(super) fn awaits_event(&self) -> bool {
        match self.rules.recordings_told {
            Told::Few | Told::Many => false,
            Told::Unknown => self.conference.discovered_by == DiscoveredBy::Event,
            Told::Nearly => true,
        }
    }

    /// Whether anything is remembered of it: see [`super::invariants`].
    pub(super) fn is_remembered(&self) -> bool {
        let conference = self.conference;
        match conference.state {
            Some(State::Ended) => true,
            Some(State::Archived | State::Failed) => conference.next_attempt_at.is_some(),
            _ => conference.wait.failing_since.is_some(),
        }
    }

    /// When to ask again about a conference that gave no reason to expect anything soon.
    pub(super) fn ask_again(&self) -> Timestamp {
        let (conference, rules) = (self.conference, self.rules);
        let is_active = conference.state == Some(State::Active);
        let retry_max = rules.collect.retry_max;
        let most = match is_active {
            // Its end must not go unnoticed for long.
            true => retry_max.min(rules.poll_gap.saturating_mul(12)),
            false if self.now.since(conference.discovered_at) > FORGOTTEN_AFTER => DAY,
            false => retry_max,
        };
        // An event is to tell when it begins; asking is for the one that was lost.
        if rules.is_covered && !is_active {
            return self.now + UNTOLD;
        }
        // Where the organisation's list is read, it shows nearly all that begin; asking finds the short one that began and
        // ended between two looks, before its recordings are replaced.
        let least = if rules.is_listed && !is_active { most / 4 } else { rules.poll_gap.min(most) };
        self.now + backoff::delay(least, most, conference.attempts, &conference.conference_id)
    }
}
