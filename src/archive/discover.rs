//! Discover: the organisation's ongoing list, all pages, and the ongoing lists of the configured users.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};

use super::stages::Ran;
use super::{Archive, Concern, concern};
use crate::catalog;
use crate::dingtalk::org_conferences::Page;
use crate::dingtalk::{Class, Error};
use crate::domain::clock::Timestamp;
use crate::domain::conference::{DiscoveredBy, Sighting, Status, check_conference_id};

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

impl Archive {
    pub(super) async fn discover(&self, now: Timestamp) -> Ran {
        let mut stopped = None;
        if self.settings.organization {
            stopped = self.discover_organization(now).await?;
        }
        if !self.settings.users.is_empty() {
            stopped = stopped.or(self.discover_users(now).await?);
        }
        Ok(stopped)
    }

    async fn discover_organization(&self, now: Timestamp) -> Ran {
        let mut listed = HashSet::new();
        let stopped = self.read_listing(&mut listed, now).await?;
        let mut listings = self.listings.lock().await;
        listings.shown.extend(listed.iter().cloned());
        if stopped.is_none() {
            listings.last = Some((now, listed));
        }
        Ok(stopped)
    }

    /// Reads the list page by page, writes down what each page shows, and gathers the ids of those in progress in
    /// `listed`. Answers what stopped it: a list that was read half-way proves nothing about absence.
    async fn read_listing(&self, listed: &mut HashSet<String>, now: Timestamp) -> Ran {
        let mut tokens = HashSet::new();
        let mut token: Option<String> = None;
        let mut pages = 0;
        loop {
            let Page { mut sightings, next_token } = match self.read_page(token.as_deref()).await {
                Ok(page) => page,
                Err(stopped) => {
                    if self.is_unsaid(&stopped).await {
                        tracing::warn!(stage = "discover", code = %stopped.code, "the organisation's list: {stopped}");
                    }
                    return Ok(Some(stopped));
                }
            };
            pages += 1;
            sightings.retain(|sighting| is_sound(&sighting.conference_id));
            self.catalog.sighted(&sightings, DiscoveredBy::Organization, None, now).await?;
            let in_progress = sightings.into_iter().filter(|sighting| sighting.status == Status::InProgress);
            listed.extend(in_progress.map(|sighting| sighting.conference_id));
            let Some(next) = next_token else { break };
            let is_endless = pages >= MOST_PAGES || listed.len() >= MOST_LISTED || next.len() > LONGEST_TOKEN_BYTES;
            if is_endless || !tokens.insert(next.clone()) {
                tracing::warn!(
                    stage = "discover",
                    pages,
                    "the organisation's list does not end; what it showed so far is used"
                );
                break;
            }
            token = Some(next);
        }
        self.listings.lock().await.pages = pages;
        Ok(None)
    }

    /// One page, with the longest length that DingTalk takes.
    async fn read_page(&self, token: Option<&str>) -> Result<Page, Error> {
        loop {
            let max_results = self.listings.lock().await.max_results.unwrap_or(MAX_RESULTS);
            match self.dingtalk.org_conferences(max_results, token).await {
                Err(error) if error.class == Class::RequestWrong && max_results > LEAST_RESULTS => {
                    self.listings.lock().await.max_results = Some((max_results / 2).max(LEAST_RESULTS));
                }
                answer => return answer,
            }
        }
    }

    async fn discover_users(&self, now: Timestamp) -> Ran {
        let answers: Vec<(&String, Result<Vec<String>, Error>)> = stream::iter(&self.settings.users)
            .map(|union_id| async move { (union_id, self.dingtalk.user_conferences(union_id).await) })
            .buffer_unordered(self.dingtalk.max_in_flight())
            .collect()
            .await;
        let mut stopped = None;
        for (union_id, answer) in answers {
            match answer {
                Ok(ids) => self.sighted_for(union_id, ids, now).await?,
                // One user whom DingTalk does not know must not hide the meetings of the others.
                Err(error) if matches!(concern(&error), Concern::Answer) => {
                    tracing::warn!(stage = "discover", union_id, code = %error.code, "discover.users: {union_id}: {error}");
                }
                Err(error) => {
                    if self.is_unsaid(&error).await {
                        tracing::warn!(stage = "discover", union_id, code = %error.code, "the list of {union_id}: {error}");
                    }
                    stopped = stopped.or(Some(error));
                }
            }
        }
        Ok(stopped)
    }

    async fn sighted_for(&self, union_id: &str, ids: Vec<String>, now: Timestamp) -> Result<(), catalog::Error> {
        let sightings: Vec<Sighting> = ids
            .into_iter()
            .filter(|conference_id| is_sound(conference_id))
            .map(|conference_id| Sighting {
                conference_id,
                status: Status::InProgress,
                title: None,
                room_code: None,
                biz_type: None,
                creator_union_id: None,
                creator_nick: None,
                started_at: None,
            })
            .collect();
        self.catalog.sighted(&sightings, DiscoveredBy::User, Some(union_id), now).await
    }
}

/// Whether a list's id can be asked about. One that cannot must not keep the others out of the catalog.
fn is_sound(conference_id: &str) -> bool {
    match check_conference_id(conference_id) {
        Ok(()) => true,
        Err(bad) => {
            tracing::warn!(stage = "discover", "a list shows a conference that cannot be asked about: {bad}");
            false
        }
    }
}
