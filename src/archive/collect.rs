//! Collect: read the lists of recordings that are due, and write down what they show.

use std::future::ready;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::join;
use tokio::sync::mpsc;

use super::stage::Ran;
use super::{Context, Stage, journal};
use crate::catalog::apply::Decision;
use crate::catalog::journal::{Call, Event};
use crate::catalog::{self, After};
use crate::dingtalk::Error;
use crate::domain::clock::Timestamp;
use crate::domain::conference::Conference;
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::{About, Class, LastError, OwnCode};
use crate::domain::lifecycle::{Observation, Others, Rules, observe};
use crate::domain::recording::RecordingList;

/// The most conferences that are held in memory at a time, however many are due.
const DUE_AT_A_TIME: u32 = 256;

/// The most readings that are written in one transaction.
const WRITTEN_AT_A_TIME: usize = 8;

/// What asking for one conference's list brought.
enum Answer {
    /// A list, or the word that there is none, given to this unionId.
    List(RecordingList, String),
    /// That the meeting is over, given to this unionId.
    MeetingClosed(String),
    /// Nobody we can ask as may see it.
    Refused(LastError),
    /// Nothing that says anything about the recordings.
    Unanswered(Error),
    /// Nothing that says anything about the conference.
    Stopped(Error),
}

/// What came of one run.
pub(super) struct Collected {
    /// What stopped it, if anything did.
    pub(super) stopped: Option<Error>,
    /// Whether it ended because something else is due: there may be more to read at once.
    pub(super) has_rest: bool,
}

/// Reads until the next look is due, `until` by the monotonic clock, or a recording is to be started; but some few in any
/// case.
pub(super) async fn run(
    context: &Context,
    rules: &Rules,
    until: Duration,
    now: Timestamp,
) -> Result<Collected, catalog::Error> {
    let long_ago = now - rules.collect.give_up_after;
    let mut left = context.dingtalk.max_in_flight();
    let mut has_time = || {
        left = left.saturating_sub(1);
        left > 0 || context.has_time(until)
    };
    let mut stopped = None;
    for is_old in [false, true] {
        let mut after = After::default();
        while has_time() {
            let mut due = context.catalog.due(long_ago, is_old, &after, DUE_AT_A_TIME, now).await?;
            let Some(last) = due.last() else { break };
            after = (last.next_attempt_at, last.conference_id.clone());
            due.sort_by_key(|conference| conference.wait.failing_since.is_some());
            let failed = read(context, due, &mut has_time, rules, now).await?;
            let is_everybodys = failed.as_ref().is_some_and(|error| error.about() == About::Everybody);
            stopped = stopped.or(failed);
            if is_everybodys {
                return Ok(Collected { stopped, has_rest: false });
            }
        }
    }
    Ok(Collected { stopped, has_rest: !context.has_time(until) })
}

/// A conference that was asked about.
type Reading = (Conference, Answer, Vec<Call>);

/// Reads the lists of these conferences, and writes what follows: of those that were answered meanwhile, some in one
/// transaction. Answers an error that says nothing about one conference.
async fn read(
    context: &Context,
    due: Vec<Conference>,
    has_time: &mut impl FnMut() -> bool,
    rules: &Rules,
    now: Timestamp,
) -> Ran {
    let (answered, mut answers) = mpsc::unbounded_channel();
    let asking = async move {
        let mut readings = stream::iter(due)
            .take_while(|_| ready(has_time()))
            .map(|conference| async move {
                let (answer, calls) = ask(context, &conference).await;
                (conference, answer, calls)
            })
            .buffer_unordered(context.dingtalk.max_in_flight());
        while let Some(reading) = readings.next().await {
            if answered.send(reading).is_err() {
                break;
            }
        }
    };
    let writing = async {
        let (mut stopped, mut readings) = (None, Vec::new());
        while answers.recv_many(&mut readings, WRITTEN_AT_A_TIME).await > 0 {
            let written = write(context, readings.drain(..), rules, now).await;
            if written.is_err() {
                // What cannot be written is not asked for.
                answers.close();
            }
            stopped = stopped.or(written?);
        }
        Ok(stopped)
    };
    // Side by side: a call under way may hold what a write waits for.
    let ((), stopped) = join!(asking, writing);
    stopped
}

async fn write(context: &Context, readings: impl Iterator<Item = Reading>, rules: &Rules, now: Timestamp) -> Ran {
    let readings: Vec<Reading> = readings.collect();
    let ids: Vec<&str> = readings.iter().map(|(conference, ..)| conference.conference_id.as_str()).collect();
    let known = context.catalog.recordings_of(&ids).await?;
    let (mut stopped, mut decisions) = (None, Vec::new());
    for (conference, answer, calls) in readings {
        let id = conference.conference_id.as_str();
        let known = known.get(id).map_or(&[][..], Vec::as_slice);
        let last_error;
        let observation = match &answer {
            Answer::List(list, union_id) => {
                if list.without_media_id > 0 {
                    tracing::warn!(
                        stage = Stage::Collect.as_str(),
                        conference_id = id,
                        videos = list.without_media_id,
                        "conference {id}: {} videos bear no mediaId and cannot be catalogued",
                        list.without_media_id
                    );
                }
                Observation::List { list, known, union_id }
            }
            Answer::MeetingClosed(union_id) => Observation::MeetingClosed { known, union_id },
            Answer::Refused(error) => Observation::Refused(error),
            Answer::Unanswered(error) => {
                journal::log_unanswered(context, Stage::Collect, id, error).await;
                last_error = journal::last_error(error);
                let others = journal::others(context, &conference, Endpoint::Videos, now).await?;
                // Where nobody is answered, it is the stage that fails.
                if others != Others::Answered {
                    stopped.get_or_insert_with(|| error.clone());
                }
                Observation::Unanswered { error: &last_error, others }
            }
            Answer::Stopped(error) => {
                context.catalog.note_calls(id, &calls, now).await?;
                stopped.get_or_insert_with(|| error.clone());
                continue;
            }
        };
        let transition = observe(&conference, observation, now, rules);
        decisions.push(Decision { transition, conference, calls, event: Event::Decided });
    }
    journal::apply(context, Stage::Collect, &decisions, now).await?;
    let is_listed = |decision: &&Decision| decision.transition.recordings.new > 0;
    let listed = decisions.iter().filter(is_listed).map(|decision| decision.conference.conference_id.as_str());
    journal::listed(context, &listed.collect::<Vec<_>>(), now).await?;
    Ok(stopped)
}

/// Asks as each of those who may see it, until one is accepted. What one of them meets without explanation does not hide
/// those behind.
async fn ask(context: &Context, conference: &Conference) -> (Answer, Vec<Call>) {
    let mut calls = Vec::new();
    let mut refusal = LastError {
        code: OwnCode::NoUnionId.to_string(),
        message: "nobody is known to ask as: set dingtalk.fallback_union_id, or `watch add --union-id`".to_owned(),
    };
    let mut unexplained = None;
    for union_id in conference.union_ids_to_try(context.settings.fallback_union_id.as_deref()) {
        let error = match context.dingtalk.videos(&conference.conference_id, union_id).await {
            Ok(list) => {
                let videos = list.recordings.len();
                let answer = format!("{videos} recordings, asked as {union_id}");
                calls.push(journal::answered(Endpoint::Videos, answer));
                return (Answer::List(list, union_id.to_owned()), calls);
            }
            Err(error) => error,
        };
        calls.extend(journal::failed(&error).map(|call| journal::asked_as(call, union_id)));
        match error.class {
            Class::NothingRecorded => return (Answer::List(RecordingList::default(), union_id.to_owned()), calls),
            Class::MeetingEnded => return (Answer::MeetingClosed(union_id.to_owned()), calls),
            _ if error.about() == About::Everybody => return (Answer::Stopped(error), calls),
            Class::Unrecognized | Class::Unavailable | Class::OrganizationForbidden | Class::Foreign => {
                // While it is in doubt whether DingTalk answers anybody, one call is enough.
                if context.budget.in_doubt_until(Endpoint::Videos).await.is_some() {
                    return (Answer::Unanswered(error), calls);
                }
                unexplained = Some(error);
            }
            _ if error.about() == About::Conference => refusal = journal::last_error(&error),
            _ => return (Answer::Unanswered(error), calls),
        }
    }
    (unexplained.map_or(Answer::Refused(refusal), Answer::Unanswered), calls)
}
