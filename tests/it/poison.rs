//! One id that spoils every batch query that it stands in, with any code: the others are seen all the same.

use std::collections::BTreeMap;
use std::time::Duration;

use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting};

use crate::world::{World, at, hours, meeting, minutes};

/// The most batch queries that one poll of ten ids may cost.
const MOST_QUERIES: usize = 12;

/// What a batch may be refused with, beside the codes that name a wrong id.
fn refusals() -> [Answer; 5] {
    [
        Answer::error("somethingNew"),
        Answer::error("orgAccessForbidden"),
        Answer::error("systemError"),
        Answer::Raw { status: 502, body: "<html>bad gateway</html>".to_owned() },
        Answer::Html,
    ]
}

/// Nine conferences and the poisonous one, each made by `meeting`.
fn ten(meeting: impl Fn(&str) -> Meeting) -> Vec<Meeting> {
    let ids = (0..9).map(|n| format!("c{n}"));
    ids.chain(["poison".to_owned()]).map(|id| meeting(&id)).collect()
}

fn long(id: &str) -> Meeting {
    Meeting::sample(id, at(9, 0), at(15, 0))
}

/// The batch queries of each poll. The calls of one poll are less than a minute apart.
fn queries_by_poll(world: &World) -> Vec<usize> {
    let mut polls = BTreeMap::new();
    let mut last = None;
    for (n, call) in world.calls(Endpoint::Query).into_iter().enumerate() {
        let begins = last.is_none_or(|(_, at)| call.at.since(at) > minutes(1));
        let poll = if begins { n } else { last.map_or(n, |(poll, _)| poll) };
        last = Some((poll, call.at));
        *polls.entry(poll).or_insert(0) += 1;
    }
    polls.into_values().collect()
}

#[tokio::test]
async fn nine_that_have_ended_beside_a_poisonous_id_come_to_their_end() {
    for answer in refusals() {
        let ended = |id: &str| match id {
            "c0" | "c1" | "c2" | "c3" => meeting(id).recorded(minutes(1)),
            _ => meeting(id),
        };
        let world = World::with(ten(ended)).starting(at(10, 30)).start().await;
        world.fault(Fault::new(answer.clone()).on(Endpoint::Query).conference("poison"));
        world.tick().await;
        let queries = world.calls(Endpoint::Query).len();
        assert!(queries <= MOST_QUERIES, "{queries} queries in the first poll: {answer:?}");
        let states = world.words("SELECT DISTINCT state FROM conferences").await;
        assert_eq!(states, ["ended"], "after one poll: {answer:?}");
        assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0, "{answer:?}");

        world.until(at(10 + 74, 0)).await;
        let states = "SELECT count(*) || ' ' || state FROM conferences GROUP BY state ORDER BY state";
        assert_eq!(world.words(states).await, ["4 archived", "6 unrecorded"], "{answer:?}");
        assert_eq!(world.calls(Endpoint::Query).len(), queries, "nobody is left to be queried: {answer:?}");
    }
}

#[tokio::test]
async fn an_id_that_no_call_is_answered_for_keeps_none_of_the_others_waiting() {
    for answer in refusals() {
        let world = World::with(ten(|id| meeting(id).recorded(minutes(1)))).starting(at(10, 30)).start().await;
        world.fault(Fault::new(answer.clone()).conference("poison"));
        world.until(at(12, 0)).await;
        let archived = world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await;
        assert_eq!(archived, 9, "{answer:?}");
        let queries = world.calls(Endpoint::Query).len();
        assert!(queries <= 30, "{queries} queries: {answer:?}");
    }
}

#[tokio::test]
async fn nine_in_progress_beside_a_poisonous_id_are_seen_in_the_same_poll_and_in_each_that_follows() {
    for answer in refusals() {
        let world = World::with(ten(long)).starting(at(9, 1)).start().await;
        world.fault(Fault::new(answer.clone()).on(Endpoint::Query).conference("poison"));
        world.tick().await;
        let states = world.words("SELECT DISTINCT state FROM conferences").await;
        assert_eq!(states, ["active"], "{answer:?}");
        let confirmed = world.calls(Endpoint::ConferenceInfo);
        assert!(!world.asked(Endpoint::ConferenceInfo, "poison").is_empty(), "{answer:?}");
        assert!(confirmed.len() <= 3, "{} calls of conference info: {answer:?}", confirmed.len());

        world.until(at(11, 0)).await;
        let polls = queries_by_poll(&world);
        assert!(polls.len() >= 20, "{} polls in two hours: {answer:?}", polls.len());
        assert!(polls.iter().all(|queries| *queries <= MOST_QUERIES), "{polls:?}: {answer:?}");
        assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0, "{answer:?}");
    }
}

#[tokio::test]
async fn a_batch_that_gets_no_answer_in_time_is_halved_until_the_culprit_stands_alone() {
    let world = World::with(["c0", "c1", "c2", "poison"].map(|id| meeting(id).recorded(minutes(1))))
        .config(|config| config.dingtalk.request_timeout = Duration::from_secs(2))
        .starting(at(10, 30))
        .start()
        .await;
    world.fault(Fault::new(Answer::Hang(hours(1))).on(Endpoint::Query).conference("poison").times(4));
    // A poll or two: a single time-out may as well be the network's.
    world.pass(minutes(6)).await;
    let waiting = world.number("SELECT count(*) FROM conferences WHERE state = 'waiting'").await;
    assert_eq!(waiting, 0);
    world.until(at(12, 0)).await;
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await, 4);
}

#[tokio::test]
async fn ids_are_dealt_into_batches_anew_at_each_poll() {
    let world = World::with(ten(long)).config(|config| config.poll.batch_size = 5.try_into().unwrap());
    let world = world.starting(at(9, 1)).start().await;
    world.until(at(10, 0)).await;
    let mut beside_c0: Vec<_> = world
        .asked(Endpoint::Query, "c0")
        .into_iter()
        .map(|call| {
            let mut ids = call.conference_ids;
            ids.sort();
            ids
        })
        .collect();
    let polls = beside_c0.len();
    beside_c0.sort();
    beside_c0.dedup();
    assert!(beside_c0.len() > 1, "c0 stood in the same batch in each of {polls} polls");
}

#[tokio::test]
async fn after_an_outage_the_batch_query_is_tried_with_one_id_so_that_a_poisonous_one_does_not_prolong_the_pause() {
    for answer in refusals() {
        let world = World::with(ten(long)).starting(at(9, 1)).start().await;
        world.fault(Fault::new(answer.clone()).on(Endpoint::Query).conference("poison"));
        for endpoint in [Endpoint::Query, Endpoint::ConferenceInfo] {
            world.fault(Fault::new(Answer::error("systemError")).on(endpoint).until(at(9, 30)));
        }
        world.until(at(9, 29)).await;
        assert!(world.number("SELECT count(*) FROM pauses").await > 0, "the outage is noticed: {answer:?}");
        world.until(at(12, 0)).await;
        let states = world.words("SELECT DISTINCT state FROM conferences").await;
        assert_eq!(states, ["active"], "{answer:?}");
        assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0, "{answer:?}");
    }
}
