//! The journal: the whole story of a conference, as `conferences explain` tells it.

use recording_archiver::simulator::{Answer, Behaviour, Endpoint, Fault, OutsideBatch};

use crate::world::{World, at, hours, meeting, minutes};

/// The story of `id`, a line an event: what happened, with which outcome, and the state from then on.
async fn story(world: &World, id: &str) -> Vec<String> {
    let events = world.catalog.events(id).await.unwrap();
    let line = |event: &recording_archiver::catalog::journal::EventRow| match (&event.endpoint, &event.outcome) {
        (Some(endpoint), Some(outcome)) => format!("{endpoint}: {outcome}"),
        _ => format!("{} -> {}: {}", event.event, event.state, event.reason),
    };
    events.iter().map(line).collect()
}

#[tokio::test]
async fn the_story_of_a_recorded_meeting_has_every_call_and_every_reason() {
    let world = World::with([meeting("a").recorded(minutes(10))]).start().await;
    world.until(at(96, 0)).await;
    let story = story(&world, "a").await;
    assert_eq!(
        story,
        [
            "found -> waiting: watch.conferences names it",
            "query: ok",
            "get: ok",
            "decided -> waiting: the batch query does not show it; it has not started",
            "query: ok",
            "decided -> active: it is in progress",
            "query: ok",
            "get: ok",
            "decided -> ended: the batch query does not show it; its end is confirmed, and its recordings are awaited",
            "getVideos: cloudRecordNotFound",
            "decided -> ended: no recording is listed; it is read again; waited 2m of 3days",
            "getVideos: ok",
            "decided -> ended: the list changed: 1 new, 0 changed, 0 gone; it is read again; waited 7m of 3days",
            "getVideos: ok",
            "decided -> archived: the list is the same as before; it has settled, and is looked at once more when the \
             wait would be over",
            "getVideos: ok",
            "decided -> archived: the list is the same as before; this was the last look",
        ]
    );
    let told = |endpoint: &str| story.iter().filter(|line| line.starts_with(&format!("{endpoint}:"))).count();
    let made = |endpoint| world.simulator.calls().iter().filter(|call| call.endpoint == endpoint).count();
    assert_eq!((told("get"), told("getVideos")), (made(Endpoint::ConferenceInfo), made(Endpoint::GetVideos)));
}

#[tokio::test]
async fn a_refusal_is_told_with_whom_it_met_and_an_error_with_its_words() {
    let world = World::with([meeting("a").recorded(minutes(0)).refuses("WFBkgxxxstranger")])
        .behaviour(Behaviour { outside_batch: OutsideBatch::ResourceClose, ..Behaviour::default() })
        .watching("a", Some("WFBkgxxxstranger"))
        .start()
        .await;
    world.simulator.faults().push(Fault::new(Answer::error("systemError")).on(Endpoint::GetVideos).times(2));
    world.until(at(11, 0)).await;
    let story = story(&world, "a").await.join("\n");
    for line in [
        "query: resourceClose",
        "a batch query with it was refused; its end is confirmed",
        "getVideos: systemError",
        "getVideos: permissionError",
        "nothing was found out: systemError",
    ] {
        assert!(story.contains(line), "{line:?} is missing in:\n{story}");
    }
}

#[tokio::test]
async fn a_call_that_met_everybodys_trouble_is_in_the_story_and_decided_nothing() {
    let world = World::with([meeting("a").recorded(minutes(0))]).start().await;
    world.simulator.faults().push(Fault::new(Answer::quota_spent()).on(Endpoint::GetVideos).times(1));
    world.until(at(12, 0)).await;
    let events = world.catalog.events("a").await.unwrap();
    let spent =
        events.iter().position(|event| event.outcome.as_deref().is_some_and(|code| code.contains("ApiCountLimit")));
    let spent = spent.expect("the refused call is in the story");
    assert_eq!(events[spent].state, "ended");
    assert_eq!(events.get(spent + 1).map(|event| event.event.as_str()), None, "{events:?}");
}

#[tokio::test]
async fn the_words_of_an_operator_are_in_the_story() {
    let world = World::with([meeting("a")]).start().await;
    world.until(at(24 * 5, 0)).await;
    assert_eq!(world.state("a").await, "unrecorded");
    world.catalog.retry(&["a".to_owned()], world.now()).await.unwrap();
    let story = story(&world, "a").await;
    assert_eq!(story.last().unwrap(), "operator -> ended: its list is to be read anew");
    assert!(story.iter().any(|line| line.contains("the wait is over, and nothing was recorded")), "{story:#?}");
}

#[tokio::test]
async fn the_journal_is_kept_for_as_long_as_is_configured() {
    let world = World::with([meeting("a").recorded(minutes(0))])
        .config(|config| config.catalog.keep_events = hours(24 * 7))
        .start()
        .await;
    world.until(at(24 * 5, 0)).await;
    assert!(world.number("SELECT count(*) FROM conference_events").await > 5);
    world.until(at(24 * 14, 0)).await;
    assert_eq!(world.number("SELECT count(*) FROM conference_events").await, 0);
    assert_eq!(world.number("SELECT count(*) FROM recordings").await, 1, "the recordings stay");
}
