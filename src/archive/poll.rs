//! Poll: which of the conferences that may be in progress have ended.
//!
//! Absence is a hint, never proof: a conference that an answer does not show is suspected, and conference info confirms
//! or clears it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::stages::Ran;
use super::{Archive, Concern, concern, story, trouble};
use crate::catalog::conferences::{Candidate, Learned, Lesson, Trouble};
use crate::catalog::journal::{Account, Call};
use crate::dingtalk::{Class, Endpoint, Error};
use crate::domain::backoff;
use crate::domain::clock::Timestamp;
use crate::domain::conference::{ConferenceInfo, Sighting, State, Status};
use crate::domain::wait::Wait;

/// A conference that has not begun for so long will hardly begin today.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(7 * 24);

/// A conference that does not begin is asked about at least this often.
const WAITING_MOST: Duration = Duration::from_hours(24);

/// What was paid for is written down before more is paid for than is in flight at once: a daemon that is killed after some
/// few calls, again and again, still comes to the end of its list.
const LESSONS_AT_A_TIME: usize = 8;

/// What the batch queries showed.
#[derive(Default)]
struct Sweep {
    in_progress: HashMap<String, Sighting>,
    /// Queries that brought no answer leave their conferences where they were.
    unasked: HashSet<String>,
    /// Those for which their batch was refused, each with the refusal.
    culprits: HashMap<String, Call>,
    stopped: Option<Error>,
}

impl Archive {
    pub(super) async fn poll(&self, now: Timestamp) -> Ran {
        let candidates = self.catalog.candidates(now).await?;
        let (suspects, to_query) = self.sort(candidates, now).await;
        let mut sweep = self.sweep(&to_query).await;
        let mut suspects: Vec<(Candidate, Account)> = suspects
            .into_iter()
            .map(|candidate| (candidate, Account { calls: vec![], reason: story::NOT_LISTED.into() }))
            .collect();

        let mut lessons = Vec::new();
        for candidate in to_query {
            let id = &candidate.conference_id;
            if let Some(sighting) = sweep.in_progress.remove(id) {
                if candidate.state == State::Waiting {
                    let account = story::in_batch("in progress", "it is in progress");
                    lessons.push(Lesson { candidate, learned: Learned::Started(sighting.into()), account });
                }
            } else if !sweep.unasked.contains(id) {
                let account = match sweep.culprits.remove(id) {
                    Some(refusal) => Account { calls: vec![refusal], reason: story::SPOILS_BATCH.into() },
                    None => story::in_batch("not in the answer", story::NOT_IN_BATCH),
                };
                suspects.push((candidate, account));
            }
        }

        let mut stopped = sweep.stopped;
        let mut confirmed = stream::iter(suspects)
            .map(|(candidate, account)| async move {
                let answer = self.dingtalk.conference(&candidate.conference_id).await;
                (candidate, account, answer)
            })
            .buffer_unordered(self.dingtalk.max_in_flight());
        while let Some((candidate, mut account, answer)) = confirmed.next().await {
            let learned = match answer {
                Ok(info) => {
                    account.calls.push(story::answered_call(Endpoint::Conference, story::in_words(&info)));
                    self.learned(&candidate, info, now)
                }
                Err(error) => {
                    let learned = self.learned_from(&candidate, &error, now);
                    if self.is_unsaid(&error).await && matches!(learned, Some(Learned::Unanswered(..))) {
                        let id = &candidate.conference_id;
                        tracing::warn!(stage = "poll", conference_id = id, code = %error.code, "conference {id}: {error}; it is put off");
                    }
                    account.calls.extend(story::refused_call(&error));
                    // Trouble with one conference is its own: it waits for its own next attempt.
                    if matches!(concern(&error), Concern::Nobody) {
                        self.note(&candidate.conference_id, &account.calls, now).await?;
                        stopped = stopped.or(Some(error));
                    }
                    let Some(learned) = learned else { continue };
                    learned
                }
            };
            account.reason.extend(["; ", &story::verdict(&learned)]);
            lessons.push(Lesson { candidate, learned, account });
            if lessons.len() >= LESSONS_AT_A_TIME {
                self.catalog.learn(&lessons, now).await?;
                lessons.clear();
            }
        }
        drop(confirmed);
        self.catalog.learn(&lessons, now).await?;
        Ok(stopped)
    }

    /// Sorts the candidates by what the organisation's list of this pass says of them: those it shows need no asking;
    /// those it used to show and does not show any more are suspected outright; for the rest, the batch query is asked.
    async fn sort(&self, mut candidates: Vec<Candidate>, now: Timestamp) -> (Vec<Candidate>, Vec<Candidate>) {
        let mut listings = self.listings.lock().await;
        let open: HashSet<&str> = candidates.iter().map(|candidate| candidate.conference_id.as_str()).collect();
        listings.shown.retain(|id| open.contains(id.as_str()));
        let Some((_, listed)) = listings.last.as_ref().filter(|(at, _)| *at == now) else {
            return (Vec::new(), candidates);
        };
        candidates.retain(|candidate| !listed.contains(&candidate.conference_id));
        // Of one that waits, conference info alone can say whether it has yet to start or is over.
        candidates.into_iter().partition(|candidate| {
            candidate.state == State::Waiting || listings.shown.contains(&candidate.conference_id)
        })
    }

    /// Asks the batch query about all of them.
    async fn sweep(&self, candidates: &[Candidate]) -> Sweep {
        let ids: Vec<&str> = candidates.iter().map(|candidate| candidate.conference_id.as_str()).collect();
        let batches: Vec<Vec<&str>> = ids.chunks(self.settings.batch_size).map(<[&str]>::to_vec).collect();
        let mut sweep = Sweep::default();
        let mut answers =
            stream::iter(batches).map(|batch| self.query_split(batch)).buffer_unordered(self.dingtalk.max_in_flight());
        while let Some(part) = answers.next().await {
            sweep.in_progress.extend(part.in_progress);
            sweep.unasked.extend(part.unasked);
            sweep.culprits.extend(part.culprits);
            sweep.stopped = sweep.stopped.or(part.stopped);
        }
        sweep
    }

    /// Asks about one batch; one that its own ids spoil is halved until the culprits stand alone. A culprit that stands
    /// alone is not asked about again: it is a suspect, and conference info tells more for the same call.
    async fn query_split(&self, batch: Vec<&str>) -> Sweep {
        let mut sweep = Sweep::default();
        let mut batches = vec![batch];
        while let Some(mut batch) = batches.pop() {
            match self.dingtalk.query(&batch).await {
                Ok(sightings) => {
                    let going = |sighting: &Sighting| sighting.status == Status::InProgress;
                    let shown =
                        sightings.into_iter().filter(going).map(|sighting| (sighting.conference_id.clone(), sighting));
                    sweep.in_progress.extend(shown);
                }
                Err(error) if spoils_batch(&error) => {
                    let half = batch.split_off(batch.len() / 2);
                    let (parts, culprits): (Vec<_>, Vec<_>) =
                        [batch, half].into_iter().partition(|part| part.len() > 1);
                    batches.extend(parts);
                    let refusal = |id: &str| Some((id.to_owned(), story::refused_call(&error)?));
                    sweep.culprits.extend(culprits.concat().into_iter().filter_map(refusal));
                }
                Err(error) => {
                    if self.is_unsaid(&error).await {
                        tracing::warn!(stage = "poll", code = %error.code, "{} conferences: {error}", batch.len());
                    }
                    sweep.unasked.extend(batch.into_iter().map(str::to_owned));
                    sweep.stopped = sweep.stopped.or(Some(error));
                }
            }
        }
        sweep
    }

    fn learned(&self, candidate: &Candidate, info: ConferenceInfo, now: Timestamp) -> Learned {
        match info.status {
            Status::Ended => {
                // One that was seen in progress ended after it became known, whatever the clocks say.
                let ended_before = info.ended_at.filter(|_| candidate.state == State::Waiting);
                let wait = Wait::begin(ended_before, candidate.discovered_at.min(now), now, &self.settings.collect);
                Learned::Ended(info, wait)
            }
            Status::InProgress if candidate.state == State::Waiting => Learned::Started(info),
            Status::InProgress => Learned::StillActive(self.ask_again(candidate, now)),
            Status::NotStarted => {
                let planned = info.started_at.filter(|planned| *planned > now);
                let next = planned.unwrap_or_else(|| self.ask_again(candidate, now));
                Learned::NotStarted(info, next.min(now + WAITING_MOST))
            }
            Status::Unknown(status) => {
                let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
                let message = format!("conference info gave the status {status}, which no page explains");
                Learned::Unanswered(
                    self.ask_again(candidate, now),
                    Trouble { code: "statusUnknown".to_owned(), message },
                )
            }
        }
    }

    /// What an error of conference info says of the conference; `None` if nothing.
    fn learned_from(&self, candidate: &Candidate, error: &Error, now: Timestamp) -> Option<Learned> {
        match (concern(error), error.class) {
            (Concern::Nobody, _) => None,
            (Concern::Answer, Class::ConferenceUnknown | Class::PermissionDenied | Class::RequestWrong) => {
                Some(Learned::Failed(trouble(error)))
            }
            _ => Some(Learned::Unanswered(self.ask_again(candidate, now), trouble(error))),
        }
    }

    /// When to ask again about a conference that gave no reason to expect anything soon.
    fn ask_again(&self, candidate: &Candidate, now: Timestamp) -> Timestamp {
        let is_waiting = candidate.state == State::Waiting;
        let is_forgotten = is_waiting && now.since(candidate.discovered_at) > FORGOTTEN_AFTER;
        let gap = self.settings.poll.shortest_gap(now);
        let retry_max = self.settings.collect.retry_max;
        let most = match candidate.state {
            _ if is_forgotten => WAITING_MOST,
            State::Waiting => retry_max,
            // Its end must not go unnoticed for long.
            _ => retry_max.min(gap.saturating_mul(12)),
        };
        // Where the organisation's list is read, it shows when a conference begins; asking is for what the list missed.
        let is_listed = is_waiting && self.settings.organization;
        let least = if is_listed { most } else { gap.min(most) };
        now + backoff::delay(least, most, candidate.attempts, &candidate.conference_id)
    }
}

/// Whether one id of a batch may be what the batch failed for.
fn spoils_batch(error: &Error) -> bool {
    matches!(
        error.class,
        Class::MeetingEnded
            | Class::RequestWrong
            | Class::PermissionDenied
            | Class::UserUnknown
            | Class::ConferenceUnknown
    )
}
