//! Which events come, when, and what they say.

use super::*;

#[tokio::test]
async fn a_meetings_events_come_at_their_time_with_all_that_the_page_has() {
    let booked = meeting("m").booked(at(8, 0)).recorded(minutes(5));
    let far = Far::with([booked], plain()).await;
    let client = far.connect(Says::Success).await;
    far.until(at(12, 0)).await;
    assert_eq!(client.scenes(), ["conference_created", "conference_closed", "video_generated"]);
    let frames = client.frames();

    let headers = frames[0]["headers"].as_object().unwrap();
    assert!(headers.values().all(Value::is_string), "{headers:?}");
    assert_eq!((&frames[0]["specVersion"], &headers["topic"]), (&json!("1.0"), &json!("*")));
    assert_eq!(headers["eventType"], "meeting_status_change");
    assert_eq!(headers["eventBornTime"], at(9, 0).as_millis().to_string());
    let created = data(&frames[0]);
    assert_eq!((&created["statusSeqNum"], &created["openConfModel"]["status"]), (&json!(1), &json!(1)));
    assert_eq!(created["openConfModel"]["creatorId"], "WFBkgxxxmiEiE");
    assert_eq!(created["openConfModel"]["scheduleConferenceId"], "schedule-m");
    assert_eq!(created["openConfModel"]["bizType"], "3");

    let closed = data(&frames[1]);
    assert_eq!((&closed["statusSeqNum"], &closed["openConfModel"]["status"]), (&json!(2), &json!(1)));
    assert_eq!(closed["openConfModel"]["confDuration"], 3_600_000);
    assert_eq!(frames[2]["headers"]["eventType"], "flash_minutes_open_event");
    assert_eq!(frames[2]["headers"]["eventBornTime"], at(10, 5).as_millis().to_string());
    assert_eq!(data(&frames[2])["bizType"], "cloud_record");
}

#[tokio::test]
async fn what_the_pages_leave_open_comes_as_behaviour_says() {
    let behaviour = StreamBehaviour {
        created_status: CreatedStatus::InProgress,
        topic: EventTopic::DingTalk,
        noise: Noise::MinutesAndMembers,
        ..plain()
    };
    let far = Far::with([meeting("m").recorded(minutes(5))], behaviour).await;
    let client = far.connect(Says::Success).await;
    far.until(at(12, 0)).await;
    let scenes = client.scenes();
    let expected = ["conference_created", "member_joined", "member_left", "conference_closed", "video_generated"];
    assert_eq!(scenes[..5], expected);
    assert_eq!(scenes[5..], ["summary_generated"]);
    let frames = client.frames();
    assert_eq!(frames[0]["headers"]["topic"], "dingTalk");
    assert_eq!(data(&frames[0])["openConfModel"]["status"], 2);
    let numbers: Vec<Value> = frames[..4].iter().map(|frame| data(frame)["statusSeqNum"].clone()).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
}

#[tokio::test]
async fn each_session_of_a_meeting_starts_and_ends_and_another_organisations_does_not() {
    let far = Far::with([meeting("m").again(at(14, 0), at(15, 0)), meeting("foreign").foreign()], plain()).await;
    let client = far.connect(Says::Success).await;
    far.until(at(16, 0)).await;
    assert_eq!(client.scenes(), ["conference_created", "conference_closed", "conference_created", "conference_closed"]);
    let numbers: Vec<Value> = client.frames().iter().map(|frame| data(frame)["statusSeqNum"].clone()).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert!(client.events().iter().all(|(_, id)| id == "m"));
}

#[tokio::test]
async fn what_becomes_true_while_somebody_listens_is_announced_too() {
    let far = Far::with([meeting("m")], plain()).await;
    let client = far.connect(Says::Success).await;
    far.until(at(9, 30)).await;
    far.simulator.with_organisation(|organisation| {
        let meeting = organisation.meeting_mut("m").unwrap();
        meeting.ends_at = at(9, 45);
        *meeting = meeting.clone().recorded(minutes(10));
        organisation.add(Meeting::sample("other", at(9, 40), at(9, 50)));
    });
    far.until(at(12, 0)).await;
    let expected = [("created", "m"), ("created", "other"), ("closed", "m"), ("closed", "other")]
        .map(|(scene, id)| (format!("conference_{scene}"), id.to_owned()));
    assert_eq!(client.events()[..4], expected);
    assert_eq!(client.events()[4..], [("video_generated".to_owned(), "m".to_owned())]);
}

#[tokio::test]
async fn only_a_part_of_the_meetings_is_announced_and_always_the_same_one() {
    let announced = |behaviour| async move {
        let far = Far::of(busy_day(), behaviour).await;
        let client = far.connect(Says::Success).await;
        far.until(at(23, 0)).await;
        let ids: std::collections::BTreeSet<String> = client.events().into_iter().map(|(_, id)| id).collect();
        assert!(ids.iter().all(|id| far.stream.covers(id)));
        ids
    };
    let half = StreamBehaviour { covered_percent: 50, ..plain() };
    let ids = announced(half.clone()).await;
    assert!((35..=65).contains(&ids.len()), "{}", ids.len());
    assert_eq!(ids, announced(half.clone()).await);
    assert_ne!(ids, announced(StreamBehaviour { seed: 1, ..half }).await);
}

#[tokio::test]
async fn some_events_are_lost_for_good() {
    let far = Far::of(busy_day(), plain()).await;
    far.stream.lose(30);
    let client = far.connect(Says::Success).await;
    far.until(at(23, 0)).await;
    let status = client.scenes().iter().filter(|scene| scene.starts_with("conference_")).count();
    assert!((115..=165).contains(&status), "{status}");
}

#[tokio::test]
async fn a_late_event_is_overtaken() {
    let far = Far::of(busy_day(), StreamBehaviour { late_percent: 30, ..plain() }).await;
    let client = far.connect(Says::Success).await;
    far.until(at(23, 59)).await;
    let born: Vec<String> =
        client.frames().iter().map(|frame| frame["headers"]["eventBornTime"].as_str().unwrap().to_owned()).collect();
    assert!(!born.is_sorted());
    assert_eq!(far.stream.events().len(), born.len());
    let late = far.stream.events().iter().map(|event| pushed_after(event)[0]).max().unwrap();
    assert!((60..=1_800).contains(&late), "{late}");
}
