//! Search: asks about the meetings of gaps, as far as DingTalk tells of what is over.
//!
//! It lists an organisation's past meetings to some apps only. For the others, the meetings of known room codes and the
//! last ones of known bookings are asked about; an instant meeting that nobody registered stays unseen. What is to be
//! asked is a queue in the catalog: a source that brings nothing is given up after some attempts, and keeps no other.

use std::hash::Hasher;
use std::time::Duration;

use siphasher::sip::SipHasher13;

use super::discover::can_be_asked_about;
use super::stage::{Ran, Stage};
use super::{Context, Memory, agenda, journal};
use crate::catalog;
use crate::catalog::apply::Decision;
use crate::catalog::journal::Event;
use crate::catalog::search::{Queued, Searched};
use crate::catalog::source::Source;
use crate::dingtalk::{Error, Page};
use crate::domain::backoff;
use crate::domain::clock::Timestamp;
use crate::domain::conference::{Conference, DiscoveredBy, Sighting, Status};
use crate::domain::failure::{About, Class};
use crate::domain::lifecycle::{Observation, Rules, observe};

/// The length of a page: the most that DingTalk takes is written nowhere.
const MAX_RESULTS: u32 = 20;

/// So many pages are read of the past meetings of a gap, and of a room code or a booking. All that is found fits in.
const MOST_HISTORY_PAGES: usize = 100;
const MOST_PAGES: usize = 10;

/// A longer page than was asked for is cut off: what it shows costs calls.
const MOST_ON_A_PAGE: usize = 100;

/// No token in an address is longer.
const LONGEST_TOKEN_BYTES: usize = 4_096;

/// The calls of one pass; the next one comes after a rest. A source that was begun is read to its end.
const CALLS_A_PASS: u64 = 40;
const REST: Duration = Duration::from_mins(10);

/// Of the calls that nothing else needs, a search takes this part at the most; where there are none, it waits.
const PART_OF_SPARE: u64 = 4;
const WAIT_FOR_CALLS: Duration = Duration::from_hours(1);

/// So often a source may bring nothing.
const MOST_ATTEMPTS: u32 = 3;

/// An app that may not list past meetings asks again after so long.
const REFUSED_FOR: Duration = Duration::from_hours(30 * 24);

/// Searches on, until the next look is due, `until` by the monotonic clock; `all` of it: without regard to that, and to
/// what other work needs.
pub(super) async fn run(
    context: &Context,
    memory: &mut Memory,
    rules: &Rules,
    all: bool,
    until: Duration,
    now: Timestamp,
) -> Ran {
    let Context { catalog, settings, clock, .. } = context;
    if all {
        catalog.hurry_search(now).await?;
    }
    loop {
        // What was left of a search that a crash kept from its end is nothing.
        catalog.finish_search(now).await?;
        let may_be_listed = !is_refused(context, now).await?;
        catalog.plan_search(may_be_listed, settings.fallback_union_id.as_deref(), now).await?;
        let calls =
            if all { u64::MAX } else { CALLS_A_PASS.min(agenda::spare(context, memory, now).await? / PART_OF_SPARE) };
        let mut search = Search { context, rules, now, gaps: catalog.gaps_in_search().await?, calls: 0 };
        let mut is_first = true;
        while search.calls < calls && (is_first || clock.elapsed() < until) {
            is_first = false;
            let Some(queued) = catalog.next_in_search(now).await? else { break };
            if let Some(error) = search.ask(queued).await? {
                catalog.put_off_search(now + REST).await?;
                return Ok(Some(error));
            }
        }
        if search.calls >= calls {
            let rest = if calls == 0 { WAIT_FOR_CALLS } else { REST };
            catalog.put_off_search(now + rest).await?;
        }
        let is_finished = catalog.finish_search(now).await?;
        let is_more_due = catalog.search_at().await?.is_some_and(|at| at <= now);
        if !(all && is_finished && is_more_due) {
            return Ok(None);
        }
    }
}

/// Whether this app is known not to be allowed to list past meetings.
async fn is_refused(context: &Context, now: Timestamp) -> Result<bool, catalog::Error> {
    let refusal = context.catalog.histories_refusal().await?;
    Ok(refusal.is_some_and(|it| it.app == app(context) && now.since(it.refused_at) < REFUSED_FOR))
}

/// Stands for the app's key in the catalog.
fn app(context: &Context) -> i64 {
    let mut hasher = SipHasher13::new();
    hasher.write(context.dingtalk.app_key().as_bytes());
    hasher.finish().cast_signed()
}

/// A search under way.
struct Search<'a> {
    context: &'a Context,
    rules: &'a Rules,
    now: Timestamp,
    gaps: Vec<Searched>,
    calls: u64,
}

/// How far a source was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    ToItsEnd,
    /// There is more than may be read of it, or it does not end.
    InPart,
}

impl Search<'_> {
    /// Asks about a source, and writes down what follows. Answers an error that is everybody's.
    async fn ask(&mut self, queued: Queued) -> Ran {
        let catalog = &self.context.catalog;
        let source = &queued.source;
        match source {
            Source::History(gap_id) => {
                let Some(gap) = self.gaps.iter().find(|gap| gap.gap_id == *gap_id).map(|it| it.gap) else {
                    // It has become part of another one, which is searched later.
                    catalog.answered_in_search(source, None, self.now).await?;
                    return Ok(None);
                };
                let read = self
                    .pages(MOST_HISTORY_PAGES, async |context, token| {
                        context.dingtalk.histories(gap.began_at, gap.ended_at, MAX_RESULTS, token).await
                    })
                    .await?;
                if read.is_ok() {
                    catalog.histories_allowed().await?;
                }
                self.follow(queued, read.map(|read| (read, None))).await
            }
            Source::Room(room_code) => {
                let read = self
                    .pages(MOST_PAGES, async |context, token| {
                        context.dingtalk.room_conferences(room_code, MAX_RESULTS, token).await
                    })
                    .await?;
                self.follow(queued, read.map(|read| (read, None))).await
            }
            Source::Instance(schedule_conference_id) => {
                let read = self
                    .pages(MOST_PAGES, async |context, token| {
                        context.dingtalk.booked_conferences(schedule_conference_id, MAX_RESULTS, token).await
                    })
                    .await?;
                self.follow(queued, read.map(|read| (read, None))).await
            }
            Source::Booking { schedule_conference_id, union_id } => {
                self.calls += 1;
                let asked = self.context.dingtalk.booked_room_code(schedule_conference_id, union_id).await;
                let then = |room_code: Option<String>| {
                    room_code.map_or_else(|| Source::Instance(schedule_conference_id.clone()), Source::Room)
                };
                let read = asked.map(|room_code| (Read::ToItsEnd, Some(then(room_code))));
                self.follow(queued, read).await
            }
        }
    }

    /// Reads a list page by page, `most` of them at the most, and writes down what each page shows.
    async fn pages(
        &mut self,
        most: usize,
        ask: impl AsyncFn(&Context, Option<&str>) -> Result<Page, Error>,
    ) -> Result<Result<Read, Error>, catalog::Error> {
        let mut token: Option<String> = None;
        for _ in 0..most {
            self.calls += 1;
            let Page { sightings, next_token } = match ask(self.context, token.as_deref()).await {
                Ok(page) => page,
                Err(error) => return Ok(Err(error)),
            };
            self.take_in(sightings).await?;
            match next_token {
                None => return Ok(Ok(Read::ToItsEnd)),
                Some(next) if next.len() > LONGEST_TOKEN_BYTES || Some(&next) == token.as_ref() => break,
                next => token = next,
            }
        }
        Ok(Ok(Read::InPart))
    }

    /// Writes down those of these conferences that ended in a gap.
    async fn take_in(&self, sightings: Vec<Sighting>) -> Result<(), catalog::Error> {
        let catalog = &self.context.catalog;
        let in_a_gap = |sighting: Sighting| {
            let ended_at = sighting.info.ended_at.or(sighting.info.started_at)?;
            let gap = self.gaps.iter().find(|it| it.gap.holds(ended_at))?;
            let is_over = sighting.info.status == Status::Ended && can_be_asked_about(&sighting.conference_id);
            is_over.then_some((gap.gap_id, sighting))
        };
        let found: Vec<(i64, Sighting)> = sightings.into_iter().filter_map(in_a_gap).take(MOST_ON_A_PAGE).collect();
        let ids: Vec<&str> = found.iter().map(|(_, sighting)| sighting.conference_id.as_str()).collect();
        let mut known = catalog.conferences_by_id(&ids).await?;
        let (mut decisions, mut gap_ids) = (Vec::new(), Vec::new());
        for (gap_id, Sighting { conference_id: id, info }) in &found {
            let unknown = || Conference::unknown(id, DiscoveredBy::History, self.now);
            let conference = known.remove(id).unwrap_or_else(unknown);
            let transition = observe(&conference, Observation::Past(info), self.now, self.rules);
            if transition.is_news {
                let event = if conference.state.is_none() { Event::Found } else { Event::Decided };
                decisions.push(Decision { conference, transition, calls: Vec::new(), event });
                gap_ids.push(*gap_id);
            }
        }
        let applied = catalog.found_in_gaps(&decisions, &gap_ids, self.now).await?;
        for (decision, _) in decisions.iter().zip(applied).filter(|(_, is_applied)| *is_applied) {
            journal::log(Stage::Discover, decision);
        }
        Ok(())
    }

    /// What follows for a source from how far it was read, and what is asked then. Answers an error that is everybody's.
    async fn follow(&self, queued: Queued, read: Result<(Read, Option<Source>), Error>) -> Ran {
        let Self { context, now, .. } = self;
        let catalog = &context.catalog;
        let source = &queued.source;
        let error = match read {
            Ok((Read::ToItsEnd, then)) => {
                catalog.answered_in_search(source, then.as_ref(), *now).await?;
                return Ok(None);
            }
            Ok((Read::InPart, _)) => {
                tracing::warn!("the search of gaps: {source} does not end; what it showed so far is used");
                if matches!(source, Source::History(_)) {
                    self.without_histories().await?;
                    return Ok(None);
                }
                catalog.given_up_in_search(source, None, *now).await?;
                return Ok(None);
            }
            Err(error) => error,
        };
        let is_history = matches!(source, Source::History(_));
        if is_history && is_closed(error.class) {
            if catalog.histories_refusal().await?.is_none_or(|it| it.app != app(context)) {
                tracing::warn!(code = %error.code, "{error}");
            }
            catalog.histories_refused(app(context), &error.code.to_string(), *now).await?;
            self.without_histories().await?;
            return Ok(None);
        }
        // Of a booking whose plan cannot be read, the last meeting may be.
        let then = match source {
            Source::Booking { schedule_conference_id, .. } => Some(Source::Instance(schedule_conference_id.clone())),
            _ => None,
        };
        match error.about() {
            About::Everybody => return Ok(Some(error)),
            // There is no such room any more: it holds nothing that could be found.
            About::Conference if error.class == Class::ConferenceUnknown && !is_history => {
                catalog.answered_in_search(source, then.as_ref(), *now).await?;
            }
            About::Conference if is_history => self.without_histories().await?,
            About::Conference => catalog.given_up_in_search(source, then.as_ref(), *now).await?,
            About::Unknown => {
                journal::log_failure(context, Stage::Discover, &format!("the search of gaps: {source}"), &error).await;
                let in_doubt = context.budget.in_doubt_until(error.endpoint).await;
                let attempts = queued.attempts + u32::from(in_doubt.is_none());
                if attempts >= MOST_ATTEMPTS && is_history {
                    self.without_histories().await?;
                } else if attempts >= MOST_ATTEMPTS {
                    catalog.given_up_in_search(source, then.as_ref(), *now).await?;
                } else {
                    let wait = backoff::delay(REST, WAIT_FOR_CALLS, attempts, &source.to_string());
                    let until = in_doubt.unwrap_or(*now + wait).max(*now + REST);
                    catalog.put_off_in_search(&Queued { attempts, ..queued.clone() }, until).await?;
                }
            }
        }
        Ok(None)
    }

    async fn without_histories(&self) -> Result<(), catalog::Error> {
        let fallback = self.context.settings.fallback_union_id.as_deref();
        self.context.catalog.search_without_histories(fallback, self.now).await
    }
}

/// Whether an error says that this app may not list past meetings.
const fn is_closed(class: Class) -> bool {
    matches!(class, Class::ScopeMissing | Class::PermissionDenied | Class::OrganizationForbidden)
}
