//! Discover: the organisation's ongoing list, all pages, and the ongoing lists of the configured users.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};

use super::{Context, Stage, journal};
use crate::catalog;
use crate::catalog::apply::Decision;
use crate::catalog::journal::Event;
use crate::catalog::quota::Limit;
use crate::dingtalk::{Error, Page};
use crate::domain::clock::Timestamp;
use crate::domain::conference::{Conference, ConferenceInfo, DiscoveredBy, Sighting, Status, check_conference_id};
use crate::domain::failure::{About, Class};
use crate::domain::lifecycle::{Hint, Observation, Rules, observe};

/// The page length asked for first. The most that DingTalk takes is written nowhere: one that is refused is halved.
const MAX_RESULTS: u32 = 100;

/// The least page length worth asking for.
const LEAST_RESULTS: u32 = 10;

/// A list of more pages than this is one that never ends.
const MOST_PAGES: u64 = 500;

/// Nor does one that shows more meetings in progress than any organisation has.
const MOST_LISTED: usize = 50_000;

/// Nor one whose token has no place in an address. All that a list leaves in memory is bounded by these three.
const LONGEST_TOKEN_BYTES: usize = 4_096;

/// The conferences in progress, by a list that was read to its end.
pub(super) type Listing = HashSet<String>;

/// What the lists showed.
#[derive(Default)]
pub(super) struct Discovered {
    /// The organisation's list; `None` if it was not read to its end: then it proves nothing about absence.
    pub(super) listing: Option<Listing>,
    /// What stopped it, if anything did.
    pub(super) stopped: Option<Error>,
}

pub(super) async fn run(context: &Context, rules: &Rules, now: Timestamp) -> Result<Discovered, catalog::Error> {
    let mut discovered = Discovered::default();
    if context.settings.organization {
        discovered = organization(context, rules, now).await?;
    }
    if !context.settings.users.is_empty() {
        let stopped = users(context, rules, now).await?;
        discovered.stopped = discovered.stopped.or(stopped);
    }
    Ok(discovered)
}

/// Reads the list page by page, and writes down what each page shows.
async fn organization(context: &Context, rules: &Rules, now: Timestamp) -> Result<Discovered, catalog::Error> {
    let limits = context.catalog.learned_limits().await?;
    let mut max_results = limits.max_results.and_then(|most| u32::try_from(most).ok()).unwrap_or(MAX_RESULTS);
    let (mut listed, mut tokens) = (HashSet::new(), HashSet::new());
    let (mut token, mut pages) = (None, 0);
    loop {
        let Page { mut sightings, next_token } =
            match context.dingtalk.org_conferences(max_results, token.as_deref()).await {
                Ok(page) => page,
                Err(error) if error.class == Class::RequestWrong && max_results > LEAST_RESULTS => {
                    max_results = (max_results / 2).max(LEAST_RESULTS);
                    context.catalog.learn_limit(Limit::MaxResults, max_results.into(), now).await?;
                    continue;
                }
                Err(error) => {
                    journal::log_failure(context, Stage::Discover, "the organisation's list", &error).await;
                    return Ok(Discovered { listing: None, stopped: Some(error) });
                }
            };
        pages += 1;
        sightings.retain(|sighting| can_be_asked_about(&sighting.conference_id));
        listed.extend(in_progress(&sightings).map(str::to_owned));
        sighted(context, sightings, DiscoveredBy::Organization, None, rules, now).await?;
        let Some(next) = next_token else { break };
        let is_endless = pages >= MOST_PAGES || listed.len() >= MOST_LISTED || next.len() > LONGEST_TOKEN_BYTES;
        if is_endless || !tokens.insert(next.clone()) {
            tracing::warn!(
                stage = Stage::Discover.as_str(),
                pages,
                "the organisation's list does not end; what it showed so far is used"
            );
            break;
        }
        token = Some(next);
    }
    if limits.pages != Some(pages) {
        context.catalog.learn_limit(Limit::Pages, pages, now).await?;
    }
    Ok(Discovered { listing: Some(listed), stopped: None })
}

fn in_progress(sightings: &[Sighting]) -> impl Iterator<Item = &str> {
    let in_progress = sightings.iter().filter(|sighting| sighting.info.status == Status::InProgress);
    in_progress.map(|sighting| sighting.conference_id.as_str())
}

async fn users(context: &Context, rules: &Rules, now: Timestamp) -> Result<Option<Error>, catalog::Error> {
    let answers: Vec<(&String, Result<Vec<String>, Error>)> = stream::iter(&context.settings.users)
        .map(|union_id| async move { (union_id, context.dingtalk.user_conferences(union_id).await) })
        .buffer_unordered(context.dingtalk.max_in_flight())
        .collect()
        .await;
    let mut stopped = None;
    for (union_id, answer) in answers {
        let error = match answer {
            Ok(ids) => {
                let sightings = ids.into_iter().filter(|id| can_be_asked_about(id)).map(in_progress_only).collect();
                sighted(context, sightings, DiscoveredBy::User, Some(union_id), rules, now).await?;
                continue;
            }
            Err(error) => error,
        };
        journal::log_failure(context, Stage::Discover, &format!("discover.users: the list of {union_id}"), &error)
            .await;
        // One user whom DingTalk does not know must not hide the meetings of the others.
        if error.about() != About::Conference {
            stopped = stopped.or(Some(error));
        }
    }
    Ok(stopped)
}

/// Writes down what a listing showed. One that is known to be active is not written to.
async fn sighted(
    context: &Context,
    sightings: Vec<Sighting>,
    by: DiscoveredBy,
    hint: Option<&str>,
    rules: &Rules,
    now: Timestamp,
) -> Result<(), catalog::Error> {
    let ids: Vec<&str> = sightings.iter().map(|sighting| sighting.conference_id.as_str()).collect();
    let mut known = context.catalog.conferences_by_id(&ids).await?;
    let mut decisions = Vec::new();
    let shown: Vec<&str> = in_progress(&sightings).collect();
    for Sighting { conference_id: id, info } in &sightings {
        let conference = known.remove(id).unwrap_or_else(|| Conference::unknown(id, by, now));
        let observation = match info.status {
            Status::InProgress => Observation::Shown(info),
            _ => Observation::NotShown(Hint::NotListed, info),
        };
        let mut transition = observe(&conference, observation, now, rules);
        if !transition.is_news {
            continue;
        }
        transition.union_id_hint = hint.filter(|_| conference.union_id_hint.is_none()).map(str::to_owned);
        let event = if conference.state.is_none() { Event::Found } else { Event::Decided };
        decisions.push(Decision { conference, transition, calls: Vec::new(), event });
    }
    journal::apply(context, Stage::Discover, &decisions, now).await?;
    journal::shown(context, &shown, now).await
}

/// A conference in progress of which nothing else is shown.
fn in_progress_only(conference_id: String) -> Sighting {
    Sighting { conference_id, info: ConferenceInfo { status: Status::InProgress, ..ConferenceInfo::default() } }
}

/// Whether a list's id can be asked about. One that cannot must not keep the others out of the catalog.
pub(super) fn can_be_asked_about(conference_id: &str) -> bool {
    check_conference_id(conference_id)
        .inspect_err(|bad| {
            let stage = Stage::Discover.as_str();
            tracing::warn!(stage, "a list shows a conference that cannot be asked about: {bad}");
        })
        .is_ok()
}
