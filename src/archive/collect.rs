//! Collect: read the lists of recordings that are due, and write down what they show.

use futures_util::{StreamExt, stream};

use super::stage::Ran;
use super::{Context, Stage, journal};
use crate::catalog::apply::Decision;
use crate::catalog::journal::{Call, Event};
use crate::dingtalk::Error;
use crate::domain::clock::Timestamp;
use crate::domain::conference::Conference;
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::{About, Class, LastError, OwnCode};
use crate::domain::lifecycle::{Observation, Others, Rules, observe};
use crate::domain::recording::RecordingList;

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

pub(super) async fn run(context: &Context, now: Timestamp) -> Ran {
    let rules = context.rules(now);
    let due = context.catalog.due(now - rules.collect.give_up_after, now).await?;
    let mut readings = stream::iter(due)
        .map(|conference| async move { read(context, conference, &rules, now).await })
        .buffer_unordered(context.dingtalk.max_in_flight());
    let mut stopped = None;
    while let Some(reading) = readings.next().await {
        stopped = stopped.or(reading?);
    }
    Ok(stopped)
}

/// Reads one conference's list, and writes what follows. Answers an error that says nothing about the conference.
async fn read(context: &Context, conference: Conference, rules: &Rules, now: Timestamp) -> Ran {
    let id = conference.conference_id.as_str();
    let (answer, calls) = ask(context, &conference).await;
    let known = context.catalog.recordings_of(id).await?;
    let (last_error, mut stopped);
    stopped = None;
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
            Observation::List { list, known: &known, union_id }
        }
        Answer::MeetingClosed(union_id) => Observation::MeetingClosed { known: &known, union_id },
        Answer::Refused(error) => Observation::Refused(error),
        Answer::Unanswered(error) => {
            journal::log_unanswered(context, Stage::Collect, id, error).await;
            last_error = journal::last_error(error);
            let others = journal::others(context, &conference, Endpoint::Videos, now).await?;
            // Where nobody is answered, it is the stage that fails.
            stopped = (others != Others::Answered).then(|| error.clone());
            Observation::Unanswered { error: &last_error, others }
        }
        Answer::Stopped(error) => {
            context.catalog.note_calls(id, &calls, now).await?;
            return Ok(Some(error.clone()));
        }
    };
    let transition = observe(&conference, observation, now, rules);
    let decision = Decision { transition, conference: conference.clone(), calls, event: Event::Decided };
    journal::apply(context, Stage::Collect, &[decision], now).await?;
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
