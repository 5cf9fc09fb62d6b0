//! Lists of videos that are not what they should be.

use recording_archiver::simulator::{Answer, Endpoint, Fault};
use serde_json::{Value, json};

use crate::world::{World, at, meeting, minutes};

fn list(videos: &Value) -> Answer {
    Answer::Raw { status: 200, body: json!({ "videoList": videos }).to_string() }
}

#[tokio::test]
async fn a_video_without_a_media_id_stays_out_and_keeps_the_conference_open() {
    let nameless = list(&json!([{ "mediaId": "m", "duration": 1 }, { "recordId": "r" }, { "mediaId": "" }]));
    let world =
        World::with([meeting("a")]).config(|config| config.collect.give_up_after = minutes(60 * 12)).start().await;
    world.fault(Fault::new(nameless).on(Endpoint::GetVideos));
    world.until(at(21, 0)).await;
    assert_eq!(world.state("a").await, "ended", "a list that is not whole has not settled");
    assert_eq!(world.recordings("a").await.len(), 1);
    world.until(at(23, 0)).await;
    assert_eq!(world.state("a").await, "archived", "what was seen by the deadline is archived");
    assert_eq!(world.recordings("a").await.len(), 1);
}

#[tokio::test]
async fn a_media_id_that_comes_late_is_catalogued() {
    let world = World::with([meeting("a").recorded(minutes(1))]).start().await;
    let nameless = list(&json!([{ "recordId": "record-a" }]));
    world.fault(Fault::new(nameless).on(Endpoint::GetVideos).until(at(13, 0)));
    world.until(at(20, 0)).await;
    assert_eq!(world.state("a").await, "archived");
    assert_eq!(world.recordings("a").await.len(), 1);
}

#[tokio::test]
async fn a_list_that_becomes_whole_has_half_an_hour_to_settle_like_any_other() {
    let world = World::with([meeting("a").recorded(minutes(1))]).starting(at(9, 1)).start().await;
    let video = |other: Value| list(&json!([{ "mediaId": "m", "duration": 1 }, other]));
    world.fault(Fault::new(video(json!({}))).on(Endpoint::GetVideos).until(at(10, 10)));
    world.fault(Fault::new(video(json!({ "mediaId": "m", "duration": 1 }))).on(Endpoint::GetVideos));
    world.until(at(10, 30)).await;
    assert!(
        world.calls(Endpoint::GetVideos).iter().filter(|call| call.at >= at(10, 10)).count() > 0,
        "read again since"
    );
    assert_eq!(world.state("a").await, "ended", "two equal readings, but minutes apart");
    world.until(at(11, 0)).await;
    assert_eq!(world.state("a").await, "archived");
}

#[tokio::test]
async fn videos_that_never_bear_a_media_id_need_a_person() {
    let world = World::with([meeting("a")]).start().await;
    world.fault(Fault::new(list(&json!([{ "recordId": "r" }]))).on(Endpoint::GetVideos));
    world.until(at(10 + 73, 0)).await;
    let row = world.conference("a").await;
    assert_eq!((row.state.as_str(), row.last_error_code.as_deref()), ("failed", Some("mediaIdMissing")));
}

#[tokio::test]
async fn a_media_id_that_is_listed_twice_is_one_row_and_no_revision() {
    let twice = json!([{ "mediaId": "m", "duration": 1 }, { "mediaId": "m", "duration": 2 }]);
    let world = World::with([meeting("a")]).start().await;
    world.fault(Fault::new(list(&twice)).on(Endpoint::GetVideos));
    world.until(at(12, 0)).await;
    let rows = world.recordings("a").await;
    assert_eq!((rows.len(), rows[0].duration_ms), (1, Some(2)));
    assert_eq!(world.number("SELECT count(*) FROM recording_revisions").await, 0);
    assert_eq!(world.state("a").await, "archived");
}

#[tokio::test]
async fn that_the_meeting_is_over_says_nothing_about_its_recordings() {
    let world = World::with([meeting("a").recorded(minutes(1)), meeting("b")]).start().await;
    world.until(at(10, 30)).await;
    assert_eq!(world.recordings("a").await.len(), 1);
    world.fault(Fault::new(Answer::error("resourceClose")).on(Endpoint::GetVideos));
    world.until(at(10 + 73, 0)).await;
    assert_eq!(world.state("a").await, "archived");
    assert_eq!(world.recordings("a").await[0].missing_since, None, "nobody has said that it is gone");
    let row = world.conference("b").await;
    assert_eq!((row.state.as_str(), row.last_error_code.as_deref()), ("failed", Some("resourceClose")));
}

#[tokio::test]
async fn an_answer_that_is_not_dingtalks_marks_nothing_missing() {
    let world = World::with([meeting("a").recorded(minutes(1))]).start().await;
    world.until(at(10, 30)).await;
    for answer in [
        Answer::Html,
        Answer::Truncated,
        Answer::Cut,
        Answer::Reset,
        Answer::Raw { status: 200, body: r#"{"videos":[]}"#.to_owned() },
        Answer::Raw { status: 200, body: "[]".to_owned() },
        Answer::Raw { status: 200, body: String::new() },
        Answer::Raw { status: 502, body: "<html>Bad Gateway</html>".to_owned() },
    ] {
        world.fault(Fault::new(answer).on(Endpoint::GetVideos).times(1));
    }
    world.until(at(10 + 60, 0)).await;
    assert!(world.simulator.faults().pending().is_empty());
    assert_eq!(world.recordings("a").await[0].missing_since, None);
    assert_eq!(world.number("SELECT count(*) FROM recording_revisions").await, 0);
    assert_eq!(world.state("a").await, "archived");
}
