//! A conference's list of recordings: when it has settled, and what each change of it leaves in the catalog.

use std::time::Duration;

use recording_archiver::simulator::{Endpoint, Meeting};

use crate::world::{World, at, hours, meeting, minutes};

/// The end of the wait for the recordings of [`meeting`], and some minutes more.
const WAIT_OVER: u64 = 10 + 73;

#[tokio::test]
async fn a_list_is_archived_when_two_readings_half_an_hour_apart_agree() {
    let world = World::with([meeting("a").recorded(minutes(1))]).start().await;
    world.until(at(10, 31)).await;
    assert_eq!(world.state("a").await, "ended");
    let first_seen_at = world.recordings("a").await[0].first_seen_at;
    world.until(at(11, 0)).await;
    let row = world.conference("a").await;
    assert_eq!(row.state, "archived");
    assert!(row.closed_at.unwrap() >= first_seen_at + 30 * 60_000);
    assert_eq!(world.calls(Endpoint::GetVideos).len(), 2);
}

#[tokio::test]
async fn without_a_settling_time_the_first_list_is_enough() {
    let world = World::with([meeting("a").recorded(minutes(1))])
        .config(|config| config.collect.settle = Duration::ZERO)
        .start()
        .await;
    world.until(at(10, 30)).await;
    assert_eq!(world.state("a").await, "archived");
    assert_eq!(world.calls(Endpoint::GetVideos).len(), 1);
}

#[tokio::test]
async fn a_list_that_still_grows_is_archived_when_the_wait_is_over() {
    let growing = (0..10).fold(meeting("a"), |meeting, part| meeting.recorded(minutes(1 + 25 * part)));
    let world = World::with([growing]).config(|config| config.collect.give_up_after = hours(3)).start().await;
    world.until(at(12, 55)).await;
    assert_eq!(world.state("a").await, "ended");
    world.until(at(13, 30)).await;
    assert_eq!(world.state("a").await, "archived");
    let listed = world.simulator.with_organisation(|o| o.listed_recordings("a", at(13, 0)).len());
    assert_eq!(world.recordings("a").await.len(), listed);
}

#[tokio::test]
async fn three_videos_under_one_record_id_are_three_rows() {
    let world =
        World::with([meeting("a").recorded(minutes(1)).recorded(minutes(2)).recorded(minutes(3))]).start().await;
    world.until(at(12, 0)).await;
    let rows = world.recordings("a").await;
    let ids: Vec<_> = rows.iter().map(|row| (row.media_id.as_str(), row.record_id.as_deref())).collect();
    let shared = Some("record-a");
    assert_eq!(ids, [("media-a-0", shared), ("media-a-1", shared), ("media-a-2", shared)]);
}

#[tokio::test]
async fn one_media_id_in_two_conferences_is_two_rows() {
    let world = World::with([meeting("a").recorded(minutes(1)), meeting("b").recorded(minutes(1))])
        .starting(at(9, 1))
        .start()
        .await;
    world.change("b", |meeting| meeting.recordings[0].media_id = "media-a-0".to_owned());
    world.until(at(12, 0)).await;
    assert_eq!((world.recordings("a").await.len(), world.recordings("b").await.len()), (1, 1));
    assert_eq!(world.number("SELECT count(*) FROM recording_revisions").await, 0);
}

#[tokio::test]
async fn a_reading_that_shows_the_same_writes_nothing_to_the_recordings() {
    let world = World::with([meeting("a").recorded(minutes(1))]).start().await;
    world.until(at(10, 30)).await;
    let before = world.recordings("a").await;
    world.count_writes().await;
    world.until(at(WAIT_OVER, 0)).await;
    assert_eq!(world.calls(Endpoint::GetVideos).len(), 3, "seen, settled, and the last look");
    assert_eq!(world.recordings("a").await, before);
    let writes = world.writes().await;
    assert!(writes.iter().all(|row| row == "conference a"), "{writes:?}");
}

#[tokio::test]
async fn what_a_recording_said_before_it_changed_is_kept() {
    let world = World::with([meeting("a").recorded(minutes(1))]).start().await;
    world.until(at(10, 30)).await;
    let before = world.recordings("a").await.remove(0);
    world.change("a", |meeting| meeting.recordings[0].file_size += 1);
    world.until(at(12, 0)).await;
    let after = world.recordings("a").await.remove(0);
    assert_eq!(after.file_size, before.file_size.map(|size| size + 1));
    assert!(after.last_changed_at > before.last_changed_at && after.first_seen_at == before.first_seen_at);
    let revisions = world.catalog.list_revisions("a", "media-a-0").await.unwrap();
    assert_eq!(revisions.len(), 1);
    assert_eq!((revisions[0].file_size, &revisions[0].raw), (before.file_size, &before.raw));
    assert_eq!(revisions[0].replaced_at, after.last_changed_at);
    assert_eq!(world.state("a").await, "archived");
}

#[tokio::test]
async fn a_change_begins_the_settling_anew() {
    let world = World::with([meeting("a").recorded(minutes(1)).recorded(minutes(30))]).start().await;
    world.until(at(10, 45)).await;
    assert_eq!((world.state("a").await.as_str(), world.recordings("a").await.len()), ("ended", 2));
    world.until(at(12, 0)).await;
    let changed_at = world.recordings("a").await[1].last_changed_at;
    let closed_at = world.conference("a").await.closed_at.unwrap();
    assert!(closed_at >= changed_at + 30 * 60_000);
}

#[tokio::test]
async fn a_composed_file_that_joins_hours_after_archiving_is_catalogued_by_the_last_look() {
    let world = World::with([meeting("a").recorded(minutes(1)).composed(hours(20))]).start().await;
    world.until(at(12, 0)).await;
    let archived = world.conference("a").await;
    assert_eq!((archived.state.as_str(), world.recordings("a").await.len()), ("archived", 1));
    world.until(at(WAIT_OVER, 0)).await;
    let rows = world.recordings("a").await;
    assert_eq!((rows.len(), rows[1].record_type), (2, Some(1)));
    let row = world.conference("a").await;
    assert_eq!((row.state, row.closed_at), (archived.state, archived.closed_at));
    assert_eq!(world.calls(Endpoint::GetVideos).len(), 3);
}

#[tokio::test]
async fn a_recording_that_vanishes_is_marked_and_one_that_returns_is_not_missing_any_more() {
    let world = World::with([meeting("a").recorded(minutes(1)).recorded(minutes(1))]).start().await;
    world.until(at(10, 30)).await;
    world.change("a", |meeting| meeting.recordings[0].listed_until = Some(at(10, 30)));
    world.until(at(10, 45)).await;
    let rows = world.recordings("a").await;
    assert_eq!(rows.len(), 2, "a recording that was seen once is never deleted");
    assert!(rows[0].missing_since.is_some() && rows[1].missing_since.is_none());
    assert_eq!(world.state("a").await, "ended", "a list that shrinks has changed");

    world.change("a", |meeting| meeting.recordings[0].listed_until = None);
    world.until(at(WAIT_OVER, 0)).await;
    let rows = world.recordings("a").await;
    assert!(rows.iter().all(|row| row.missing_since.is_none()));
    let said: Vec<bool> = world
        .catalog
        .list_revisions("a", "media-a-0")
        .await
        .unwrap()
        .iter()
        .map(|revision| revision.missing_since.is_some())
        .collect();
    assert_eq!(said, [true, false], "newest first: it was missing, and before that it was not");
}

#[tokio::test]
async fn recordings_that_all_vanish_before_the_wait_is_over_leave_the_conference_archived() {
    let world = World::with([meeting("a").recorded(minutes(1)).unlisted(minutes(15))]).start().await;
    world.until(at(WAIT_OVER, 0)).await;
    assert_eq!(world.state("a").await, "archived");
    let rows = world.recordings("a").await;
    assert_eq!(rows.len(), 1);
    assert!(rows[0].missing_since.is_some());
}

#[tokio::test]
async fn a_conference_long_over_when_it_becomes_known_is_finished_with_one_reading() {
    let long_ago = |id: &str| Meeting::sample(id, at(9, 0), at(10, 0));
    let world = World::with([long_ago("recorded").recorded(hours(1)), long_ago("unrecorded")])
        .starting(at(24 * 10, 0))
        .start()
        .await;
    world.pass(hours(2)).await;
    assert_eq!([world.state("recorded").await, world.state("unrecorded").await], ["archived", "unrecorded"]);
    assert_eq!(world.asked(Endpoint::GetVideos, "unrecorded").len(), 1);
    assert_eq!(world.recordings("recorded").await.len(), 1);
}
