//! The life of a conference, third part: what follows from reading its list of recordings.

use std::time::Duration;

use super::{DAY, ErrorNote, Page, Transition, whole};
use crate::domain::backoff;
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;
use crate::domain::coverage::Told;
use crate::domain::failure::{LastError, OwnCode};
use crate::domain::recording::{Changes, Known, RecordingList, diff};
use crate::domain::wait::Wait;

impl Page<'_> {
    /// `settled` = two readings far enough apart gave the same list. What has settled, or was seen when the wait is over,
    /// is archived.
    pub(super) fn list_read(&self, list: &RecordingList, known: &[Known], union_id: &str) -> Transition {
        let (wait, changes) = self.reading(list, known, union_id);
        // An event told that it is finished, and its word counts as a first reading that gave the same.
        let is_generated = self.conference.wait.generated_at.is_some();
        let is_listed = !list.recordings.is_empty() || list.without_media_id > 0;
        let is_complete = list.without_media_id == 0;
        let deadline = self.deadline(&wait);
        let was_seen = !known.is_empty() || !changes.upsert.is_empty();
        let seen = seen(list, known, &changes);
        let settles_at = wait.list_changed_at.filter(|_| was_seen).map(|at| at + self.settle(&wait));
        if let Some(settles_at) = settles_at.filter(|_| is_listed && is_complete)
            && (self.rules.collect.settle.is_zero() || is_generated || (!changes.unsettles && settles_at <= self.now))
        {
            let next = if deadline.is_some() {
                "it has settled, and is looked at once more when the wait would be over"
            } else {
                "it has settled, and the wait is over"
            };
            return self.archived(wait, changes, self.next_look(deadline), format!("{seen}; {next}"));
        }
        let Some(deadline) = deadline else {
            if was_seen {
                let explanation = format!("{seen}; the wait is over, and what was seen is archived");
                return self.archived(wait, changes, None, explanation);
            }
            if is_listed {
                let message = "DingTalk lists recordings without a mediaId, which cannot be catalogued".to_owned();
                return self.undecided(LastError { code: OwnCode::MediaIdMissing.to_string(), message });
            }
            return self.to(State::Unrecorded, None, format!("{seen}; the wait is over, and nothing was recorded"));
        };
        let is_expected = is_generated || self.conference.record_status != Some(0) || !self.rules.is_metered;
        let (again, why) = match settles_at {
            Some(settles_at) if is_listed && is_complete => (settles_at, "it is read again"),
            // Nothing is expected, and calls are few: once more, at the very end.
            _ if !is_listed && !was_seen && !is_expected => {
                (deadline, "conference info said that nothing was recorded, so it is read once more at the end")
            }
            _ => (self.retry_at(), "it is read again"),
        };
        let explanation = format!("{seen}; {why}; {}", self.waited(&wait));
        Transition { wait: Some(wait), recordings: changes, ..self.again(again.min(deadline), explanation) }
    }

    /// A composed file may join hours after a list has settled, so an archived one is read once more when its wait would
    /// have ended.
    pub(super) fn last_look(&self, list: &RecordingList, known: &[Known], union_id: &str) -> Transition {
        let (wait, changes) = self.reading(list, known, union_id);
        let seen = seen(list, known, &changes);
        // Unless the clock has jumped to it.
        let deadline = self.deadline(&wait);
        let next = match deadline {
            Some(_) => format!("the wait is not over yet; {}", self.waited(&wait)),
            None => "this was the last look".to_owned(),
        };
        self.archived(wait, changes, self.next_look(deadline), format!("{seen}; {next}"))
    }

    /// When an archived list is looked at again, if its wait is over at `deadline`. An event told that a recording is finished;
    /// that of another one may have been lost, unless nearly all come.
    fn next_look(&self, deadline: Option<Timestamp>) -> Option<Timestamp> {
        let is_generated = self.conference.wait.generated_at.is_some();
        let may_be_lost = is_generated && self.rules.recordings_told != Told::Nearly;
        let soon = self.now + self.rules.collect.retry_max / 2;
        deadline.map(|deadline| if may_be_lost { deadline.min(soon) } else { deadline })
    }

    /// That the meeting is over says nothing about its recordings, so it makes none of them missing.
    pub(super) fn meeting_closed(&self, known: &[Known], union_id: &str) -> Transition {
        const SEEN: &str = "DingTalk says that the meeting is over, and nothing about recordings";
        let wait = self.wait_answered(union_id);
        let Some(deadline) = self.deadline(&wait) else {
            if known.is_empty() {
                return self.undecided(LastError { code: "resourceClose".to_owned(), message: SEEN.to_owned() });
            }
            return self.archived(wait, Changes::default(), None, format!("{SEEN}; what was seen is archived"));
        };
        let explanation = format!("{SEEN}; it is read again; {}", self.waited(&wait));
        Transition { wait: Some(wait), ..self.again(self.retry_at().min(deadline), explanation) }
    }

    /// The last look brought nothing about the recordings: what is there stays, and for a day it is looked at again.
    pub(super) fn looked_in_vain(&self, union_id: &str) -> Transition {
        let in_vain_since = self.conference.wait.failing_since.unwrap_or(self.now);
        let wait = Wait { failing_since: Some(in_vain_since), ..self.wait_answered(union_id) };
        let again = (self.now.since(in_vain_since) < DAY).then(|| self.retry_at());
        let explanation = "DingTalk says that the meeting is over, and nothing about recordings; what is here stays";
        self.archived(wait, Changes::default(), again, explanation.to_owned())
    }

    fn reading(&self, list: &RecordingList, known: &[Known], union_id: &str) -> (Wait, Changes) {
        let changes = diff(known, list);
        let mut wait = self.wait_answered(union_id);
        if changes.unsettles {
            wait.list_changed_at = Some(self.now);
            wait.list_changes = wait.list_changes.saturating_add(1);
        }
        (wait, changes)
    }

    fn wait_answered(&self, union_id: &str) -> Wait {
        let planned_at = self.conference.next_attempt_at.unwrap_or(self.now);
        let slack = self.rules.collect.interval.saturating_mul(2);
        let wait = self.conference.wait.answered(planned_at, slack, self.now);
        Wait { accepted_union_id: Some(union_id.to_owned()), ..wait }
    }

    fn archived(
        &self,
        wait: Wait,
        recordings: Changes,
        last_look_at: Option<Timestamp>,
        explanation: String,
    ) -> Transition {
        Transition {
            attempts: self.conference.attempts.saturating_add(1),
            wait: last_look_at.map(|_| wait),
            recordings,
            ..self.to(State::Archived, last_look_at, explanation)
        }
    }

    fn undecided(&self, error: LastError) -> Transition {
        let explanation = format!("the wait is over, and it needs a person: {}", error.message);
        Transition { last_error: ErrorNote::Set(error), ..self.to(State::Failed, None, explanation) }
    }

    /// How far apart two equal readings must be: from the third change on, the time doubles with each.
    fn settle(&self, wait: &Wait) -> Duration {
        let doubled = 2_u32.saturating_pow(wait.list_changes.saturating_sub(2));
        self.rules.collect.settle.saturating_mul(doubled)
    }

    fn retry_at(&self) -> Timestamp {
        let (collect, conference) = (&self.rules.collect, self.conference);
        if self.awaits_event() {
            let is_sure = self.rules.recordings_told == Told::Nearly;
            return self.now + if is_sure { collect.give_up_after } else { collect.retry_max };
        }
        self.now + backoff::delay(collect.retry_min, collect.retry_max, conference.attempts, &conference.conference_id)
    }

    fn deadline(&self, wait: &Wait) -> Option<Timestamp> {
        wait.deadline(self.rules.collect.give_up_after, self.now)
    }

    /// How long recordings were waited for so far.
    fn waited(&self, wait: &Wait) -> String {
        let most = self.rules.collect.give_up_after;
        format!("waited {} of {}", whole(wait.awaited.min(most)), whole(most))
    }
}

/// What a reading showed.
fn seen(list: &RecordingList, known: &[Known], changes: &Changes) -> String {
    let other = changes.upsert.len() - changes.new;
    if !changes.is_empty() {
        format!("the list changed: {} new, {other} changed, {} gone", changes.new, changes.missing.len())
    } else if list.recordings.is_empty() && known.is_empty() {
        "no recording is listed".to_owned()
    } else {
        "the list is the same as before".to_owned()
    }
}
