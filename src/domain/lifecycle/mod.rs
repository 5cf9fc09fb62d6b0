//! The life of a conference, on one page.
//!
//! No I/O. [`observe`] says everything that follows from one observation; no other place changes a conference's state.
//! The cells give the state that follows and when it is asked about next. "Asked at once" means by conference info, in
//! the same pass.
//!
//! | state        | shown in progress | not shown      | info: not started | info: in progress | info: ended | list was read                         | refused                    | only errors                | watched | retried |
//! |--------------|-------------------|----------------|-------------------|-------------------|-------------|---------------------------------------|----------------------------|----------------------------|---------|---------|
//! | (unknown)    | active            | waiting        | –                 | –                 | –           | –                                     | –                          | –                          | waiting | –       |
//! | `waiting`    | active            | asked at once  | waiting, later    | active            | ended       | –                                     | failed, looked at again    | waiting, ever later; failed | hint    | –       |
//! | `active`     | active            | asked at once  | active, later; ended | active, later  | ended       | –                                     | failed, looked at again    | active, ever later; failed | hint    | –       |
//! | `ended`      | active            | –              | –                 | active            | –           | ended, later; archived; unrecorded; failed | failed                | ended, ever later; archived; failed | hint | –  |
//! | `archived`   | active            | –              | –                 | active            | –           | archived, last look; archived         | archived                   | archived, ever later       | hint    | ended   |
//! | `unrecorded` | active            | –              | –                 | active            | –           | –                                     | –                          | –                          | hint    | ended   |
//! | `failed`     | active            | asked at once  | waiting, later    | active            | ended       | –                                     | failed, looked at again    | failed, looked at again    | hint    | ended   |
//!
//! A dash: nothing follows. "Only errors" ends after `collect.give_up_after` in which others were answered. "Looked at
//! again" goes on as long; then a failed conference waits for a person.

mod explain;
mod list;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use explain::{Invariant, Question, Standing, invariants, next_question};

use super::backoff;
use super::clock::Timestamp;
use super::conference::{Conference, ConferenceInfo, State, Status};
use super::failure::{LastError, OwnCode};
use super::recording::{Changes, Known, RecordingList};
use super::wait::Wait;

/// A conference that has not begun for so long will hardly begin today.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(7 * 24);

/// So much later than others is asked about what failed last.
const A_MOMENT: Duration = Duration::from_secs(1);

/// The longest time between two questions about a conference that is open, or may come alive.
const DAY: Duration = Duration::from_hours(24);

/// A meeting that was seen in progress and that conference info says has not started: so many such answers end it. It
/// recurs, say, and waits for its next occurrence.
const NOT_STARTED_ANSWERS: u32 = 3;

/// The operator's words, as far as they decide anything about one conference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The shortest time between two polls.
    pub poll_gap: Duration,
    /// Whether the organisation's list is read, which shows when a conference begins.
    pub is_listed: bool,
    /// Whether calls are metered.
    pub is_metered: bool,
    /// When recordings are read, and for how long.
    pub collect: Collect,
}

/// The operator's words on collecting (configuration: `[collect]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collect {
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
    /// How long recordings are awaited, and errors suffered.
    pub give_up_after: Duration,
}

/// The configuration's defaults: an operator's word needs no rules of its own.
impl Default for Rules {
    fn default() -> Self {
        Self {
            poll_gap: Duration::from_mins(5),
            is_listed: false,
            is_metered: true,
            collect: Collect {
                interval: Duration::from_mins(1),
                first_delay: Duration::from_mins(2),
                retry_min: Duration::from_mins(5),
                retry_max: Duration::from_hours(6),
                settle: Duration::from_mins(30),
                give_up_after: Duration::from_hours(72),
            },
        }
    }
}

/// Why conference info is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// The organisation's complete list does not show it.
    NotListed,
    /// The batch query answers without it, or says that it is not in progress.
    NotInBatch,
    /// A batch query with it was refused.
    SpoilsBatch,
    /// A list has shown it in progress for a day.
    LongInProgress,
    /// DingTalk gave no answer about it when it was last asked.
    Unanswered,
}

/// Anything that was learned about a conference, from whatever source.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// A listing or the batch query shows it in progress.
    Shown(&'a ConferenceInfo),
    /// Whoever shows what is in progress does not show it: a hint, never proof.
    NotShown(Hint, &'a ConferenceInfo),
    /// What conference info says.
    Info(&'a ConferenceInfo),
    /// Its list of recordings was read; an empty one means "not yet" or "never".
    List {
        /// What DingTalk lists.
        list: &'a RecordingList,
        /// What the catalog has.
        known: &'a [Known],
        /// Whom it was read as.
        union_id: &'a str,
    },
    /// `getVideos` says that the meeting is over, and nothing about its recordings.
    MeetingClosed {
        /// What the catalog has.
        known: &'a [Known],
        /// Whom it was read as.
        union_id: &'a str,
    },
    /// DingTalk answers that there is no such conference, or that nobody whom we can ask as may see it.
    Refused(&'a LastError),
    /// Nothing was found out.
    Unanswered {
        /// What came instead of an answer.
        error: &'a LastError,
        /// What others met meanwhile.
        others: Others,
    },
    /// An operator, or the configuration, puts it on watch.
    Watched {
        /// Whom to ask for its recordings as.
        union_id: Option<&'a str>,
    },
    /// An operator wants its list read anew.
    Retried,
}

/// What others met since a conference began to bring only errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// DingTalk answered.
    Answered,
    /// Nothing is known of others.
    Unknown,
    /// The same: a pause stands for it, and ends then.
    Fail(Timestamp),
}

/// What becomes of the error that is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorNote {
    /// It stays.
    Keep,
    /// DingTalk answers: it goes.
    Clear,
    /// This one is remembered.
    Set(LastError),
}

/// Everything that follows from an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Whether anything is to be written.
    pub is_news: bool,
    /// The state from now on.
    pub state: State,
    /// Not asked about before this. One that is due at once and no news is asked about in the same pass.
    pub next_attempt_at: Option<Timestamp>,
    /// How often DingTalk was asked about it in this state.
    pub attempts: u32,
    /// What was learned of it; what is `None` stays as it was.
    pub facts: ConferenceInfo,
    /// Set when it is seen in progress.
    pub last_active_at: Option<Timestamp>,
    /// Whom the operator said to ask as, if that is new.
    pub union_id_hint: Option<String>,
    /// The error that is remembered.
    pub last_error: ErrorNote,
    /// What is remembered while an answer is awaited; `None`: nothing is awaited.
    pub wait: Option<Wait>,
    /// What happens to its recordings.
    pub recordings: Changes,
    /// Recordings that were marked missing at or after this are not: the answer was given while the meeting went on.
    pub not_missing_since: Option<Timestamp>,
    /// Why, in words.
    pub explanation: String,
}

/// Everything that follows from `observation` about `conference` at `now`.
#[must_use]
pub fn observe(conference: &Conference, observation: Observation<'_>, now: Timestamp, rules: &Rules) -> Transition {
    use State::{Active, Archived, Ended, Failed, Unrecorded, Waiting};
    let page = Page { conference, now, rules };
    match (conference.state, observation) {
        (Some(Active), Observation::Shown(_)) => page.still_shown(),
        (_, Observation::Shown(info)) => page.in_progress(info),
        (None, Observation::NotShown(_, info)) => page.to_confirm(info),
        (Some(Waiting | Active | Failed), Observation::NotShown(hint, _)) => page.ask_at_once(hint),
        (Some(state), Observation::Info(info)) => match (info.status, state) {
            (Status::InProgress, Active) => page.goes_on(info),
            (Status::InProgress, _) => page.in_progress(info),
            (Status::NotStarted, Active) => page.not_started_after_all(info),
            (Status::NotStarted, Waiting | Failed) => page.not_started(info),
            (Status::Ended, Waiting | Active | Failed) => page.ended(info),
            (Status::Unknown(status), Waiting | Active | Failed) => {
                page.unanswered(&status_unknown(status), Others::Answered)
            }
            _ => page.unchanged(),
        },
        (Some(Ended), Observation::List { list, known, union_id }) => page.list_read(list, known, union_id),
        (Some(Archived), Observation::List { list, known, union_id }) => page.last_look(list, known, union_id),
        (Some(Ended), Observation::MeetingClosed { known, union_id }) => page.meeting_closed(known, union_id),
        (Some(Archived), Observation::MeetingClosed { union_id, .. }) => page.looked_in_vain(union_id),
        (Some(Waiting | Active | Failed), Observation::Refused(error)) => page.refused_by_info(error),
        (Some(Ended), Observation::Refused(error)) => page.refused_for_all(error),
        (Some(Archived), Observation::Refused(error)) => page.last_look_refused(error),
        (Some(Waiting | Active | Ended | Archived | Failed), Observation::Unanswered { error, others }) => {
            page.unanswered(error, others)
        }
        (_, Observation::Watched { union_id }) => page.watched(union_id),
        (Some(Archived | Unrecorded | Failed), Observation::Retried) => page.retried(),
        _ => page.unchanged(),
    }
}

fn status_unknown(status: Option<i64>) -> LastError {
    let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
    LastError {
        code: OwnCode::StatusUnknown.to_string(),
        message: format!("conference info gave the status {status}, which no page explains"),
    }
}

/// One conference at one instant.
struct Page<'p> {
    conference: &'p Conference,
    now: Timestamp,
    rules: &'p Rules,
}

impl Page<'_> {
    fn unchanged(&self) -> Transition {
        let conference = self.conference;
        Transition {
            is_news: false,
            state: conference.state.unwrap_or(State::Waiting),
            next_attempt_at: conference.next_attempt_at,
            attempts: conference.attempts,
            facts: ConferenceInfo::default(),
            last_active_at: None,
            union_id_hint: None,
            last_error: ErrorNote::Keep,
            wait: None,
            recordings: Changes::default(),
            not_missing_since: None,
            explanation: String::new(),
        }
    }

    /// A new state, in which nothing was asked yet.
    fn to(&self, state: State, next_attempt_at: Option<Timestamp>, explanation: impl Into<String>) -> Transition {
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
    fn again(&self, next_attempt_at: Timestamp, explanation: impl Into<String>) -> Transition {
        let state = self.conference.state.unwrap_or(State::Waiting);
        Transition {
            attempts: self.conference.attempts.saturating_add(1),
            ..self.to(state, Some(next_attempt_at), explanation)
        }
    }

    fn in_progress(&self, info: &ConferenceInfo) -> Transition {
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
    fn still_shown(&self) -> Transition {
        let seen_at = self.conference.last_active_at.unwrap_or(self.conference.discovered_at);
        if self.now.since(seen_at) >= DAY { self.ask_at_once(Hint::LongInProgress) } else { self.unchanged() }
    }

    /// It is listed, and not in progress: what it is, conference info says.
    fn to_confirm(&self, info: &ConferenceInfo) -> Transition {
        let facts = ConferenceInfo { started_at: None, ..info.clone() };
        Transition { facts, ..self.to(State::Waiting, None, self.conference.discovered_by.how()) }
    }

    fn ask_at_once(&self, hint: Hint) -> Transition {
        Transition { next_attempt_at: Some(self.now), explanation: hint.as_str().to_owned(), ..self.unchanged() }
    }

    fn goes_on(&self, info: &ConferenceInfo) -> Transition {
        let again = self.again(self.ask_again(), "it goes on all the same");
        Transition { facts: info.clone(), last_active_at: Some(self.now), ..again }
    }

    fn not_started(&self, info: &ConferenceInfo) -> Transition {
        // Before the start, `startTime` is a plan at best.
        let planned = info.started_at.filter(|planned| *planned > self.now);
        let next = planned.unwrap_or_else(|| self.ask_again()).min(self.now + DAY);
        let facts = ConferenceInfo { started_at: None, ..info.clone() };
        Transition { state: State::Waiting, facts, ..self.again(next, "it has not started") }
    }

    fn not_started_after_all(&self, info: &ConferenceInfo) -> Transition {
        if self.conference.attempts >= NOT_STARTED_ANSWERS {
            return self.ended(&ConferenceInfo { started_at: None, ..info.clone() });
        }
        self.again(self.ask_again(), "conference info says that it has not started, although it was seen in progress")
    }

    fn ended(&self, info: &ConferenceInfo) -> Transition {
        // One that was seen in progress ended after it became known, whatever the clocks say.
        let ended_before = info.ended_at.filter(|_| self.conference.state != Some(State::Active));
        let wait = Wait::begin(ended_before, self.conference.discovered_at.min(self.now), self.now);
        let next = self.now + self.rules.collect.first_delay;
        let to = self.to(State::Ended, Some(next), "its end is confirmed, and its recordings are awaited");
        Transition { facts: info.clone(), wait: Some(wait), ..to }
    }

    /// A refusal may be premature: an id can be handed out before its meeting exists. So it is looked at again for a
    /// while, ever more rarely.
    fn refused_by_info(&self, error: &LastError) -> Transition {
        let failing_since = self.conference.wait.failing_since.unwrap_or(self.now);
        let is_first = self.conference.state != Some(State::Failed);
        let attempts = if is_first { 0 } else { self.conference.attempts.saturating_add(1) };
        let retry_max = self.rules.collect.retry_max;
        let delay = backoff::delay(retry_max, retry_max.saturating_mul(2), attempts, &self.conference.conference_id);
        let last_look_at = failing_since + self.rules.collect.give_up_after;
        let goes_on = self.now < last_look_at;
        let wait = Wait { failing_since: Some(failing_since), ..self.conference.wait.clone() };
        let explanation = format!("it needs a person: {}: {}", error.code, error.message);
        Transition {
            attempts,
            wait: goes_on.then_some(wait),
            last_error: ErrorNote::Set(error.clone()),
            ..self.to(State::Failed, goes_on.then(|| last_look_at.min(self.now + delay)), explanation)
        }
    }

    fn refused_for_all(&self, error: &LastError) -> Transition {
        let explanation = format!("nobody we can ask as may see its recordings: {}: {}", error.code, error.message);
        Transition { last_error: ErrorNote::Set(error.clone()), ..self.to(State::Failed, None, explanation) }
    }

    fn last_look_refused(&self, error: &LastError) -> Transition {
        let explanation = "nobody we can ask as may look at it once more; what is here stays";
        Transition { last_error: ErrorNote::Set(error.clone()), ..self.to(State::Archived, None, explanation) }
    }

    fn unanswered(&self, error: &LastError, others: Others) -> Transition {
        let (conference, collect) = (self.conference, &self.rules.collect);
        if conference.state == Some(State::Failed) {
            return self.refused_by_info(error);
        }
        let failing_since = conference.wait.failing_since.unwrap_or(self.now);
        let is_hopeless = self.now.since(failing_since) >= collect.give_up_after;
        if is_hopeless && others == Others::Answered {
            return self.failed_alone(error);
        }
        let key = conference.conference_id.as_str();
        let is_read = matches!(conference.state, Some(State::Ended | State::Archived));
        let least = if is_read { collect.retry_min } else { self.rules.poll_gap.min(collect.retry_max) };
        let most = if is_hopeless { DAY } else { collect.retry_max };
        let next = match others {
            // What everybody meets makes nobody wait longer; it only lets another be asked first.
            Others::Fail(until) => until.max(self.now) + A_MOMENT,
            Others::Answered | Others::Unknown => self.now + backoff::delay(least, most, conference.attempts, key),
        };
        let planned_at = conference.next_attempt_at.unwrap_or(self.now);
        let explanation =
            format!("nothing was found out: {}: {}; until DingTalk answers, no time counts", error.code, error.message);
        Transition {
            wait: Some(conference.wait.unanswered(planned_at, next, self.now)),
            last_error: ErrorNote::Set(error.clone()),
            attempts: conference.attempts + u32::from(!matches!(others, Others::Fail(_))),
            ..self.again(next, explanation)
        }
    }

    /// Others were answered all the while: it is this conference that cannot be asked about.
    fn failed_alone(&self, error: &LastError) -> Transition {
        let waited = whole(self.rules.collect.give_up_after);
        let was_listed = self.conference.wait.list_changes > 0;
        let is_archived = self.conference.state == Some(State::Archived) || was_listed;
        let (state, what) = if is_archived {
            (State::Archived, "what was seen is archived")
        } else {
            (State::Failed, "it needs a person")
        };
        let explanation = format!(
            "for {waited} it brought only errors while others were answered, and {what}: {}: {}",
            error.code, error.message
        );
        Transition { last_error: ErrorNote::Set(error.clone()), ..self.to(state, None, explanation) }
    }

    fn watched(&self, union_id: Option<&str>) -> Transition {
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

    fn retried(&self) -> Transition {
        // What is catalogued already need not be listed anew to count.
        let list_changed_at = self.conference.ended_at.or(Some(self.conference.discovered_at));
        let wait = Wait { list_changed_at, ..Wait::new(self.now) };
        Transition { wait: Some(wait), ..self.to(State::Ended, Some(self.now), "its list is to be read anew") }
    }

    /// Whether anything is remembered of it: see [`invariants`].
    fn is_remembered(&self) -> bool {
        let conference = self.conference;
        match conference.state {
            Some(State::Ended) => true,
            Some(State::Archived | State::Failed) => conference.next_attempt_at.is_some(),
            _ => conference.wait.failing_since.is_some(),
        }
    }

    /// When to ask again about a conference that gave no reason to expect anything soon.
    fn ask_again(&self) -> Timestamp {
        let (conference, rules) = (self.conference, self.rules);
        let is_active = conference.state == Some(State::Active);
        let retry_max = rules.collect.retry_max;
        let most = match is_active {
            // Its end must not go unnoticed for long.
            true => retry_max.min(rules.poll_gap.saturating_mul(12)),
            false if self.now.since(conference.discovered_at) > FORGOTTEN_AFTER => DAY,
            false => retry_max,
        };
        // Where the organisation's list is read, it shows when a conference begins; asking is for what the list missed.
        let least = if rules.is_listed && !is_active { most } else { rules.poll_gap.min(most) };
        self.now + backoff::delay(least, most, conference.attempts, &conference.conference_id)
    }
}

/// A duration in words, to the minute.
fn whole(time: Duration) -> String {
    match time.as_secs() / 60 {
        0 => "less than a minute".to_owned(),
        minutes => humantime::format_duration(Duration::from_mins(minutes)).to_string(),
    }
}
