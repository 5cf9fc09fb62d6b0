//! The batch query, so that no id and no limit spoils it for the others.
//!
//! A batch that fails is halved in the same look until the culprits stand alone; they are left to conference info. The
//! most ids that DingTalk takes is written nowhere: it is learned, remembered, and tried anew each day.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use siphasher::sip::SipHasher13;

use super::{Context, Stage, journal};
use crate::catalog;
use crate::catalog::journal::Call;
use crate::catalog::quota::{LearnedLimits, Limit};
use crate::dingtalk::Error;
use crate::domain::clock::Timestamp;
use crate::domain::conference::{ConferenceInfo, Sighting, Status};
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::{About, Class};
use crate::domain::lifecycle::Hint;

/// The most calls of one look that are spent on halves. What is left unasked comes with the next look, in other company.
const MOST_SPLIT_CALLS: usize = 64;

/// A limit that was learned is tried anew after so long: it may have been an error of the moment.
const LEARNED_FOR: Duration = Duration::from_hours(24);

/// What the batch queries of one look showed.
#[derive(Default)]
pub(super) struct Look {
    /// Conferences in progress.
    pub(super) shown: HashMap<String, ConferenceInfo>,
    /// Conferences that were asked about and not shown: why conference info is asked, and the call that said so.
    pub(super) not_shown: HashMap<String, (Hint, Option<Call>)>,
    /// What kept others from being asked about.
    pub(super) stopped: Option<Error>,
}

/// Some ids of one original batch.
struct Batch<'a> {
    ids: Vec<&'a str>,
    origin: usize,
}

/// What became of one original batch: whether it was refused for its length can be told only in the end.
#[derive(Clone, Default)]
struct Origin<'a> {
    longest_accepted: usize,
    shortest_refused: Option<Vec<&'a str>>,
    has_culprit: bool,
}

/// Asks about all of these conferences.
pub(super) async fn look(context: &Context, ids: Vec<&str>, now: Timestamp) -> Result<Look, catalog::Error> {
    let limits = context.catalog.learned_limits().await?;
    let is_alone = ids.len() == 1;
    let is_probe = context.budget.is_in_doubt(Endpoint::Query).await;
    let mut level = deal(ids, &limits, context.settings.batch_size, is_probe, now);
    let mut sweep = Sweep {
        look: Look::default(),
        origins: vec![Origin::default(); level.len()],
        most_ids: limits.most_ids.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX).max(1)),
        calls_left: MOST_SPLIT_CALLS,
        unanswered: None,
    };
    let mut behind_probe = if is_probe { level.split_off(level.len().min(1)) } else { Vec::new() };
    while !level.is_empty() {
        let asked = level.drain(..).map(|batch| async move {
            let answer = context.dingtalk.query(&batch.ids).await;
            (batch, answer)
        });
        let answers: Vec<_> = stream::iter(asked).buffer_unordered(context.dingtalk.max_in_flight()).collect().await;
        for (batch, answer) in answers {
            match answer {
                Ok(sightings) => sweep.answered(&batch, sightings),
                Err(error) => level.extend(sweep.failed(batch, error)),
            }
        }
        level.append(&mut behind_probe);
    }
    let Sweep { mut look, origins, unanswered, .. } = sweep;
    // Where no batch is answered, it is the look that fails.
    let is_answered = is_alone || origins.iter().any(|origin| origin.longest_accepted > 0);
    look.stopped = look.stopped.or(unanswered.filter(|_| !is_answered));
    if let Some(error) = &look.stopped {
        journal::log_failure(context, Stage::Poll, "the batch query", error).await;
    }
    learn(context, &limits, &origins, now).await?;
    Ok(look)
}

/// A look under way.
struct Sweep<'a> {
    look: Look,
    origins: Vec<Origin<'a>>,
    /// The most ids that DingTalk is known to take.
    most_ids: usize,
    /// Calls that may still be spent on parts of batches.
    calls_left: usize,
    /// What came instead of an answer about a conference that stood alone.
    unanswered: Option<Error>,
}

impl<'a> Sweep<'a> {
    fn answered(&mut self, batch: &Batch<'a>, sightings: Vec<Sighting>) {
        let origin = &mut self.origins[batch.origin];
        origin.longest_accepted = origin.longest_accepted.max(batch.ids.len());
        let look = &mut self.look;
        let in_progress = sightings.into_iter().filter(|sighting| sighting.info.status == Status::InProgress);
        look.shown.extend(in_progress.map(|sighting| (sighting.conference_id, sighting.info)));
        let absent = batch.ids.iter().filter(|id| !look.shown.contains_key(**id));
        let call = || Some(journal::answered(Endpoint::Query, "not in the answer"));
        look.not_shown.extend(absent.map(|id| ((*id).to_owned(), (Hint::NotInBatch, call()))));
    }

    /// The parts that are asked about instead of a batch that failed.
    fn failed(&mut self, Batch { ids, origin }: Batch<'a>, error: Error) -> Vec<Batch<'a>> {
        let about = error.about();
        if about == About::Everybody {
            self.look.stopped.get_or_insert(error);
            return Vec::new();
        }
        if let [id] = ids.as_slice() {
            self.origins[origin].has_culprit = true;
            self.look.not_shown.insert((*id).to_owned(), (Hint::SpoilsBatch, journal::failed(&error)));
            self.unanswered = self.unanswered.take().or((about == About::Unknown).then_some(error));
            return Vec::new();
        }
        let may_be_too_long = error.class == Class::RequestWrong;
        if may_be_too_long {
            let shortest = &mut self.origins[origin].shortest_refused;
            if shortest.as_ref().is_none_or(|shortest| ids.len() < shortest.len()) {
                *shortest = Some(ids.clone());
            }
        }
        let is_too_long = may_be_too_long && ids.len() > self.most_ids;
        let length = if is_too_long { self.most_ids } else { ids.len().div_ceil(2) };
        let parts: Vec<Batch<'a>> = ids.chunks(length).map(|ids| Batch { ids: ids.to_vec(), origin }).collect();
        if parts.len() > self.calls_left {
            self.look.stopped.get_or_insert(error);
            return Vec::new();
        }
        self.calls_left -= parts.len();
        parts
    }
}

/// Deals the ids into batches, anew at each look, so that whoever stands beside a culprit today does not tomorrow. The
/// first batch tries whether more ids are taken than is known. After a pause it is one id alone: a batch would fail again
/// with the same culprit, and hold the others back again.
fn deal<'a>(
    mut ids: Vec<&'a str>,
    limits: &LearnedLimits,
    batch_size: usize,
    is_probe: bool,
    now: Timestamp,
) -> Vec<Batch<'a>> {
    ids.sort_by_cached_key(|id| SipHasher13::new().hash(&[id.as_bytes(), &now.as_millis().to_le_bytes()].concat()));
    let size = |ids: u64| usize::try_from(ids).unwrap_or(usize::MAX).clamp(1, batch_size);
    let usual = limits.most_ids.map_or(batch_size, size);
    let first = match (limits.most_ids, limits.too_many_ids) {
        _ if is_probe => 1,
        (Some(most), Some((too_many, learned_at))) if now.since(learned_at) < LEARNED_FOR => {
            size(u64::midpoint(most, too_many))
        }
        _ => batch_size,
    };
    let (first, rest) = ids.split_at(first.min(ids.len()));
    let batches = [first].into_iter().chain(rest.chunks(usual)).filter(|ids| !ids.is_empty());
    let batch = |(origin, ids): (usize, &[&'a str])| {
        let mut ids = ids.to_vec();
        // The same ids make the same question.
        ids.sort_unstable();
        Batch { ids, origin }
    };
    batches.enumerate().map(batch).collect()
}

/// Learns how many ids a batch may have: one was too long if it was refused twice, and no single id of it was.
async fn learn(
    context: &Context,
    limits: &LearnedLimits,
    origins: &[Origin<'_>],
    now: Timestamp,
) -> Result<(), catalog::Error> {
    let accepted = origins.iter().map(|origin| origin.longest_accepted).max().unwrap_or(0) as u64;
    let too_long = origins.iter().filter(|origin| !origin.has_culprit && origin.longest_accepted > 0);
    let too_long = too_long.filter_map(|origin| origin.shortest_refused.as_deref()).min_by_key(|ids| ids.len());
    let refused = match too_long {
        // An error of the moment would make each look of a day dear.
        Some(ids) if is_refused_again(context, ids).await => Some(ids.len() as u64),
        _ => None,
    };
    let is_disproved = limits.too_many_ids.is_some_and(|(too_many, _)| accepted >= too_many);
    if let Some(refused) = refused {
        context.catalog.learn_limit(Limit::TooManyIds, refused, now).await?;
    } else if is_disproved {
        context.catalog.learn_limit(Limit::TooManyIds, accepted + 1, now).await?;
    }
    // Where nothing was ever refused, there is nothing to remember.
    let is_limited = refused.is_some() || limits.too_many_ids.is_some();
    let known = limits.most_ids.unwrap_or(0);
    let is_wrong = refused.is_some_and(|refused| known >= refused);
    if is_limited && (accepted > known || is_wrong) {
        context.catalog.learn_limit(Limit::MostIds, accepted, now).await?;
    }
    Ok(())
}

async fn is_refused_again(context: &Context, ids: &[&str]) -> bool {
    matches!(context.dingtalk.query(ids).await, Err(error) if error.class == Class::RequestWrong)
}
