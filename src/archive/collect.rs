//! Collect: read the lists of recordings that are due, and write down what they show.

use futures_util::{StreamExt, stream};

use super::stages::Ran;
use super::{Archive, Concern, concern, story, trouble};
use crate::catalog;
use crate::catalog::conferences::{Due, Trouble};
use crate::catalog::journal::{Account, Call};
use crate::catalog::recordings::Step;
use crate::dingtalk::{Class, Endpoint, Error};
use crate::domain::backoff;
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;
use crate::domain::recording::{Changes, RecordingList, diff};
use crate::domain::wait::{Evidence, Next, Reading, askers, decide};

/// What asking for one conference's list brought, and the calls that it took.
struct Asked {
    answer: Answer,
    calls: Vec<Call>,
}

enum Answer {
    /// A list, or word that there is none, given to this unionId.
    Read(RecordingList, Reading, String),
    /// Nobody we can ask as may see it.
    Refused(Trouble),
    /// Nothing that says anything about the recordings.
    Nothing(Error),
}

impl Archive {
    pub(super) async fn collect(&self, now: Timestamp) -> Ran {
        let due = self.catalog.due(now).await?;
        let mut readings = stream::iter(due)
            .map(|due| async move { self.collect_one(&due, now).await })
            .buffer_unordered(self.dingtalk.max_in_flight());
        let mut stopped = None;
        while let Some(reading) = readings.next().await {
            stopped = stopped.or(reading?);
        }
        Ok(stopped)
    }

    async fn collect_one(&self, due: &Due, now: Timestamp) -> Ran {
        let Asked { answer, calls } = self.ask(due).await;
        match answer {
            Answer::Read(list, reading, union_id) => {
                self.write(due, &list, reading, &union_id, calls, now).await.map(|()| None)
            }
            Answer::Refused(trouble) => self.refused(due, trouble, calls, now).await.map(|()| None),
            Answer::Nothing(error) => {
                if matches!(concern(&error), Concern::Later) {
                    self.put_off(due, &error, calls, now).await?;
                } else {
                    self.note(&due.conference_id, &calls, now).await?;
                }
                Ok(Some(error))
            }
        }
    }

    /// Asks as each of those who may see it, until one is accepted.
    async fn ask(&self, due: &Due) -> Asked {
        let mut calls = Vec::new();
        let mut refusal = Trouble {
            code: "noUnionId".to_owned(),
            message: "nobody is known to ask as: set dingtalk.fallback_union_id, or `watch add --union-id`".to_owned(),
        };
        for union_id in askers([
            due.accepted_union_id.as_deref(),
            due.union_id_hint.as_deref(),
            due.record_owner_union_id.as_deref(),
            due.creator_union_id.as_deref(),
            self.settings.fallback_union_id.as_deref(),
        ]) {
            let read = |list, reading| Answer::Read(list, reading, union_id.to_owned());
            let answer = match self.dingtalk.videos(&due.conference_id, union_id).await {
                Ok(list) => {
                    let videos = list.recordings.len();
                    calls.push(story::answered_call(
                        Endpoint::Videos,
                        format!("{videos} recordings, asked as {union_id}"),
                    ));
                    let reading = match (videos, list.without_media_id) {
                        (0, 0) => Reading::NothingListed,
                        (_, without_media_id) => Reading::Listed { changed: false, whole: without_media_id == 0 },
                    };
                    read(list, reading)
                }
                Err(error) => {
                    calls.extend(story::refused_call(&error).map(|call| story::asked_as(call, union_id)));
                    match error.class {
                        Class::NothingRecorded => read(RecordingList::default(), Reading::NothingListed),
                        Class::MeetingEnded => read(RecordingList::default(), Reading::MeetingClosed),
                        _ if matches!(concern(&error), Concern::Answer) => {
                            refusal = trouble(&error);
                            continue;
                        }
                        _ => Answer::Nothing(error),
                    }
                }
            };
            return Asked { answer, calls };
        }
        Asked { answer: Answer::Refused(refusal), calls }
    }

    /// Writes down a reading and what follows from it.
    async fn write(
        &self,
        due: &Due,
        list: &RecordingList,
        reading: Reading,
        union_id: &str,
        calls: Vec<Call>,
        now: Timestamp,
    ) -> Result<(), catalog::Error> {
        let id = due.conference_id.as_str();
        if list.without_media_id > 0 {
            tracing::warn!(
                stage = "collect",
                conference_id = id,
                videos = list.without_media_id,
                "conference {id}: {} videos bear no mediaId and cannot be catalogued",
                list.without_media_id
            );
        }
        let known = self.catalog.known(id).await?;
        let mut changes = match reading {
            // That the meeting is over says nothing about its recordings, so it makes none of them missing.
            Reading::MeetingClosed => Changes::default(),
            _ => diff(&known, &list.recordings),
        };
        if list.without_media_id > 0 {
            // Those that seem to be gone may be the ones that bear no name.
            changes.missing.clear();
        }
        let reading = match reading {
            Reading::Listed { whole, .. } => Reading::Listed { changed: !changes.is_empty(), whole },
            other => other,
        };
        let last_changed_at =
            if changes.is_empty() { known.iter().map(|known| known.last_changed_at).max() } else { Some(now) };
        // One in the future was written by a clock that was ahead: what is sure is that the last reading showed the same.
        let last_changed_at = last_changed_at.map(|at| if at > now { due.wait.counted_until } else { at });
        let wait = due.wait.answered(now, &self.settings.collect);
        let nothing_expected = due.record_status == Some(0) && self.budget.share() > 0;
        let step = if due.state == State::Archived {
            // The last look, unless the clock has leapt to it.
            Step::Archived(wait.deadline(now, &self.settings.collect))
        } else {
            let evidence = Evidence { last_changed_at, nothing_expected };
            match decide(&wait, reading, evidence, now, &self.settings.collect, id) {
                Next::Again(at) => Step::Again(at, None),
                Next::Archive { last_look_at } => Step::Archived(last_look_at),
                Next::Unrecorded => Step::Unrecorded,
                Next::Undecided => Step::Failed(undecided(reading)),
            }
        };
        let waited = story::waited(&wait, &self.settings.collect);
        let account = Account {
            calls,
            reason: story::of_reading(due, reading, &changes, &known, &step, nothing_expected, &waited),
        };
        let written =
            self.catalog.write_reading(id, due.state, &changes, &wait, Some(union_id), &step, &account, now).await?;
        if written && due.state != State::Archived {
            log(due, &step, known.len() + story::new_ones(&changes, &known));
        }
        Ok(())
    }

    async fn refused(
        &self,
        due: &Due,
        trouble: Trouble,
        calls: Vec<Call>,
        now: Timestamp,
    ) -> Result<(), catalog::Error> {
        // What is in the catalog stays archived; it only could not be looked at once more.
        let reason = match due.state {
            State::Archived => "nobody we can ask as may look at it once more; what is here stays".to_owned(),
            _ => format!("nobody we can ask as may see its recordings: {}: {}", trouble.code, trouble.message),
        };
        let account = Account { calls, reason };
        let step = if due.state == State::Archived { Step::Archived(None) } else { Step::Failed(trouble) };
        let wait = due.wait.answered(now, &self.settings.collect);
        let none = Changes::default();
        let id = &due.conference_id;
        if self.catalog.write_reading(id, due.state, &none, &wait, None, &step, &account, now).await? {
            log(due, &step, 0);
        }
        Ok(())
    }

    async fn put_off(&self, due: &Due, error: &Error, calls: Vec<Call>, now: Timestamp) -> Result<(), catalog::Error> {
        let rules = &self.settings.collect;
        if self.is_unsaid(error).await {
            log_unanswered(&due.conference_id, error);
        }
        let delay = backoff::delay(rules.retry_min, rules.retry_max, due.wait.attempts, &due.conference_id);
        let wait = due.wait.unanswered(now, now + delay);
        let step = Step::Again(now + delay, Some(trouble(error)));
        let none = Changes::default();
        let account =
            Account { calls, reason: "nothing was found out, and until DingTalk answers no time counts".into() };
        self.catalog.write_reading(&due.conference_id, due.state, &none, &wait, None, &step, &account, now).await?;
        Ok(())
    }
}

fn log_unanswered(id: &str, error: &Error) {
    tracing::warn!(stage = "collect", conference_id = id, code = %error.code, "conference {id}: {error}; it is put off");
}

fn undecided(reading: Reading) -> Trouble {
    match reading {
        Reading::MeetingClosed => Trouble {
            code: "resourceClose".to_owned(),
            message: "DingTalk says that the meeting is over, and nothing about its recordings".to_owned(),
        },
        _ => Trouble {
            code: "mediaIdMissing".to_owned(),
            message: "DingTalk lists recordings without a mediaId, which cannot be catalogued".to_owned(),
        },
    }
}

/// As much of a title as a log line needs.
const TITLE_CHARS: usize = 100;

/// One line for each change of state.
fn log(due: &Due, step: &Step, recordings: usize) {
    let id = due.conference_id.as_str();
    let title: String = due.title.iter().flat_map(|title| title.chars()).take(TITLE_CHARS).collect();
    match step {
        Step::Again(..) => {}
        Step::Archived(_) => {
            tracing::info!(
                stage = "collect",
                conference_id = id,
                to = "archived",
                title,
                recordings,
                "conference {id} is archived: {recordings} recordings"
            );
        }
        Step::Unrecorded => tracing::info!(
            stage = "collect",
            conference_id = id,
            to = "unrecorded",
            title,
            "conference {id} was not recorded"
        ),
        Step::Failed(trouble) => tracing::warn!(
            stage = "collect",
            conference_id = id,
            to = "failed",
            title,
            code = trouble.code,
            "conference {id} failed: {}: {}",
            trouble.code,
            trouble.message
        ),
    }
}
