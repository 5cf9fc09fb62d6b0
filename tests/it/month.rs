//! A whole month of an organisation, held against the truth.

use std::collections::{BTreeMap, HashSet};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures_util::{StreamExt, TryStreamExt};
use recording_archiver::catalog::lists::{ConferenceFilter, RecordingFilter, RecordingRow};
use recording_archiver::catalog::register::Registration;
use recording_archiver::domain::clock::Timestamp;
use recording_archiver::domain::conference::DiscoveredBy;
use recording_archiver::simulator::{Behaviour, Organisation, Plan, Recording};

use crate::world::{MIDNIGHT, World, hours, minutes};

/// A free organisation's calls a month.
const SHARE: u64 = 5_000;

/// So many working days of so many meetings; two thirds of them are registered, the others must be found.
async fn days(seed: u64, days: usize, meetings: usize, share: u64) -> World {
    let plan = Plan { seed, meetings, days, first_day: MIDNIGHT };
    World::of(Organisation::generate(&plan))
        .listing()
        .behaviour(Behaviour::drawn(seed))
        .config(|config| config.quota.calls_per_month = share)
        .starting(MIDNIGHT)
        .start()
        .await
}

/// Twenty working days of two hundred meetings, on a free organisation's calls.
async fn month(seed: u64) -> World {
    days(seed, 20, 200, SHARE).await
}

/// Registers meetings as they are created, and does what is due in between; `interrupt` may do its worst before each.
async fn live_through(world: &mut World, mut interrupt: impl AsyncFnMut(&mut World)) {
    let (mut registrations, last_end) = world.simulator.with_organisation(|organisation| {
        let registered = organisation.registered();
        let registrations: Vec<(Timestamp, String)> =
            registered.map(|meeting| (meeting.registered_at, meeting.conference_id.clone())).collect();
        (registrations, organisation.meetings().map(|meeting| meeting.ends_at).max().unwrap())
    });
    registrations.sort();
    for (registered_at, conference_id) in registrations {
        world.until(registered_at).await;
        interrupt(world).await;
        let registration = Registration { conference_id, union_id: None };
        world.catalog.register(&[registration], DiscoveredBy::Cli, world.now()).await.unwrap();
    }
    world.until(last_end + hours(24 * 5)).await;
}

/// Asserts that the catalog says what is true, all of it, and nothing else.
async fn says_the_truth(world: &World, seed: u64) {
    let listed = world.simulator.seen_in_listing();
    let (known, truth) = world.simulator.with_organisation(|organisation| {
        let known: HashSet<String> = organisation
            .meetings()
            .filter(|meeting| meeting.registered || listed.contains(&meeting.conference_id))
            .map(|meeting| meeting.conference_id.clone())
            .collect();
        let truth: BTreeMap<(String, String), Recording> = organisation
            .ever_listed()
            .filter(|(meeting, _)| known.contains(&meeting.conference_id))
            .map(|(meeting, video)| ((meeting.conference_id.clone(), video.media_id.clone()), video.clone()))
            .collect();
        (known, truth)
    });
    let rows = world.catalog.list_recordings(&RecordingFilter::default(), None, false);
    let rows: Vec<_> = rows.map(|row| row?.row()).try_collect().await.unwrap();
    let catalogued = rows.len();
    let rows: BTreeMap<(String, String), RecordingRow> =
        rows.into_iter().map(|row| ((row.conference_id.clone(), row.media_id.clone()), row)).collect();
    assert_eq!(rows.len(), catalogued, "seed {seed}: each recording is there once");
    assert!(rows.keys().eq(truth.keys()), "seed {seed}: {catalogued} recordings, {} are true", truth.len());
    for (key, row) in &rows {
        says(row, &truth[key], world.now(), seed);
    }

    let recorded: HashSet<&str> = truth.keys().map(|(conference_id, _)| conference_id.as_str()).collect();
    let conferences = world.catalog.list_conferences(ConferenceFilter::All, None);
    let conferences: Vec<_> = conferences.map(|row| row?.row()).try_collect().await.unwrap();
    let catalogued: HashSet<String> = conferences.iter().map(|row| row.conference_id.clone()).collect();
    assert_eq!(catalogued, known, "seed {seed}");
    for row in conferences {
        let expected = if recorded.contains(row.conference_id.as_str()) { "archived" } else { "unrecorded" };
        assert_eq!(row.state, expected, "seed {seed}: {row:?}");
        assert_eq!(row.next_attempt_at, None, "seed {seed}: {row:?}");
    }
}

fn says(row: &RecordingRow, video: &Recording, now: Timestamp, seed: u64) {
    let is_gone = video.listed_until.is_some_and(|until| until <= now);
    let said = (&row.record_id, &row.recorder_union_id, &row.region_id);
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(said, (&text(&video.record_id), &text(&video.union_id), &text(&video.region_id)), "seed {seed}");
    let said = (row.record_type, row.started_at, row.ended_at, row.duration_ms, row.file_size);
    let (start, end) = (video.starts_at.as_millis(), video.ends_at.as_millis());
    let truth = (Some(video.record_type), Some(start), Some(end), Some(video.duration_ms), Some(video.file_size));
    assert_eq!(said, truth, "seed {seed}: {row:?}");
    assert_eq!(row.missing_since.is_some(), is_gone, "seed {seed}: {row:?}");
    assert!(row.first_seen_at >= video.listed_from.as_millis(), "seed {seed}: {row:?}");
}

async fn spent_within_the_share(world: &World, seed: u64) {
    let metered = world.simulator.metered_calls();
    assert!(metered <= SHARE, "seed {seed}: {metered} calls");
    assert!(world.ledger().await >= metered, "seed {seed}: the ledger is below the truth");
    let refused: Vec<_> = world.simulator.calls().into_iter().filter_map(|call| call.code).collect();
    assert!(!refused.iter().any(|code| code.starts_with("Forbidden")), "seed {seed}: asked too fast");
}

async fn is_archived_to_the_last_recording(seed: u64) {
    let mut world = month(seed).await;
    live_through(&mut world, async |_| {}).await;
    says_the_truth(&world, seed).await;
    spent_within_the_share(&world, seed).await;
    assert_eq!(world.ledger().await, world.simulator.metered_calls(), "seed {seed}: to the call");
}

// A test a seed, so that they run side by side.

#[tokio::test]
async fn a_month_is_archived_to_the_last_recording_on_a_free_organisations_calls() {
    is_archived_to_the_last_recording(1).await;
}

#[tokio::test]
async fn a_second_month_is_archived_to_the_last_recording() {
    is_archived_to_the_last_recording(2).await;
}

#[tokio::test]
async fn a_day_is_archived_to_the_last_recording_whatever_dingtalk_is_like() {
    for seed in 10..18 {
        let mut world = days(seed, 1, 40, 0).await;
        live_through(&mut world, async |_| {}).await;
        says_the_truth(&world, seed).await;
    }
}

/// Begins `pass` and drops it after so many polls, unless it is done by then.
async fn some_of(pass: impl Future, mut polls: u32) {
    let mut pass = pin!(pass);
    poll_fn(|context| match (polls.checked_sub(1), pass.as_mut()) {
        (None, _) => Poll::Ready(()),
        (Some(left), pass) => {
            polls = left;
            pass.poll(context).map(drop)
        }
    })
    .await;
}

#[tokio::test]
async fn a_daemon_killed_hundreds_of_times_at_any_step_loses_nothing() {
    let seed = 5;
    let mut world = month(seed).await;
    let mut kills = 0_u32;
    live_through(&mut world, async |world| {
        for polls in [kills % 41, kills % 7 + 1, kills % 113] {
            world.clock.advance_to(world.now() + minutes(3));
            some_of(world.archive.tick(world.now()), polls).await;
            world.restart().await;
            kills += 1;
        }
    })
    .await;
    assert!(kills > 300);
    says_the_truth(&world, seed).await;
    spent_within_the_share(&world, seed).await;
}
