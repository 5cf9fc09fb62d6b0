//! What is allowed and rarely met: meetings that go on again, other organisations', lists and keys written oddly, and
//! faults that fit some calls only.

use super::*;

const NOON: Timestamp = Timestamp::from_millis(1_780_286_400_000);

#[tokio::test]
async fn an_id_spoils_every_batch_that_holds_it_and_conference_info_still_answers() {
    let world = World::new(vec![meeting("m"), meeting("bad")], Behaviour::default()).await;
    for answer in [Answer::error("somethingNew"), Answer::Raw { status: 502, body: "<html>".to_owned() }, Answer::Html]
    {
        world.simulator.faults().push(Fault::new(answer.clone()).on(Endpoint::Query).conference("bad"));
        for ids in [&["m", "bad"][..], &["bad"]] {
            assert!(world.query(ids).await.body.get("infos").is_none(), "{answer:?}");
        }
        assert_eq!(world.query(&["m"]).await.body["infos"][0]["status"], 2);
        assert_eq!(world.info("bad").await.body["confInfo"]["status"], 2);
        world.simulator.faults().clear();
    }
}

#[tokio::test]
async fn a_meeting_goes_on_again_under_its_id_with_a_new_recording() {
    for earlier_videos in [EarlierVideos::Listed, EarlierVideos::Hidden] {
        let again = meeting("m").again(NOON, NOON + Duration::from_hours(1)).recorded(Duration::from_mins(5));
        let behaviour = Behaviour { earlier_videos, ..Behaviour::default() };
        let world = World::new(vec![again.forgotten_between_sessions()], behaviour).await;
        assert_eq!(world.info("m").await.body["confInfo"]["startTime"], json!(NINE.as_millis()));

        world.clock.step_to(NOON - Duration::from_mins(1));
        world.info("m").await.is_error(404, "roomNotFound");
        assert_eq!(world.ongoing("").await.body["totalCount"], 0);

        world.clock.step_to(NOON + Duration::from_mins(1));
        let info = world.info("m").await.body["confInfo"].take();
        assert_eq!((&info["status"], &info["startTime"]), (&json!(2), &json!(NOON.as_millis())));
        assert_eq!(world.query(&["m"]).await.body["infos"][0]["status"], 2);
        assert_eq!(world.ongoing("").await.body["onGoingConfList"][0]["conferenceId"], "m");
        let listed = world.videos("m", HOST).await.body["videoList"].as_array().map_or(0, Vec::len);
        assert_eq!(listed, usize::from(earlier_videos == EarlierVideos::Listed));

        world.clock.step_to(NOON + Duration::from_hours(2));
        let info = world.info("m").await.body["confInfo"].take();
        assert_eq!((&info["status"], &info["confDuration"]), (&json!(1), &json!(3_600_000)));
        let videos = world.videos("m", HOST).await.body["videoList"].take();
        assert_eq!((&videos[0]["mediaId"], &videos[1]["mediaId"]), (&json!("media-m-0"), &json!("media-m-1")));
        assert_eq!(videos[0]["recordId"], videos[1]["recordId"]);
    }
}

#[tokio::test]
async fn another_organisations_meeting_fails_every_batch_and_shows_no_video() {
    let world = World::new(vec![meeting("m"), meeting("foreign").foreign()], Behaviour::default()).await;
    world.query(&["m", "foreign"]).await.is_error(400, "orgAccessForbidden");
    world.videos("foreign", HOST).await.is_error(400, "orgAccessForbidden");
    assert_eq!(world.info("foreign").await.body["confInfo"]["status"], 2);
    let listed = world.ongoing("").await.body;
    assert_eq!((&listed["totalCount"], &listed["onGoingConfList"][0]["conferenceId"]), (&json!(1), &json!("m")));
}

#[tokio::test]
async fn a_list_with_nothing_in_it_is_empty_or_null_or_left_out() {
    for (empty_field, expected) in
        [(EmptyField::List, Some(json!([]))), (EmptyField::Null, Some(Value::Null)), (EmptyField::Absent, None)]
    {
        let behaviour = Behaviour { empty_field, empty_list: EmptyList::Empty, ..Behaviour::default() };
        let world = World::new(vec![ended("bare")], behaviour).await;
        for (key, got) in [
            ("videoList", world.videos("bare", HOST).await),
            ("infos", world.query(&["bare"]).await),
            ("onGoingConfList", world.ongoing("").await),
            ("onGoingConfIdList", world.get("/v1.0/conference/users/lists?unionId=WFBkgxxxhost").await),
        ] {
            assert_eq!((got.status, got.body.get(key)), (200, expected.as_ref()), "{key}");
        }
    }
}

#[tokio::test]
async fn keys_change_their_order_and_an_unknown_field_its_value_and_nothing_else_does() {
    let behaviour =
        Behaviour { key_order: KeyOrder::Shuffled, unknown_field: UnknownField::Changing, ..Behaviour::default() };
    let world = World::new(vec![meeting("m")], behaviour).await;
    world.clock.step_to(TEN + Duration::from_hours(1));
    let path = format!("/v1.0/conference/videoConferences/m/cloudRecords/getVideos?unionId={HOST}");
    let (mut orders, mut traces) = (HashSet::new(), HashSet::new());
    let mut videos = Vec::new();
    for _ in 0..10 {
        let request = world.client.get(world.url(&path)).header("x-acs-dingtalk-access-token", &world.token);
        let text = request.send().await.unwrap().text().await.unwrap();
        let mut body: Value = serde_json::from_str(&text).unwrap();
        let mut keys = ["recordId", "mediaId", "fileSize", "regionId"];
        keys.sort_by_key(|key| text.find(&format!("\"{key}\"")));
        orders.insert(keys);
        traces.insert(body["videoList"][0].as_object_mut().unwrap().remove("traceId").unwrap().to_string());
        videos.push(body);
    }
    assert!(orders.len() > 3 && traces.len() == 10, "{orders:?} {traces:?}");
    assert!(videos.iter().all(|body| *body == videos[0] && body["videoList"][0]["mediaId"] == "media-m-0"));
}

#[tokio::test]
async fn one_asker_is_refused_for_ever_and_another_is_answered() {
    let world = World::new(vec![meeting("m"), meeting("n")], Behaviour::default()).await;
    world.clock.step_to(TEN + Duration::from_hours(1));
    let fault = Fault::new(Answer::error("systemError")).on(Endpoint::GetVideos).conference("m").union_id(HOST);
    world.simulator.faults().push(fault);
    for _ in 0..3 {
        world.videos("m", HOST).await.is_error(500, "systemError");
        assert_eq!(world.videos("m", "WFBkgxxxother").await.status, 200);
        assert_eq!(world.videos("n", HOST).await.status, 200);
    }
}

#[tokio::test]
async fn a_fault_spoils_some_of_a_hundred_calls_and_the_seed_says_which() {
    let spoilt = async |seed| {
        let world = World::new(vec![meeting("m")], Behaviour::default()).await;
        world.simulator.set_calls_per_second(None);
        world.simulator.faults().set_seed(seed);
        world.simulator.faults().push(Fault::new(Answer::error("systemError")).percent(30));
        let mut spoilt = Vec::new();
        for call in 0..200 {
            if world.info("m").await.status == 500 {
                spoilt.push(call);
            }
        }
        spoilt
    };
    let calls = spoilt(1).await;
    assert!((40..=80).contains(&calls.len()), "{}", calls.len());
    assert_eq!(calls, spoilt(1).await);
    assert_ne!(calls, spoilt(2).await);
}
