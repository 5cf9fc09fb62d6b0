//! An answer without its list, or with null for it, is an empty list: DingTalk leaves empty fields out.

use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting};

use crate::world::{World, at, meeting, minutes};

/// No call was taken for somebody else's answer, and nothing is paused.
async fn all_is_well(world: &World, body: &str) {
    assert_eq!(world.words("SELECT DISTINCT outcome FROM api_calls WHERE calls > 0").await, ["ok"], "{body}");
    assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0, "{body}");
}

fn answers(world: &World, endpoint: Endpoint, body: &str) {
    world.fault(Fault::new(Answer::Raw { status: 200, body: body.to_owned() }).on(endpoint));
}

#[tokio::test]
async fn an_answer_without_a_video_list_shows_no_recording() {
    for body in ["{}", r#"{"videoList":null}"#, r#"{"requestId":"1"}"#] {
        let world = World::with([meeting("a")]).start().await;
        answers(&world, Endpoint::GetVideos, body);
        world.until(at(10 + 70, 0)).await;
        assert_eq!(world.state("a").await, "ended", "{body}");
        world.until(at(10 + 73, 0)).await;
        assert_eq!(world.state("a").await, "unrecorded", "{body}");
        all_is_well(&world, body).await;
    }
}

#[tokio::test]
async fn an_answer_without_infos_shows_no_conference() {
    for body in ["{}", r#"{"infos":null}"#] {
        let meetings = [meeting("a").recorded(minutes(1)), Meeting::sample("long", at(9, 0), at(24, 0))];
        let world = World::with(meetings).starting(at(9, 1)).start().await;
        answers(&world, Endpoint::Query, body);
        world.tick().await;
        let states = world.words("SELECT DISTINCT state FROM conferences").await;
        assert_eq!(states, ["active"], "conference info says so: {body}");
        world.until(at(13, 0)).await;
        assert_eq!([world.state("a").await, world.state("long").await], ["archived", "active"], "{body}");
        all_is_well(&world, body).await;
    }
}

#[tokio::test]
async fn an_answer_without_a_list_of_ongoing_conferences_shows_none() {
    for body in ["{}", r#"{"onGoingConfList":null,"hasMore":false}"#] {
        let world = World::with([meeting("a").recorded(minutes(1))]).listing().start().await;
        answers(&world, Endpoint::OrgConferences, body);
        world.until(at(12, 0)).await;
        assert_eq!(world.number("SELECT count(*) FROM conferences").await, 0, "{body}");
        assert!(world.calls(Endpoint::OrgConferences).len() > 10, "{body}");
        all_is_well(&world, body).await;
    }
}

#[tokio::test]
async fn an_object_with_other_fields_only_is_somebody_elses_answer() {
    let world = World::with([meeting("a").recorded(minutes(1))]).start().await;
    let portal = r#"{"login":"required","portal":"hotel"}"#;
    world.fault(Fault::new(Answer::Raw { status: 200, body: portal.to_owned() }).on(Endpoint::GetVideos).times(3));
    world.until(at(12, 0)).await;
    assert_eq!(world.number("SELECT sum(calls) FROM api_calls WHERE outcome = 'foreign'").await, 3);
    assert_eq!(world.recordings("a").await.len(), 1, "and hides nothing");
}
