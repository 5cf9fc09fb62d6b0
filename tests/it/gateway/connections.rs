//! Connections: shared, silent, told to leave, reset; and what is said over them beside events.

use super::*;

#[tokio::test]
async fn two_connections_share_the_events() {
    let far = Far::of(busy_day(), plain()).await;
    let (one, other) = (far.connect(Says::Success).await, far.connect(Says::Success).await);
    far.until(at(23, 0)).await;
    let (ones, others) = (one.events(), other.events());
    assert!(ones.len() > 60 && others.len() > 60, "{} and {}", ones.len(), others.len());
    assert_eq!(ones.len() + others.len(), far.stream.events().len());
    assert!(ones.iter().all(|event| !others.contains(event) || event.0 == "video_generated"));
}

#[tokio::test]
async fn a_silent_connection_stays_open_and_nothing_comes_over_it() {
    let far = Far::with([meeting("m"), Meeting::sample("later", at(11, 0), at(12, 0))], plain()).await;
    let client = far.connect(Says::Success).await;
    far.stream.set_silent(true);
    far.until(at(10, 30)).await;
    assert!(client.frames().is_empty() && !client.reading.is_finished());
    // DingTalk went on sending, three times each.
    assert_eq!((far.event("m", 1).pushes.len(), far.stream.pushes_in_month(at(9, 0))), (3, 6));
    far.stream.set_silent(false);
    far.until(at(13, 0)).await;
    assert_eq!(client.events().iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>(), ["later", "later"]);
}

#[tokio::test]
async fn a_connection_that_falls_silent_does_not_silence_the_next_one() {
    let far = Far::with([meeting("m")], plain()).await;
    let dead = far.connect(Says::Success).await;
    far.stream.fall_silent();
    dead.reading.abort();
    let alive = far.connect(Says::Success).await;
    far.stream.push(made(1, far.clock.now()));
    far.until(at(8, 59) + minutes(1)).await;
    let connections: Vec<u64> = far.stream.events()[0].pushes.iter().map(|push| push.connection).collect();
    assert_eq!(alive.frames().iter().filter(|frame| frame["headers"]["eventId"] == "made-1").count(), 1);
    assert_eq!(connections.last(), Some(&2));
}

#[tokio::test]
async fn a_connection_that_is_told_to_leave_gets_nothing_more_and_is_closed_ten_seconds_later() {
    let far = Far::with([meeting("m")], plain()).await;
    let old = far.connect(Says::Success).await;
    far.clock.advance_to(at(9, 0) - Duration::from_secs(5));
    far.stream.disconnect_all();
    let new = far.connect(Says::Success).await;
    far.until(at(9, 0)).await;
    assert_eq!((new.events().len(), far.stream.open_connections()), (1, 2));
    far.until(at(9, 1)).await;
    assert!(old.reading.await.unwrap());
    let frames = old.frames.lock().unwrap().clone();
    assert_eq!(frames.len(), 1);
    assert_eq!((&frames[0]["type"], &frames[0]["headers"]["topic"]), (&json!("SYSTEM"), &json!("disconnect")));
    assert_eq!([&frames[0]["specVersion"], &frames[0]["headers"]["messageId"]], [&Value::Null, &Value::Null]);
    assert_eq!(far.stream.connections()[0].closed_at, Some(at(9, 0) + Duration::from_secs(5)));
    assert!(far.stream.connected(1).await);
}

#[tokio::test]
async fn a_connection_is_told_to_leave_when_its_life_is_over() {
    let behaviour =
        StreamBehaviour { connection_life: Some(hours(6)), system_frames: SystemFrames::Complete, ..plain() };
    let far = Far::with([], behaviour).await;
    let client = far.connect(Says::Success).await;
    far.until(at(15, 30)).await;
    assert!(client.reading.await.unwrap());
    let frames = client.frames.lock().unwrap().clone();
    assert_eq!((&frames[0]["specVersion"], frames[0]["headers"]["messageId"].is_string()), (&json!("1.0"), true));
    assert_eq!(far.stream.connections()[0].closed_at, Some(at(14, 59) + Duration::from_secs(10)));
}

#[tokio::test]
async fn a_dropped_connection_is_reset() {
    let far = Far::with([], plain()).await;
    let client = far.connect(Says::Success).await;
    far.stream.drop_all();
    assert_eq!(far.stream.open_connections(), 0);
    assert!(!client.reading.await.unwrap());
}

#[tokio::test]
async fn what_happened_while_nobody_was_connected_is_not_made_up_for() {
    let meetings = [meeting("m"), Meeting::sample("just", at(11, 0), at(12, 0))];
    let far = Far::with(meetings, plain()).await;
    far.connect(Says::Success).await.reading.abort();
    assert!(far.stream.connected(0).await);
    assert_eq!(far.simulator.next_push_at(far.clock.now()), None);
    far.clock.advance_to(at(11, 0) + Duration::from_secs(15));
    let client = far.connect(Says::Success).await;
    far.until(at(11, 30)).await;
    // What was born fifteen seconds ago has its third push before it.
    assert_eq!(client.events(), [("conference_created".to_owned(), "just".to_owned())]);
    assert_eq!(pushed_after(&far.event("just", 0)), [30]);
}

#[tokio::test]
async fn a_ping_comes_back_with_its_data_and_a_malformed_frame_goes_through() {
    let far = Far::with([], plain()).await;
    let client = far.connect(Says::Success).await;
    far.stream.send("{\"type\":");
    far.stream.ping_all();
    while far.stream.pongs() == 0 {
        tokio::task::yield_now().await;
    }
    let frames = client.frames();
    assert_eq!((&frames[0], &frames[1]["specVersion"]), (&Value::Null, &Value::Null));
    assert!(data(&frames[1])["opaque"].is_string());
}
