//! What is told in the journal: the calls that were made about a conference, and why it stands as it does, in words.

use std::time::Duration;

use crate::catalog::conferences::{Due, Learned};
use crate::catalog::journal::{Account, Call};
use crate::catalog::recordings::Step;
use crate::dingtalk::{Class, Endpoint, Error};
use crate::domain::conference::{ConferenceInfo, State, Status};
use crate::domain::recording::{Changes, Known};
use crate::domain::wait::{Reading, Rules, Wait};

/// Why a conference is suspected of having ended: it was not shown by a complete list, or by the batch query, or stood in a
/// batch that was refused.
pub(super) const NOT_LISTED: &str = "the organisation's list does not show it";
pub(super) const NOT_IN_BATCH: &str = "the batch query does not show it";
pub(super) const SPOILS_BATCH: &str = "a batch query with it was refused";

/// A call that was refused, for the journal; `None` if it was not sent at all.
pub(super) fn refused_call(error: &Error) -> Option<Call> {
    let words = if error.message.is_empty() { error.to_string() } else { error.message.clone() };
    (error.class != Class::Held).then(|| Call {
        endpoint: error.endpoint.as_str(),
        outcome: error.code.to_string(),
        words,
    })
}

/// A call that was answered, for the journal.
pub(super) fn answered_call(endpoint: Endpoint, words: impl Into<String>) -> Call {
    Call { endpoint: endpoint.as_str(), outcome: "ok".to_owned(), words: words.into() }
}

/// The same call, with whom it was made as.
pub(super) fn asked_as(call: Call, union_id: &str) -> Call {
    Call { words: format!("{}, asked as {union_id}", call.words), ..call }
}

/// The account of one that was asked about in a batch.
pub(super) fn in_batch(answer: &str, reason: &str) -> Account {
    Account { calls: vec![answered_call(Endpoint::Query, answer)], reason: reason.to_owned() }
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

/// What follows from what was learned.
pub(super) fn verdict(learned: &Learned) -> String {
    match learned {
        Learned::Started(_) => "it is in progress".to_owned(),
        Learned::StillActive(_) => "it goes on all the same".to_owned(),
        Learned::NotStarted(..) => "it has not started".to_owned(),
        Learned::Ended(..) => "its end is confirmed, and its recordings are awaited".to_owned(),
        Learned::Unanswered(_, trouble) => format!("nothing was found out: {}: {}", trouble.code, trouble.message),
        Learned::Failed(trouble) => format!("it needs a person: {}: {}", trouble.code, trouble.message),
    }
}

/// How long recordings were waited for so far.
pub(super) fn waited(wait: &Wait, rules: &Rules) -> String {
    let whole = |time: Duration| match time.as_secs() / 60 {
        0 => "less than a minute".to_owned(),
        minutes => humantime::format_duration(Duration::from_mins(minutes)).to_string(),
    };
    format!("waited {} of {}", whole(wait.awaited.min(rules.give_up_after)), whole(rules.give_up_after))
}

/// Why `step` follows from `reading`, which changed so much of what was `known`.
pub(super) fn of_reading(
    due: &Due,
    reading: Reading,
    changes: &Changes<'_>,
    known: &[Known],
    step: &Step,
    nothing_expected: bool,
    waited: &str,
) -> String {
    let seen = match (reading, changes.is_empty()) {
        (Reading::MeetingClosed, _) => {
            "DingTalk says that the meeting is over, and nothing about recordings".to_owned()
        }
        (_, false) => {
            let new = new_ones(changes, known);
            let (other, gone) = (changes.upsert.len() - new, changes.missing.len());
            format!("the list is another: {new} new, {other} changed, {gone} gone")
        }
        (Reading::NothingListed, true) if known.is_empty() => "no recording is listed".to_owned(),
        _ => "the list is the same as before".to_owned(),
    };
    let so = match step {
        Step::Again(..) if known.is_empty() && nothing_expected => {
            format!("conference info said that nothing was recorded, so it is read once more at the end; {waited}")
        }
        Step::Again(..) => format!("it is read again; {waited}"),
        Step::Archived(None) if due.state == State::Archived => "this was the last look".to_owned(),
        Step::Archived(Some(_)) if due.state == State::Archived => format!("the wait is not over yet; {waited}"),
        Step::Archived(Some(_)) => "it has settled, and is looked at once more when the wait would be over".to_owned(),
        Step::Archived(None) => "the wait is over, and what was seen is archived".to_owned(),
        Step::Unrecorded => "the wait is over, and nothing was recorded".to_owned(),
        Step::Failed(trouble) => format!("the wait is over, and it needs a person: {}", trouble.message),
    };
    format!("{seen}; {so}")
}

/// How many of the recordings that are written were not known.
pub(super) fn new_ones(changes: &Changes<'_>, known: &[Known]) -> usize {
    let is_known = |media_id: &str| known.iter().any(|known| known.recording.media_id == media_id);
    changes.upsert.iter().filter(|recording| !is_known(&recording.media_id)).count()
}
