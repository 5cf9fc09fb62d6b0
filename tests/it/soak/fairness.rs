//! What one bad conference costs any other is bounded.
//!
//! A week is run through twice, with its bad ids and without them; nothing else goes wrong. Then each good conference
//! must end in the same state with the same recordings, and:
//!
//! - It is closed at most three looks, one `collect.retry_max` and one `collect.settle` later. One look finds that the
//!   batch fails, one may be needed to split it to the end (splits are bounded), one is the look that the conference would
//!   have missed by itself. So its end is seen at most three looks later. Its list is read at intervals of at most
//!   `retry_max`: a list that was complete at one reading is read at most that much later. If that reading finds the list
//!   in another state of growth, it must settle once more.
//! - It is asked about by itself at most [`MORE_QUESTIONS`] times more: a batch that fails is no suspicion, so only the
//!   shift by three looks can add readings, and their intervals double.
//! - All calls together grow by at most so many for each bad id (see [`most_calls`]).
//!
//! A bad id whose recording can be had all the same is archived. And no list is read more than [`MOST_READINGS`] times when
//! nothing about it changes any more but fields that no page names.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use recording_archiver::config::Config;

use super::evidence::Video;
use super::plan::Plan;
use super::run::Run;
use super::unusual::BadId;
use crate::world::minutes;

const LOOK: Duration = minutes(15);
/// The longest meeting of a bad id: half an hour before the one beside it, and an hour and a half.
const LONGEST_MEETING: Duration = minutes(125);
/// How many more calls there may be about one good conference alone.
const MORE_QUESTIONS: u64 = 6;

/// How often a list is read in a row that says the same: it is read first, and again until `collect.settle` has passed.
const MOST_READINGS: u64 = 4;

/// How the week ended.
struct End {
    /// State and instant of each conference.
    closed: BTreeMap<String, (String, Option<i64>)>,
    recordings: BTreeSet<Video>,
    calls_about: BTreeMap<String, u64>,
    calls: u64,
}

/// The most that bad ids cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    /// How much later a good conference was closed.
    pub(crate) delay: Duration,
    /// How many calls more there were for each bad id.
    pub(crate) calls: u64,
}

/// Runs through both weeks of `seed`, and holds one against the other.
pub(crate) async fn is_bounded(seed: u64) -> Cost {
    let (with, bad_ids) = Plan::of_pair(seed, true);
    let (without, _) = Plan::of_pair(seed, false);
    let config = with.config.clone();
    let names: Vec<&str> = bad_ids.iter().map(|bad| bad.kind).collect();
    let (with, without) = (Box::pin(end_of(&with)).await, Box::pin(end_of(&without)).await);

    let mut most = Cost::default();
    let allowed = LOOK * 3 + config.collect.retry_max + config.collect.settle;
    for (id, (state, closed_at)) in &without.closed {
        let (state_with, closed_at_with) = &with.closed[id];
        assert_eq!(state_with, state, "beside {names:?}, {id} ends in another state");
        let later = closed_at_with.unwrap().saturating_sub(closed_at.unwrap());
        let later = Duration::from_millis(u64::try_from(later).unwrap_or(0));
        assert!(later <= allowed, "beside {names:?}, {id} is closed {later:?} later, {allowed:?} are allowed");
        most.delay = most.delay.max(later);
        let questions = |end: &End| end.calls_about.get(id).copied().unwrap_or(0);
        let more = questions(&with).saturating_sub(questions(&without));
        assert!(more <= MORE_QUESTIONS, "beside {names:?}, {id} is asked about {more} times more");
    }
    let missed: Vec<&Video> = without.recordings.difference(&with.recordings).collect();
    assert!(missed.is_empty(), "beside {names:?}, these are missed: {missed:?}");
    for BadId { conference_id, .. } in bad_ids.iter().filter(|bad| bad.is_archivable) {
        assert_eq!(with.closed[conference_id].0, "archived", "{conference_id}");
    }
    let bad = u64::try_from(bad_ids.len()).unwrap();
    let good = u64::try_from(without.closed.len()).unwrap();
    let more = with.calls.saturating_sub(without.calls);
    let allowed = bad * most_calls(&config) + good * MORE_QUESTIONS;
    assert!(more <= allowed, "{names:?} cost {more} calls, {allowed} are allowed");
    most.calls = more.div_ceil(bad);
    most
}

/// The most calls that one bad id costs: each look while its meeting lasts, then one question after another, whose
/// intervals double until they are `collect.retry_max`, until `collect.give_up_after`; each of them asked as two people,
/// or alone and in a batch. And four times it makes a full batch fail, which is split in halves until the id stands alone.
fn most_calls(config: &Config) -> u64 {
    let whole = |time: Duration, part: Duration| time.as_millis().div_ceil(part.as_millis());
    let looks = whole(LONGEST_MEETING, LOOK) + 3;
    let doublings = 12;
    let questions = doublings + whole(config.collect.give_up_after, config.collect.retry_max);
    let split = 2 * u64::from(config.poll.batch_size.ilog2() + 1);
    2 * u64::try_from(looks + questions).unwrap() + 4 * split
}

async fn end_of(plan: &Plan) -> End {
    let mut run = Run::begin(plan).await;
    run.through(plan).await;
    let closed: Vec<(String, String, Option<i64>)> =
        sqlx::query_as("SELECT conference_id, state, closed_at FROM conferences").fetch_all(&run.sqlite).await.unwrap();
    let open = closed.iter().filter(|(.., closed_at)| closed_at.is_none());
    let open: Vec<_> = open.map(|(id, state, _)| (id, state)).collect();
    assert!(open.is_empty(), "still open: {open:?}");
    let recordings: Vec<Video> =
        sqlx::query_as("SELECT conference_id, media_id FROM recordings").fetch_all(&run.sqlite).await.unwrap();
    let evidence = &run.shared.lock().unwrap().evidence;
    for (id, times) in &evidence.same_list {
        assert!(*times <= MOST_READINGS, "the list of {id} is read {times} times and says the same");
    }
    End {
        closed: closed.into_iter().map(|(id, state, closed_at)| (id, (state, closed_at))).collect(),
        recordings: recordings.into_iter().collect(),
        calls_about: evidence.calls_about.clone().into_iter().collect(),
        calls: evidence.metered,
    }
}
