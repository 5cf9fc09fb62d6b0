//! Poll: which of the conferences that may be in progress have ended.
//!
//! Absence is a hint, never proof: a conference that an answer does not show is suspected, and conference info confirms
//! or clears it.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::discover::Listing;
use super::stage::Ran;
use super::{Context, Stage, batch, journal};
use crate::catalog;
use crate::catalog::apply::Decision;
use crate::catalog::journal::{Call, Event};
use crate::dingtalk::Error;
use crate::domain::clock::Timestamp;
use crate::domain::conference::{Conference, ConferenceInfo, DiscoveredBy, State};
use crate::domain::coverage::UNTOLD;
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::{About, Class};
use crate::domain::lifecycle::{Hint, Observation, Others, Rules, observe};

/// The most conferences that are asked about in one look beside those in progress.
const MOST_AT_A_TIME: u32 = 1_000;

/// What was paid for is written down before more is paid for than is in flight at once: a daemon that is killed after some
/// few calls, again and again, still comes to the end of its list.
const DECISIONS_AT_A_TIME: usize = 8;

/// So many conferences that were never asked about are asked about in one look at least, however small a batch is: where
/// calls are scarce, the next look may be days away.
const NEW_AT_A_TIME: u32 = 20;

/// A conference that may have ended, and why it is suspected.
struct Suspect {
    conference: Conference,
    hint: Hint,
    calls: Vec<Call>,
}

/// `listing` is what the organisation's complete list of this pass shows, if it was read; `shown_before` are conferences
/// that it is known to show. The next look is due `until` then, by the monotonic clock; half of that time is left for the
/// lists of recordings.
pub(super) async fn run(
    context: &Context,
    listing: Option<&Listing>,
    shown_before: &mut HashSet<String>,
    rules: &Rules,
    until: Duration,
    now: Timestamp,
) -> Ran {
    let began = context.clock.elapsed();
    let time = until.saturating_sub(began) / 2;
    // Of conferences that were never asked about, a hundred thousand may be put on watch at once. Those of one look leave
    // calls to read their lists; the others come with the next looks.
    let most_new = if rules.is_metered { NEW_AT_A_TIME } else { context.dingtalk.calls_in(time).max(NEW_AT_A_TIME) };
    // An event is to tell when a new one begins; whoever puts an old one on watch waits, or has it asked about by `once`.
    let new_since = if rules.is_covered { now - UNTOLD } else { Timestamp::from_millis(i64::MAX) };
    let most_new = most_new.min(MOST_AT_A_TIME);
    let candidates = context.catalog.candidates(MOST_AT_A_TIME, most_new, new_since, now).await?;
    let (mut suspects, to_query) = sort(candidates, listing, shown_before, rules, now);
    let ids = to_query.iter().map(|conference| conference.conference_id.as_str()).collect();
    let mut look = batch::look(context, ids, now).await?;
    let shown: Vec<&str> = look.shown.keys().map(String::as_str).collect();
    journal::shown(context, &shown, now).await?;
    let mut decisions = Vec::new();
    for conference in to_query {
        if let Some(sighting) = look.shown.remove(&conference.conference_id) {
            let transition = observe(&conference, Observation::Shown(&sighting), now, rules);
            let calls = vec![journal::answered(Endpoint::Query, "in progress")];
            if transition.is_news {
                decisions.push(Decision { conference, transition, calls, event: Event::Decided });
            }
        } else if let Some((hint, call)) = look.not_shown.remove(&conference.conference_id) {
            suspects.push(Suspect { conference, hint, calls: call.into_iter().collect() });
        }
    }
    // Those that brought only errors come last: they must not be the only ones that are asked about.
    suspects.sort_by_key(|Suspect { conference, .. }| {
        let is_new = conference.state == Some(State::Waiting) && conference.next_attempt_at.is_none();
        (conference.wait.failing_since.is_some(), is_new)
    });
    journal::apply(context, Stage::Poll, &decisions, now).await?;
    let stopped = confirm_all(context, suspects, rules, began + time, now).await?;
    Ok(look.stopped.or(stopped))
}

/// Asks conference info about those that an event says are over; some few in any case, the others until the next look is
/// due, `until` by the monotonic clock.
pub(super) async fn confirm_told_over(context: &Context, rules: &Rules, until: Duration, now: Timestamp) -> Ran {
    let told_over = context.catalog.told_over(MOST_AT_A_TIME, now).await?;
    let suspect = |conference| Suspect { conference, hint: Hint::ToldOver, calls: Vec::new() };
    confirm_all(context, told_over.into_iter().map(suspect).collect(), rules, until, now).await
}

/// Asks conference info about suspects, and writes what follows; some few in any case, the others `until` then by the
/// monotonic clock.
async fn confirm_all(
    context: &Context,
    mut suspects: Vec<Suspect>,
    rules: &Rules,
    until: Duration,
    now: Timestamp,
) -> Ran {
    let (mut stopped, mut is_first) = (None, true);
    while !suspects.is_empty() && (is_first || context.clock.elapsed() < until) {
        is_first = false;
        let some: Vec<Suspect> = suspects.drain(..DECISIONS_AT_A_TIME.min(suspects.len())).collect();
        // All answers are awaited before any is written: a call under way may hold what a write waits for.
        let confirmed: Vec<_> = stream::iter(some)
            .map(|suspect| confirm(context, suspect, rules, now))
            .buffer_unordered(context.dingtalk.max_in_flight())
            .collect()
            .await;
        let mut decisions = Vec::new();
        for confirmed in confirmed {
            let (decision, failed) = confirmed?;
            decisions.extend(decision);
            stopped = stopped.or(failed);
        }
        journal::apply(context, Stage::Poll, &decisions, now).await?;
        // Of one that is known by an event alone, this says nothing about those that no event tells of.
        let is_shown = |decision: &&Decision| {
            decision.conference.discovered_by != DiscoveredBy::Event
                && matches!(decision.transition.state, State::Active | State::Ended)
        };
        let shown = decisions.iter().filter(is_shown).map(|decision| decision.conference.conference_id.as_str());
        journal::shown(context, &shown.collect::<Vec<_>>(), now).await?;
    }
    Ok(stopped)
}

/// Sorts the candidates: those that the list of this pass shows need no asking; those that it used to show and does not
/// show any more are suspected outright, and so are those that brought only errors, for they may spoil a batch. About the
/// rest, the batch query is asked.
fn sort(
    candidates: Vec<Conference>,
    listing: Option<&Listing>,
    shown_before: &mut HashSet<String>,
    rules: &Rules,
    now: Timestamp,
) -> (Vec<Suspect>, Vec<Conference>) {
    let open: HashSet<&str> = candidates.iter().map(|conference| conference.conference_id.as_str()).collect();
    shown_before.retain(|id| open.contains(id.as_str()));
    let (mut suspects, mut to_query) = (Vec::new(), Vec::new());
    for conference in candidates {
        let id = conference.conference_id.as_str();
        let is_listed = listing.is_some_and(|listing| listing.contains(id));
        let hint = if is_listed {
            let shown = observe(&conference, Observation::Shown(&ConferenceInfo::default()), now, rules);
            let is_due = !shown.is_news && shown.next_attempt_at == Some(now);
            if !is_due {
                continue;
            }
            Some(Hint::LongInProgress)
        } else if conference.state == Some(State::Failed) || conference.wait.failing_since.is_some() {
            Some(Hint::Unanswered)
        } else {
            // Of one that waits, conference info alone can say whether it has yet to start or is over.
            let is_waiting = conference.state == Some(State::Waiting);
            let is_absent = listing.is_some() && shown_before.contains(id);
            (is_absent || (is_waiting && rules.is_listed)).then_some(Hint::NotListed)
        };
        match hint {
            Some(hint) => suspects.push(Suspect { conference, hint, calls: Vec::new() }),
            None => to_query.push(conference),
        }
    }
    if let Some(listing) = listing {
        shown_before.extend(listing.iter().cloned());
    }
    (suspects, to_query)
}

/// Asks conference info about a suspect, if that follows from the hint. Answers what follows, and an error that is not about
/// this conference alone.
async fn confirm(
    context: &Context,
    Suspect { conference, hint, mut calls }: Suspect,
    rules: &Rules,
    now: Timestamp,
) -> Result<(Option<Decision>, Option<Error>), catalog::Error> {
    let mut stopped = None;
    let hinted = observe(&conference, Observation::NotShown(hint, &ConferenceInfo::default()), now, rules);
    if hinted.is_news || hinted.next_attempt_at != Some(now) {
        let decision = Decision { conference, transition: hinted, calls, event: Event::Decided };
        return Ok((decision.transition.is_news.then_some(decision), None));
    }
    let id = conference.conference_id.as_str();
    let mut transition = match context.dingtalk.conference(id).await {
        Ok(info) => {
            calls.push(journal::answered(Endpoint::Conference, journal::in_words(&info)));
            observe(&conference, Observation::Info(&info), now, rules)
        }
        Err(error) => {
            calls.extend(journal::failed(&error));
            let last_error = journal::last_error(&error);
            match error.class {
                Class::ConferenceUnknown | Class::PermissionDenied | Class::RequestWrong => {
                    observe(&conference, Observation::Refused(&last_error), now, rules)
                }
                _ if error.about() == About::Everybody => {
                    context.catalog.note_calls(id, &calls, now).await?;
                    return Ok((None, Some(error)));
                }
                _ => {
                    journal::log_unanswered(context, Stage::Poll, id, &error).await;
                    let others = journal::others(context, &conference, Endpoint::Conference, now).await?;
                    // Where nobody is answered, it is the stage that fails.
                    stopped = (others != Others::Answered).then_some(error);
                    let unanswered = Observation::Unanswered { error: &last_error, others };
                    observe(&conference, unanswered, now, rules)
                }
            }
        }
    };
    transition.explanation = format!("{}; {}", hinted.explanation, transition.explanation);
    Ok((Some(Decision { conference, transition, calls, event: Event::Decided }), stopped))
}
