//! Opening a connection: credentials, subscriptions, tickets.

use super::*;

#[tokio::test]
async fn opening_a_connection_answers_json_where_json_is_accepted_and_xml_elsewhere() {
    let far = Far::with([], plain()).await;
    let secret = far.simulator.app_secret();
    let (status, body) = far.ask(secret, SUBSCRIBED, "application/json").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert_eq!(body["endpoint"], far.simulator.base_url().replace("http", "ws") + "/connect");
    assert_eq!(body["ticket"].as_str().unwrap().len(), 36);

    let (status, body) = far.ask(secret, SUBSCRIBED, "*/*").await;
    assert_eq!((status, body.starts_with("<?xml"), body.contains("<ticket>")), (200, true, true), "{body}");
}

#[tokio::test]
async fn only_right_credentials_and_subscriptions_open_a_connection() {
    let far = Far::with([], plain()).await;
    let json = "application/json";
    let (status, body) = far.ask("guess", SUBSCRIBED, json).await;
    assert_eq!((status, body.contains("authFailed")), (401, true), "{body}");
    let one_event = r#"[{"type":"EVENT","topic":"meeting_status_change"}]"#;
    assert_eq!(far.ask(far.simulator.app_secret(), one_event, json).await.0, 400);
    let callback = r#"[{"type":"CALLBACK","topic":"/v1.0/card/instances/callback"}]"#;
    assert_eq!(far.ask(far.simulator.app_secret(), callback, json).await.0, 200);
    let unavailable = Fault::new(Answer::Raw { status: 503, body: "busy".to_owned() });
    far.simulator.faults().push(unavailable.on(Endpoint::OpenConnection).times(1));
    assert_eq!(far.ask(far.simulator.app_secret(), SUBSCRIBED, json).await.0, 503);
    assert_eq!(far.ask(far.simulator.app_secret(), SUBSCRIBED, json).await.0, 200);
}

#[tokio::test]
async fn an_open_is_counted_as_a_call_and_metered_where_behaviour_says_so() {
    for open_is_metered in [true, false] {
        let far = Far::with([], StreamBehaviour { open_is_metered, ..plain() }).await;
        far.address().await;
        assert_eq!((far.opens(), far.simulator.metered_calls()), (1, u64::from(open_is_metered)));
        far.simulator.set_quota(Some(1));
        let (status, _) = far.ask(far.simulator.app_secret(), SUBSCRIBED, "application/json").await;
        assert_eq!(status, if open_is_metered { 403 } else { 200 });
    }
}

#[tokio::test]
async fn a_ticket_opens_one_connection_within_ninety_seconds() {
    let far = Far::with([], plain()).await;
    let once = far.address().await;
    let _open = connect_async(&once).await.unwrap();
    let is_refused =
        |error: tungstenite::Error| matches!(error, tungstenite::Error::Http(answer) if answer.status() == 401);
    assert!(is_refused(connect_async(&once).await.unwrap_err()));

    let (in_time, late) = (far.address().await, far.address().await);
    far.clock.sleep(Duration::from_secs(89)).await;
    let _open = connect_async(&in_time).await.unwrap();
    far.clock.sleep(Duration::from_secs(1)).await;
    assert!(is_refused(connect_async(&late).await.unwrap_err()));
    assert_eq!(far.stream.connections().len(), 2);

    far.stream.change(|stream| stream.ticket_life = Duration::ZERO);
    assert!(is_refused(connect_async(far.address().await).await.unwrap_err()));
}
