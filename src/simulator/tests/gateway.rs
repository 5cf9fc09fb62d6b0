//! What stands between a client and the meetings: tokens, quota, rates, faults and the wire.

use super::*;

#[tokio::test]
async fn a_token_is_the_same_inside_its_life_and_worthless_after() {
    let mut world = World::new(vec![meeting("m")], Behaviour::default()).await;
    let first = world.token.clone();
    world.clock.advance_to(world.clock.now() + Duration::from_mins(119));
    world.log_in().await;
    assert_eq!(world.token, first);
    world.clock.advance_to(world.clock.now() + Duration::from_hours(2));
    world.info("m").await.is_error(400, "InvalidAuthentication");
    world.log_in().await;
    assert_ne!(world.token, first);
    assert_eq!(world.info("m").await.status, 200);
    world.simulator.expire_tokens();
    world.info("m").await.is_error(400, "InvalidAuthentication");
}

#[tokio::test]
async fn only_the_right_credentials_in_json_get_a_token() {
    let world = World::new(Vec::new(), Behaviour::default()).await;
    let wrong = json!({ "appKey": world.simulator.app_key(), "appSecret": "guess" });
    world.post("/v1.0/oauth2/accessToken", wrong).await.is_error(400, "invalidClientIdOrSecret");
    let form = world.client.post(world.url("/v1.0/oauth2/accessToken")).body("appKey=a&appSecret=b");
    world.send(form).await.unwrap().is_error(400, "Missingbody");
    let third = json!({
        "client_id": world.simulator.app_key(),
        "client_secret": world.simulator.app_secret(),
        "grant_type": "client_credentials",
    });
    let got = world.post("/v1.0/oauth2/dingxxxcorp/token", third).await;
    assert_eq!(got.body["expires_in"], 7_200);
    assert_ne!(got.body["access_token"], json!(world.token));
    world.get("/v1.0/conference/nothing").await.is_error(404, "InvalidAction.NotFound");
}

#[tokio::test]
async fn the_months_calls_end_and_come_back_with_the_next_month() {
    let mut world = World::new(vec![meeting("m")], Behaviour::default()).await;
    world.simulator.set_quota(Some(3));
    for _ in 0..3 {
        assert_eq!(world.info("m").await.status, 200);
    }
    world.info("m").await.is_error(403, "Forbidden.AccessDenied.ApiCountLimitForOrg");
    world.log_in().await;
    assert_eq!(world.simulator.metered_calls(), 4);

    // The first of July, midnight UTC+8.
    let july = Timestamp::from_millis(1_782_835_200_000);
    world.clock.advance_to(july - Duration::from_millis(1));
    world.log_in().await;
    world.info("m").await.is_error(403, "Forbidden.AccessDenied.ApiCountLimitForOrg");
    world.clock.advance_to(july);
    assert_eq!(world.info("m").await.status, 200);
    assert_eq!(world.simulator.metered_calls_in_month(july), 1);
    assert_eq!(world.simulator.metered_calls_in_month(NINE), 5);
}

#[tokio::test]
async fn the_twenty_first_call_of_a_second_is_refused_and_not_metered() {
    let world = World::new(vec![meeting("m")], Behaviour::default()).await;
    for _ in 0..20 {
        assert_eq!(world.info("m").await.status, 200);
    }
    world.info("m").await.is_error(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi");
    assert_eq!(world.query(&["m"]).await.status, 200);
    assert_eq!(world.simulator.metered_calls(), 21);
    world.clock.sleep(Duration::from_secs(1)).await;
    assert_eq!(world.info("m").await.status, 200);
    let calls = world.simulator.calls();
    let refused = &calls[21];
    assert_eq!((refused.endpoint, refused.metered), (Endpoint::ConferenceInfo, false));
    assert_eq!(refused.code.as_deref(), Some("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"));
    assert_eq!(refused.conference_ids, ["m"]);
}

#[tokio::test]
async fn a_fault_strikes_where_when_and_as_often_as_it_says() {
    let world = World::new(vec![meeting("m"), meeting("n")], Behaviour::default()).await;
    let now = world.clock.now();
    let fault = Fault::new(Answer::error("systemError").with_retry_after(7))
        .on(Endpoint::ConferenceInfo)
        .conference("m")
        .from(now + Duration::from_mins(1))
        .until(now + Duration::from_mins(2))
        .times(2);
    world.simulator.faults().push(fault);
    assert_eq!(world.info("m").await.status, 200);
    world.clock.advance_to(now + Duration::from_mins(1));
    assert_eq!((world.info("n").await.status, world.query(&["m"]).await.status), (200, 200));
    let request = world.client.get(world.url("/v1.0/conference/videoConferences/m"));
    let response = request.send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (500, &"7".parse().unwrap()));
    world.info("m").await.is_error(500, "systemError");
    assert_eq!(world.info("m").await.status, 200);
    assert!(world.simulator.faults().pending().is_empty());
}

#[tokio::test]
async fn errors_have_the_status_and_the_shape_their_pages_give_them() {
    let world = World::new(Vec::new(), Behaviour::default()).await;
    for (code, status) in [
        ("waterLimitError", 404),
        ("noPermission", 403),
        ("orgAccessForbidden", 400),
        ("system.busy", 429),
        ("innerSystemError", 500),
        ("Forbidden.AccessDenied.IpNotInWhiteList", 403),
    ] {
        world.simulator.faults().push(Fault::new(Answer::error(code)).times(1));
        world.info("m").await.is_error(status, code);
    }
    world.simulator.faults().push(Fault::new(Answer::scope_missing(&["VideoConference.Conference.Read"])).times(1));
    let scopes = &world.info("m").await.body["accessdenieddetail"]["requiredScopes"];
    assert_eq!(scopes, &json!(["VideoConference.Conference.Read"]));
    world.simulator.faults().push(Fault::new(Answer::banned(5)).times(1));
    assert_eq!(world.info("m").await.body["wait"], 5);
    world.simulator.faults().push(Fault::new(Answer::banned_in_html(5)).times(1));
    let page = world.info("m").await.body;
    assert!(page.as_str().is_some_and(|page| page.starts_with('<') && page.contains("\"status\":1111")));
}

#[tokio::test]
async fn the_wire_cuts_resets_hangs_and_floods() {
    let world = World::new(vec![meeting("m")], Behaviour::default()).await;
    let faults = world.simulator.faults();
    let ask = || world.client.get(world.url("/v1.0/conference/videoConferences/m"));

    faults.push(Fault::new(Answer::Truncated).times(1));
    let half = world.info("m").await;
    assert_eq!(half.status, 200);
    assert!(half.body.as_str().is_some_and(|body| body.starts_with("{\"confInfo\":")), "{}", half.body);

    faults.push(Fault::new(Answer::Cut).times(1));
    let response = ask().header("x-acs-dingtalk-access-token", &world.token).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.is_err());

    faults.push(Fault::new(Answer::Reset).times(1));
    assert!(ask().send().await.is_err());

    faults.push(Fault::new(Answer::Hang(Duration::from_hours(1))).times(1));
    let impatient = ask().timeout(Duration::from_millis(100)).send().await;
    assert!(impatient.is_err_and(|error| error.is_timeout()));

    faults.push(Fault::new(Answer::Hang(Duration::from_millis(20))).times(1));
    assert_eq!(world.info("m").await.body["confInfo"]["status"], 2);

    faults.push(Fault::new(Answer::Endless).times(1));
    let mut flood = ask().send().await.unwrap();
    let mut taken = 0;
    while taken < 1_000_000 {
        taken += flood.chunk().await.unwrap().unwrap().len();
    }
    assert!(world.simulator.metered_calls() < world.simulator.calls().len() as u64);
    let base_url = world.simulator.base_url();
    world.simulator.shutdown().await;
    drop(flood);
    assert!(world.client.get(base_url).send().await.is_err());
}

#[tokio::test]
async fn a_call_counts_when_dingtalk_got_it_whether_or_not_its_answer_came() {
    let world = World::new(vec![meeting("m")], Behaviour::default()).await;
    for (answer, counted) in [
        (Answer::Truncated, true),
        (Answer::error("waterLimitError"), true),
        (Answer::too_fast(), false),
        (Answer::Html, false),
    ] {
        let before = world.simulator.metered_calls();
        world.simulator.faults().push(Fault::new(answer.clone()).times(1));
        world.info("m").await;
        assert_eq!(world.simulator.metered_calls() - before, u64::from(counted), "{answer:?}");
    }
    let before = world.simulator.metered_calls();
    world.simulator.faults().push(Fault::new(Answer::Reset).metered(true).times(1));
    assert!(world.client.get(world.url("/v1.0/conference/orgConferences")).send().await.is_err());
    assert_eq!(world.simulator.metered_calls() - before, 1);
}
