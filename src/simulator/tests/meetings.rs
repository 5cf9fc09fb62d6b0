//! What each API says of a meeting, before, during and after it.

use super::*;

#[tokio::test]
async fn an_hour_before_it_starts_a_meeting_is_only_known_to_conference_info() {
    let world = World::new(vec![meeting("m").booked(NINE - Duration::from_hours(9))], Behaviour::default()).await;
    world.clock.step_to(NINE - Duration::from_hours(1));

    let info = world.info("m").await.body["confInfo"].take();
    assert_eq!((&info["status"], &info["startTime"]), (&json!(0), &json!(NINE.as_millis())));
    assert_eq!((&info["bizType"], &info["cloudRecordStatus"]), (&json!("3"), &json!(0)));
    assert!(info.get("endTime").is_none() && info.get("cloudRecordOwnerUnionId").is_none());
    assert_eq!(world.query(&["m"]).await.body, json!({ "infos": [] }));
    assert_eq!(world.ongoing("").await.body["totalCount"], 0);
    world.videos("m", HOST).await.is_error(400, "cloudRecordNotFound");
    world.record("start", "m", json!({ "unionId": HOST })).await.is_error(404, "recordStartError");

    // And before anybody created it, to nobody.
    world.clock.step_to(NINE - Duration::from_hours(10));
    world.info("m").await.is_error(404, "roomNotFound");
    world.videos("m", HOST).await.is_error(400, "paramsError");
}

#[tokio::test]
async fn a_recording_is_started_by_the_host_once_the_media_is_up_and_never_twice() {
    let media_up_after = Duration::from_mins(90);
    let behaviour = Behaviour { media_up_after, ..Behaviour::default() };
    let open = Meeting::sample("m", NINE, NINE + Duration::from_hours(3)).creator(HOST);
    let world = World::new(vec![open], behaviour).await;
    let start = async || world.record("start", "m", json!({ "unionId": HOST })).await;
    start().await.is_error(404, "recordStartError");
    world.clock.step_to(NINE + media_up_after);
    for (host, code) in [(Host::Another, "recordStartPermissionError"), (Host::Creator, "200")] {
        world.simulator.set_behaviour(Behaviour { host, ..Behaviour::default() });
        assert_eq!(start().await.body["code"], code);
    }
    start().await.is_error(404, "recordStartError");
    world.simulator.set_behaviour(Behaviour { second_start: SecondStart::Accepted, ..Behaviour::default() });
    assert_eq!(start().await.body["code"], "200");
    let recordings = world.simulator.with_organisation(|all| all.meeting("m").unwrap().recordings.len());
    assert_eq!(recordings, 1);
}

#[tokio::test]
async fn a_meeting_that_goes_on_is_everywhere_but_its_videos() {
    let world = World::new(vec![meeting("m").attended_by("WFBkgxxxguest")], Behaviour::default()).await;

    let info = world.info("m").await.body["confInfo"].take();
    assert_eq!((&info["status"], &info["cloudRecordStatus"], &info["activeNum"]), (&json!(2), &json!(1), &json!(2)));
    assert_eq!((&info["cloudRecordOwnerUnionId"], &info["creatorId"]), (&json!(HOST), &json!(HOST)));
    assert!(info.get("endTime").is_none() && info.get("confDuration").is_none());
    let infos = world.query(&["m"]).await.body["infos"].take();
    assert_eq!((&infos[0]["conferenceId"], &infos[0]["status"]), (&json!("m"), &json!(2)));
    assert_eq!(infos[0]["userList"][1]["attendStatus"], 3);
    let listed = world.ongoing("").await.body;
    assert_eq!((&listed["onGoingConfList"][0]["conferenceId"], &listed["hasMore"]), (&json!("m"), &json!(false)));
    let guest = world.get("/v1.0/conference/users/lists?unionId=WFBkgxxxguest").await.body;
    assert_eq!((&guest["onGoingConfIdList"], &guest["memberModelMap"]["m"]["host"]), (&json!(["m"]), &json!(false)));
    assert_eq!(
        world.get("/v1.0/conference/users/lists?unionId=WFBkgxxxother").await.body["onGoingConfIdList"],
        json!([])
    );
    world.videos("m", HOST).await.is_error(400, "cloudRecordNotFound");
    assert!(world.simulator.seen_in_listing().contains("m"));
}

#[tokio::test]
async fn an_hour_after_its_end_a_meeting_has_its_videos_and_is_in_no_list() {
    let world = World::new(vec![meeting("m"), ended("bare")], Behaviour::default()).await;
    world.clock.step_to(TEN + Duration::from_hours(1));

    let info = world.info("m").await.body["confInfo"].take();
    assert_eq!((&info["status"], &info["endTime"]), (&json!(1), &json!(TEN.as_millis())));
    assert_eq!((&info["confDuration"], &info["cloudRecordStatus"]), (&json!(3_600_000), &json!(3)));
    let videos = world.videos("m", HOST).await.body["videoList"].take();
    let said = (&videos[0]["mediaId"], &videos[0]["recordType"], &videos[0]["duration"]);
    assert_eq!(said, (&json!("media-m-0"), &json!(0), &json!(3_600_000)));
    assert_eq!(world.query(&["m"]).await.body, json!({ "infos": [] }));
    assert_eq!(world.ongoing("").await.body["onGoingConfList"], json!([]));
    world.videos("bare", HOST).await.is_error(400, "cloudRecordNotFound");
    world.record("start", "m", json!({ "unionId": HOST })).await.is_error(400, "roomClosed");
    world.record("stop", "m", json!({ "unionId": HOST })).await.is_error(400, "roomClosed");
}

#[tokio::test]
async fn a_recording_is_listed_when_it_is_due_and_not_before() {
    let composed = meeting("m").unlisted(Duration::from_hours(6)).composed(Duration::from_hours(6));
    let world = World::new(vec![composed], Behaviour::default()).await;
    for (after, media) in [(4, None), (5, Some("media-m-0")), (359, Some("media-m-0")), (360, Some("media-m-1"))] {
        world.clock.step_to(TEN + Duration::from_mins(after));
        let videos = world.videos("m", HOST).await.body;
        assert_eq!(videos["videoList"][0]["mediaId"].as_str(), media, "{after} minutes after");
    }
}

#[tokio::test]
async fn an_ended_or_unknown_id_spoils_a_batch_in_one_of_four_ways() {
    for (outside_batch, with_ended, with_unknown) in [
        (OutsideBatch::Missing, Ok(1), Ok(1)),
        (OutsideBatch::StatusEnded, Ok(2), Ok(1)),
        (OutsideBatch::ResourceClose, Err("resourceClose"), Err("resourceClose")),
        (OutsideBatch::ParamsError, Err("paramsError"), Err("paramsError")),
    ] {
        let behaviour = Behaviour { outside_batch, most_ids: Some(2), ..Behaviour::default() };
        let world = World::new(vec![meeting("m"), ended("over")], behaviour).await;
        for (id, expected) in [("over", with_ended), ("unheard-of", with_unknown)] {
            let got = world.query(&[id, "m"]).await;
            match expected {
                Ok(infos) => assert_eq!(got.body["infos"].as_array().unwrap().len(), infos, "{}", got.body),
                Err(code) => got.is_error(400, code),
            }
        }
        assert_eq!(world.query(&["m"]).await.body["infos"][0]["status"], 2);
        world.query(&["m", "m", "m"]).await.is_error(400, "paramsError");
        world.query(&[]).await.is_error(400, "paramsError");
    }
}

#[tokio::test]
async fn only_the_host_starts_and_stops_a_recording_which_then_exists() {
    let world = World::new(vec![Meeting::sample("m", NINE, TEN).creator(HOST)], Behaviour::default()).await;
    let guest = json!({ "unionId": "WFBkgxxxguest" });
    world.record("start", "m", guest.clone()).await.is_error(404, "recordStartPermissionError");
    world.record("stop", "m", guest).await.is_error(400, "recordStopPermissionError");
    world.record("start", "m", json!({})).await.is_error(400, "paramsError");
    world.record("start", "m", json!({ "unionId": HOST, "mode": "loud" })).await.is_error(400, "paramsError");
    world.record("stop", "m", json!({ "unionId": HOST })).await.is_error(400, "recordStopError");

    let order = json!({ "unionId": HOST, "mode": "speech", "smallWindowPosition": "float_right" });
    assert_eq!(world.record("start", "m", order.clone()).await.body, json!({ "code": "200" }));
    assert_eq!(world.info("m").await.body["confInfo"]["cloudRecordStatus"], 1);
    world.record("start", "m", order).await.is_error(404, "recordStartError");
    world.clock.advance_to(NINE + Duration::from_mins(40));
    assert_eq!(world.record("stop", "m", json!({ "unionId": HOST })).await.body, json!({ "code": "200" }));
    let info = world.info("m").await.body["confInfo"].take();
    assert_eq!((&info["cloudRecordStatus"], &info["status"]), (&json!(3), &json!(2)));

    world.clock.advance_to(TEN + Duration::from_mins(5));
    let videos = world.videos("m", HOST).await.body["videoList"].take();
    assert_eq!((videos.as_array().unwrap().len(), &videos[0]["duration"]), (1, &json!(600_000)));
}

#[tokio::test]
async fn the_organisations_list_comes_in_pages_that_lose_nothing_while_it_moves() {
    let meetings = (0..5).map(|n| Meeting::sample(&format!("m{n}"), NINE + Duration::from_mins(n), TEN)).collect();
    let behaviour = Behaviour { most_results: Some(3), page_size: 2, ..Behaviour::default() };
    let world = World::new(meetings, behaviour).await;
    world.ongoing("?maxResults=4").await.is_error(400, "paramError");
    world.ongoing("?maxResults=0").await.is_error(400, "paramError");
    world.ongoing("?nextToken=x").await.is_error(400, "paramError");

    let first = world.ongoing("?maxResults=3").await.body;
    assert_eq!((&first["hasMore"], &first["totalCount"]), (&json!(true), &json!(5)));
    world.simulator.with_organisation(|organisation| organisation.meeting_mut("m0").unwrap().ends_at = NINE);
    let token = first["nextToken"].as_str().unwrap();
    let second = world.ongoing(&format!("?maxResults=3&nextToken={token}")).await.body;
    assert_eq!(second["onGoingConfList"][0]["conferenceId"], "m2");
    let token = second["nextToken"].as_str().unwrap();
    let third = world.ongoing(&format!("?maxResults=3&nextToken={token}")).await.body;
    assert_eq!((&third["hasMore"], third.get("nextToken")), (&json!(false), None));
    assert_eq!(world.simulator.seen_in_listing().len(), 5);
}

#[tokio::test]
async fn what_the_pages_leave_open_comes_out_either_way() {
    let behaviour = Behaviour {
        accepted_union_ids: AcceptedUnionIds::OwnerAndCreator,
        empty_list: EmptyList::Empty,
        record_status: RecordStatus::Absent,
        planned_start: PlannedStart::Absent,
        numbers: Numbers::Strings,
        error_codes: ErrorCodes::Suffixed,
        envelope: Envelope::Capitalised,
        ..Behaviour::default()
    };
    let refusing = meeting("m").owner("WFBkgxxxowner").refuses("WFBkgxxxowner");
    let world = World::new(vec![refusing, ended("bare")], behaviour).await;
    assert_eq!(world.videos("bare", HOST).await.body, json!({ "videoList": [] }));
    for union_id in ["WFBkgxxxowner", "WFBkgxxxother"] {
        let refused = world.videos("m", union_id).await;
        assert_eq!(refused.status, 404);
        assert_eq!(refused.body["Code"], "permissionError%!(EXTRA string=50513)");
        assert!(refused.body["RequestId"].is_string() && refused.body.get("code").is_none());
    }
    let info = world.info("m").await.body["confInfo"].take();
    assert_eq!((&info["status"], info.get("cloudRecordStatus")), (&json!("2"), None));
    world.clock.step_to(NINE - Duration::from_secs(30));
    assert!(world.info("m").await.body["confInfo"].get("startTime").is_none());
}

#[tokio::test]
async fn every_drawn_behaviour_can_happen_and_none_lies_about_the_recording() {
    let drawn: Vec<Behaviour> = (0..200).map(Behaviour::drawn).collect();
    assert_eq!(drawn[5], Behaviour::drawn(5));
    assert!(drawn.iter().all(|behaviour| behaviour.record_status == RecordStatus::Truthful));
    assert!(drawn.iter().any(|behaviour| behaviour.outside_batch == OutsideBatch::ResourceClose));
    assert!(drawn.iter().any(|behaviour| behaviour.numbers == Numbers::Strings));
    assert!(drawn.iter().any(|behaviour| behaviour.most_ids == Some(3)));
    assert!(drawn.iter().any(|behaviour| behaviour.host == Host::Another));
    assert!(drawn.iter().any(|behaviour| behaviour.empty_field == EmptyField::Absent));
    assert!(drawn.iter().any(|behaviour| behaviour.key_order == KeyOrder::Shuffled));
}

#[tokio::test]
async fn an_id_arrives_as_it_was_written_whatever_signs_it_has() {
    let world = World::new(vec![meeting("a/b c+ü%")], Behaviour::default()).await;
    world.clock.step_to(TEN + Duration::from_hours(1));
    assert_eq!(world.info("a%2Fb%20c+%C3%BC%25").await.body["confInfo"]["conferenceId"], "a/b c+ü%");
    let videos = world.videos("a%2Fb%20c+%C3%BC%25", HOST).await.body;
    assert_eq!(videos["videoList"].as_array().unwrap().len(), 1);
}
