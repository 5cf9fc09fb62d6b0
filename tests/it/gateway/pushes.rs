//! How often an event is pushed, and what that costs.

use super::*;

#[tokio::test]
async fn an_event_that_is_put_off_comes_three_times_and_then_never_again() {
    let far = Far::with([meeting("m")], plain()).await;
    let client = far.connect(Says::Later).await;
    far.until(at(9, 30)).await;
    let event = far.event("m", 0);
    assert_eq!(pushed_after(&event), [0, 10, 30]);
    let later = PushAnswer::Refused { code: 500, status: Some("LATER".to_owned()) };
    assert!(event.pushes.iter().all(|push| push.answer.as_ref() == Some(&later)), "{event:?}");
    let frames = client.frames();
    assert!(frames.iter().all(|frame| frame["headers"]["eventId"] == event.event_id.as_str()));
    assert!(frames[0]["headers"]["messageId"] != frames[1]["headers"]["messageId"]);
    assert_eq!((far.stream.acknowledged(), far.stream.pushes_in_month(at(9, 0))), (0, 3));
}

#[tokio::test]
async fn an_event_that_nobody_answers_comes_three_times_too() {
    let far = Far::with([meeting("m")], plain()).await;
    let _client = far.connect(Says::Nothing).await;
    far.until(at(9, 30)).await;
    assert_eq!(pushed_after(&far.event("m", 0)), [0, 10, 30]);
    assert!(far.event("m", 0).pushes.iter().all(|push| push.answer.is_none()));
}

#[tokio::test]
async fn an_acknowledged_event_does_not_come_again_unless_it_is_doubled() {
    for doubled_percent in [0, 100] {
        let far = Far::with([meeting("m")], StreamBehaviour { doubled_percent, ..plain() }).await;
        let _client = far.connect(Says::Success).await;
        far.until(at(9, 30)).await;
        let event = far.event("m", 0);
        assert!(event.is_acknowledged());
        assert_eq!(event.pushes.len(), if doubled_percent == 0 { 1 } else { 2 }, "{event:?}");
    }
}

#[tokio::test]
async fn a_repeated_push_counts_where_behaviour_says_so() {
    let far = Far::with([meeting("m")], StreamBehaviour { repeats_are_metered: false, ..plain() }).await;
    let _client = far.connect(Says::Later).await;
    far.until(at(9, 30)).await;
    assert_eq!((far.event("m", 0).pushes.len(), far.stream.pushes_in_month(at(9, 0))), (3, 1));
}

#[tokio::test]
async fn no_event_comes_once_the_months_pushes_are_spent_until_the_next_month() {
    // The last one starts at nine on the first of July.
    let july = hours(30 * 24);
    let meetings = [meeting("first"), meeting("second"), Meeting::sample("july", at(9, 0) + july, at(10, 0) + july)];
    let far = Far::with(meetings, StreamBehaviour { pushes_per_month: Some(3), ..plain() }).await;
    let client = far.connect(Says::Success).await;
    far.until(at(12, 0) + july).await;
    assert_eq!((client.events().len(), far.stream.pushes_in_month(at(9, 0))), (5, 3));
    assert_eq!(client.events()[3].1, "july");
    assert_eq!(far.stream.pushes_in_month(at(9, 0) + july), 2);
}

#[tokio::test]
async fn a_burst_is_delivered_in_waves() {
    // More than are looked for at once, and more than are under way at once.
    const MEETINGS: usize = 2_500;
    let meetings = (0..MEETINGS).map(|n| meeting(&format!("m{n}")));
    let far = Far::with(meetings, StreamBehaviour { pushes_per_month: None, ..plain() }).await;
    let client = far.connect(Says::Success).await;
    far.until(at(9, 30)).await;
    assert_eq!((client.frames().len(), far.stream.acknowledged()), (MEETINGS, MEETINGS as u64));
}

#[tokio::test]
async fn every_event_of_many_days_comes_once_and_in_order() {
    let plan = Plan { seed: 7, meetings: 600, days: 5, first_day: MIDNIGHT };
    let far = Far::of(Organisation::generate(&plan), plain()).await;
    let videos = far.simulator.with_organisation(|organisation| organisation.ever_listed().count());
    let starts = |far: &Far| {
        let from = far.clock.now();
        far.simulator.with_organisation(|organisation| organisation.meetings().filter(|m| m.starts_at > from).count())
    };
    let started_since = starts(&far);
    let client = far.connect(Says::Success).await;
    far.until(at(24 * 9, 0)).await;
    let scenes = client.scenes();
    let count = |scene: &str| scenes.iter().filter(|one| *one == scene).count();
    assert_eq!((count("conference_created"), count("video_generated")), (started_since, videos));
    assert!(far.stream.events().iter().all(|event| pushed_after(event) == [0]));
}
