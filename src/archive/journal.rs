//! What the stages write down and log: the calls that were made about a conference, and what followed.

use super::{Context, Stage};
use crate::catalog;
use crate::catalog::apply::Decision;
use crate::catalog::journal::Call;
use crate::dingtalk::Error;
use crate::domain::clock::Timestamp;
use crate::domain::conference::{Conference, ConferenceInfo, State, Status};
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::{About, Class, LastError};
use crate::domain::forecast;
use crate::domain::lifecycle::Others;

/// As much of a title as a log line needs.
const TITLE_CHARS: usize = 100;

/// A call that was answered.
pub(super) fn answered(endpoint: Endpoint, answer: impl Into<String>) -> Call {
    Call { endpoint: endpoint.as_str(), outcome: "ok".to_owned(), answer: answer.into() }
}

/// A call that failed; `None` if it was not sent at all.
pub(super) fn failed(error: &Error) -> Option<Call> {
    let answer = if error.message.is_empty() { error.to_string() } else { error.message.clone() };
    let call = Call { endpoint: error.endpoint.as_str(), outcome: error.code.to_string(), answer };
    (error.class != Class::Held).then_some(call)
}

/// The same call, with whom it was made as.
pub(super) fn asked_as(call: Call, union_id: &str) -> Call {
    Call { answer: format!("{}, asked as {union_id}", call.answer), ..call }
}

/// What conference info says, as far as it matters.
pub(super) fn in_words(info: &ConferenceInfo) -> String {
    let status = match info.status {
        Status::NotStarted => "not started".to_owned(),
        Status::Ended => info.ended_at.map_or_else(|| "ended".to_owned(), |ended_at| format!("ended at {ended_at}")),
        Status::InProgress => "in progress".to_owned(),
        Status::Unknown(status) => format!("status {}", status.map_or_else(|| "missing".to_owned(), |n| n.to_string())),
    };
    match info.record_status {
        Some(record_status) => format!("{status}, cloudRecordStatus {record_status}"),
        None => status,
    }
}

/// What is remembered of an error.
pub(super) fn last_error(error: &Error) -> LastError {
    LastError { code: error.code.to_string(), message: error.message.clone() }
}

/// What others met since DingTalk began to give only errors about `conference`, of which the last came from `endpoint`.
pub(super) async fn others(
    context: &Context,
    conference: &Conference,
    endpoint: Endpoint,
    now: Timestamp,
) -> Result<Others, catalog::Error> {
    if let Some(until) = context.budget.in_doubt_until(endpoint).await {
        return Ok(Others::Fail(until));
    }
    let answered = context.catalog.has_answered_since(conference.wait.failing_since.unwrap_or(now)).await?;
    Ok(if answered { Others::Answered } else { Others::Unknown })
}

/// Logs an error about one conference, unless a pause has been logged for it.
pub(super) async fn log_unanswered(context: &Context, stage: Stage, id: &str, error: &Error) {
    if error.about() == About::Unknown && !context.budget.is_paused(error.endpoint).await {
        tracing::warn!(stage = stage.as_str(), conference_id = id, code = %error.code, "conference {id}: {error}; it is put off");
    }
}

/// Logs an error of a list or a batch, unless a pause has been logged for it.
pub(super) async fn log_failure(context: &Context, stage: Stage, what: &str, error: &Error) {
    if error.about() != About::Everybody && !context.budget.is_paused(error.endpoint).await {
        tracing::warn!(stage = stage.as_str(), code = %error.code, "{what}: {error}");
    }
}

/// Has the catalog write what follows, and logs each change of state.
pub(super) async fn apply(
    context: &Context,
    stage: Stage,
    decisions: &[Decision],
    now: Timestamp,
) -> Result<(), catalog::Error> {
    let applied = context.catalog.apply(decisions, now).await?;
    for (decision, _) in decisions.iter().zip(applied).filter(|(_, is_applied)| *is_applied) {
        log(stage, decision);
    }
    Ok(())
}

/// Notes that another source than an event shows these meetings: how many events tell of is measured by them.
pub(super) async fn shown(context: &Context, conference_ids: &[&str], now: Timestamp) -> Result<(), catalog::Error> {
    if can_be_told(context, now).await? { context.catalog.shown(conference_ids, now).await } else { Ok(()) }
}

/// The same of meetings whose lists show recordings.
pub(super) async fn listed(context: &Context, conference_ids: &[&str], now: Timestamp) -> Result<(), catalog::Error> {
    if can_be_told(context, now).await? { context.catalog.listed(conference_ids, now).await } else { Ok(()) }
}

/// Whether there are pushes left: that events which cannot come tell of nothing says nothing.
async fn can_be_told(context: &Context, now: Timestamp) -> Result<bool, catalog::Error> {
    let settings = &context.settings;
    let most = settings.pushes_per_month;
    Ok(settings.stream && (most == 0 || context.catalog.pushed(&forecast::day(now)).await? < most))
}

/// Logs a change of state.
pub(super) fn log(stage: Stage, Decision { conference, transition, .. }: &Decision) {
    if conference.state == Some(transition.state) {
        return;
    }
    let (id, stage, to) = (conference.conference_id.as_str(), stage.as_str(), transition.state.as_str());
    let from = conference.state.map_or("unknown", State::as_str);
    let title = transition.facts.title.as_ref().or(conference.title.as_ref());
    let title: String = title.into_iter().flat_map(|title| title.chars()).take(TITLE_CHARS).collect();
    let why = &transition.explanation;
    if transition.state == State::Failed {
        tracing::warn!(stage, conference_id = id, from, to, title, "conference {id} has failed: {why}");
    } else {
        tracing::info!(stage, conference_id = id, from, to, title, "conference {id} is {to}: {why}");
    }
}
