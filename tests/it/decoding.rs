//! The contract's table of errors, over the wire: code, status and body in, a class at the gate out.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::post;
use recording_archiver::dingtalk::{Client, Error};
use recording_archiver::domain::clock::VirtualClock;
use recording_archiver::domain::endpoint::Endpoint;
use recording_archiver::domain::failure::{Class, pause};
use recording_archiver::simulator::Answer;
use serde_json::json;
use tokio::net::TcpListener;

use crate::remote::{GateCall, Recorder, Remote, client};
use crate::world::at;

/// The contract's table, row by row: how a code begins, the HTTP statuses it comes with, what it means.
const TABLE: &[(&str, &[u16], Class)] = &[
    ("InvalidAuthentication", &[400, 401], Class::TokenInvalid),
    ("invalidClientIdOrSecret", &[400], Class::CredentialsWrong),
    ("Forbidden.AccessDenied.AccessTokenPermissionDenied", &[403], Class::ScopeMissing),
    ("Forbidden.AccessDenied.IpNotInWhiteList", &[403], Class::AddressRefused),
    ("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", &[403], Class::ThrottledQps),
    ("Forbidden.AccessDenied.QpmLimitForAppkeyAndApi", &[403], Class::ThrottledQpm),
    ("Forbidden.AccessDenied.ApiCountLimitForOrg", &[403], Class::QuotaSpent),
    ("system.busy", &[429, 400], Class::Busy),
    ("systemBusy", &[429, 400], Class::Busy),
    ("qps.exceed", &[429, 400], Class::Busy),
    ("systemError", &[500], Class::Unavailable),
    ("innerSystemError", &[500], Class::Unavailable),
    ("anythingElse", &[500, 502, 503, 504], Class::Unavailable),
    ("orgAccessForbidden", &[400], Class::OrganizationForbidden),
    ("unknownUserError", &[400], Class::UserUnknown),
    ("permissionError", &[404], Class::PermissionDenied),
    ("noPermission", &[403], Class::PermissionDenied),
    ("waterLimitError", &[404], Class::Busy),
    ("resourceClose", &[400], Class::MeetingEnded),
    ("cloudRecordNotFound", &[400], Class::NothingRecorded),
    ("roomNotFound", &[404], Class::ConferenceUnknown),
    ("paramsError", &[400], Class::RequestWrong),
    ("paramsTitleError", &[400], Class::RequestWrong),
    ("paramError", &[400], Class::RequestWrong),
    ("missingRoomId", &[400], Class::RequestWrong),
    ("roomClosed", &[400], Class::MeetingEnded),
    ("recordStartError", &[404], Class::RecordNotStarted),
    ("recordStartPermissionError", &[404], Class::RecordRefused),
    ("recordStopError", &[400], Class::RecordRefused),
    ("recordStopPermissionError", &[400], Class::RecordRefused),
    ("anythingElse", &[400, 403, 404], Class::Unrecognized),
    ("anythingElse", &[401], Class::TokenInvalid),
];

fn raw(status: u16, body: &str) -> Answer {
    Answer::Raw { status, body: body.to_owned() }
}

/// The error that conference info brings when it is answered like this.
async fn error(remote: &Remote, answer: Answer) -> Error {
    remote.next(answer);
    remote.client.conference("a").await.unwrap_err()
}

#[tokio::test]
async fn every_row_means_what_the_contract_says_in_every_spelling() {
    let remote = Remote::with([]).await;
    remote.client.authenticate().await.unwrap();
    for (code, statuses, class) in TABLE {
        for status in statuses.iter().chain(if code.starts_with("any") { &[] as &[u16] } else { &[200, 400, 500] }) {
            for body in [
                json!({ "code": code, "requestid": "0A1B", "message": "words" }),
                json!({ "Code": code, "RequestId": "0A1B", "Message": "words" }),
                json!({ "code": format!("{code}%!(EXTRA string=50513)"), "requestid": "0A1B", "message": "words" }),
            ] {
                remote.gate_calls();
                // A token that is refused is replaced, and the call repeated: what was reported first counts.
                let error = error(&remote, raw(*status, &body.to_string())).await;
                assert_eq!(remote.gate_calls()[1], GateCall::Failed(*class), "{status} {body}");
                if *class != Class::TokenInvalid {
                    assert_eq!((error.class, error.endpoint), (*class, Endpoint::Conference), "{status} {body}");
                    assert_eq!((error.message.as_str(), error.request_id.as_deref()), ("words", Some("0A1B")));
                    assert!(
                        error.code.to_string().starts_with(code) || code.starts_with(&error.code.to_string()),
                        "{status} {body}: {}",
                        error.code
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn an_error_says_how_long_it_lasts() {
    let remote = Remote::with([]).await;
    for (answer, lasts) in [
        (Answer::too_fast(), 1),
        (Answer::error("Forbidden.AccessDenied.QpmLimitForAppkeyAndApi"), 60),
        (Answer::error("waterLimitError"), 1),
        (Answer::too_fast().with_retry_after(7), 7),
        (Answer::error("systemError").with_retry_after(90), 90),
        (Answer::error("systemError"), 60),
        (Answer::banned(5), 300),
    ] {
        remote.client.authenticate().await.unwrap();
        let error = error(&remote, answer.clone()).await;
        let lasts_s = pause(error.class, error.endpoint, 1, error.retry_after).as_secs();
        assert_eq!(lasts_s, lasts, "{answer:?}");
    }
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let remote = Remote::with([]).await;
    remote.client.authenticate().await.unwrap();
    let error = error(&remote, Answer::scope_missing(&["A.Read", "B.Read"])).await;
    assert!(error.to_string().contains("A.Read, B.Read"), "{error}");
}

#[tokio::test]
async fn a_ban_is_known_bare_and_in_a_page_with_any_status() {
    let remote = Remote::with([]).await;
    remote.client.authenticate().await.unwrap();
    let ban = r#"{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"0a1b"}"#;
    for status in [200, 403, 418, 503] {
        for body in [ban.to_owned(), format!("<html><script>if (a) {{ b = {{}} }}; x = {ban};</script></html>")] {
            let error = error(&remote, raw(status, &body)).await;
            assert_eq!(
                (error.class, error.retry_after),
                (Class::Banned, Some(Duration::from_mins(5))),
                "{status} {body}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_not_dingtalks_answer_is_foreign() {
    let remote = Remote::with([]).await;
    remote.client.authenticate().await.unwrap();
    let answers = [
        (Answer::Html, Class::Foreign),
        (raw(404, "<html>Not Found</html>"), Class::Foreign),
        (raw(200, ""), Class::Foreign),
        (raw(204, ""), Class::Foreign),
        (raw(200, "null"), Class::Foreign),
        (raw(200, "[]"), Class::Foreign),
        (raw(200, "\"ok\""), Class::Foreign),
        (raw(200, "{}"), Class::Foreign),
        (raw(200, r#"{"confInfo":null}"#), Class::Foreign),
        (raw(200, r#"{"confInfo":{"status":1"#), Class::Foreign),
        (raw(200, r#"{"error":"login_required"}"#), Class::Foreign),
        (raw(200, "\u{0}\u{1}\u{2}"), Class::Foreign),
        (raw(302, r#"{"confInfo":{"status":1}}"#), Class::Foreign),
        (raw(404, "{}"), Class::Foreign),
        (raw(403, "{}"), Class::Foreign),
        (Answer::Truncated, Class::Foreign),
        (Answer::Cut, Class::Foreign),
        (Answer::Reset, Class::Foreign),
        (Answer::Endless, Class::Foreign),
        (Answer::Hang(Duration::from_mins(1)), Class::TimedOut),
        (raw(429, "{}"), Class::Busy),
        (raw(503, "{}"), Class::Unavailable),
    ];
    for (answer, class) in answers {
        let error = error(&remote, answer.clone()).await;
        assert_eq!(error.class, class, "{answer:?}: {error}");
        assert!(error.message.chars().count() <= 400);
    }
}

#[tokio::test]
async fn a_list_that_is_left_out_or_null_is_empty() {
    let remote = Remote::with([]).await;
    remote.client.authenticate().await.unwrap();
    let empty = ["{}", r#"{"requestId":"x"}"#, r#"{"code":"0","success":true}"#].map(str::to_owned);
    for list in ["infos", "videoList", "onGoingConfList", "onGoingConfIdList"] {
        let here = [format!(r#"{{"{list}":null,"more":1}}"#), format!(r#"{{"{list}":[]}}"#)];
        let foreign = [r#"{"error":"login_required"}"#.to_owned(), format!(r#"{{"{list}":"none"}}"#)];
        for (body, expected) in empty
            .iter()
            .chain(&here)
            .map(|body| (body, None))
            .chain(foreign.iter().map(|body| (body, Some(Class::Foreign))))
        {
            remote.next(raw(200, body));
            let answered = match list {
                "infos" => remote.client.query(&["a"]).await.map(|list| list.len()),
                "videoList" => {
                    remote.client.videos("a", "u").await.map(|list| list.recordings.len() + list.without_media_id)
                }
                "onGoingConfList" => remote.client.org_conferences(1, None).await.map(|page| page.sightings.len()),
                _ => remote.client.user_conferences("u").await.map(|ids| ids.len()),
            };
            let answered = answered.map_err(|error| error.class);
            assert_eq!(answered, expected.map_or(Ok(0), Err), "{list}: {body}");
        }
    }
    // The other fields of a listing's answer show as well that it is DingTalk's.
    remote.next(raw(200, r#"{"hasMore":true,"nextToken":"2"}"#));
    assert_eq!(remote.client.org_conferences(1, None).await.unwrap().next_token.as_deref(), Some("2"));
    remote.next(raw(200, r#"{"memberModelMap":{}}"#));
    assert!(remote.client.user_conferences("u").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_without_what_it_must_carry_is_foreign() {
    let remote = Remote::with([]).await;
    for body in ["{}", r#"{"requestId":"x"}"#, r#"{"accessToken":null,"confInfo":null,"code":null}"#] {
        remote.next(raw(200, body));
        assert_eq!(remote.client.authenticate().await.unwrap_err().class, Class::Foreign, "{body}");
    }
    remote.client.authenticate().await.unwrap();
    for body in ["{}", r#"{"requestId":"x"}"#, r#"{"accessToken":null,"confInfo":null,"code":null}"#] {
        assert_eq!(error(&remote, raw(200, body)).await.class, Class::Foreign, "{body}");
        remote.next(raw(200, body));
        assert_eq!(remote.client.record_start("a", "u", None, None).await.unwrap_err().class, Class::Foreign, "{body}");
        remote.next(raw(200, body));
        assert_eq!(remote.client.record_stop("a", "u").await.unwrap_err().class, Class::Foreign, "{body}");
        remote.next(raw(200, body));
        let played = remote.client.play_infos("a", "m", None, "u").await;
        assert_eq!(played.unwrap_err().class, Class::Foreign, "{body}");
    }
}

#[tokio::test]
async fn a_video_that_is_not_ready_has_no_address_and_an_odd_one_costs_nothing_else() {
    let remote = Remote::with([]).await;
    remote.client.authenticate().await.unwrap();
    for (body, has_address, status) in [
        (r#"{"status":2}"#, false, Some(2)),
        (r#"{"playUrl":"","mp4FileUrl":null,"status":"2"}"#, false, Some(2)),
        (r#"{"playUrl":["a"],"mp4FileUrl":"https://video.example/a.mp4","status":"soon"}"#, true, None),
    ] {
        remote.next(raw(200, body));
        let info = remote.client.play_infos("a", "m", None, "u").await.unwrap();
        assert_eq!((info.play_url.is_some(), info.mp4_file_url.is_some()), (false, has_address), "{body}");
        assert_eq!(info.status, status, "{body}");
    }
}

#[tokio::test]
async fn a_byte_that_is_no_character_costs_the_list_nothing() {
    let body = b"\xef\xbb\xbf{\"videoList\":[{\"mediaId\":\"a\",\"title\":\"\xff\t\"},{\"mediaId\":\"b\"}]}";
    let client = stand_in((StatusCode::OK, [(header::SERVER, String::new())], body)).await;
    let list = client.videos("a", "u").await.unwrap();
    let kept: Vec<_> = list.recordings.iter().map(|video| (video.media_id.as_str(), video.raw.as_str())).collect();
    let first = "{\"mediaId\":\"a\",\"title\":\"\u{fffd} \"}";
    assert_eq!(kept, [("a", first), ("b", r#"{"mediaId":"b"}"#)]);
}

/// Somebody who is not the simulator: hands out a token, and answers everything else like this.
async fn stand_in(answer: (StatusCode, [(header::HeaderName, String); 1], &'static [u8])) -> Client {
    let router = Router::new()
        .route("/v1.0/oauth2/accessToken", post(async || r#"{"accessToken":"t","expireIn":7200}"#))
        .fallback(async move || answer);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    client(&base_url, Arc::new(Recorder::default()), Arc::new(VirtualClock::new(at(9, 30))))
}

#[tokio::test]
async fn a_redirect_is_not_followed_so_that_nobody_else_is_handed_the_token() {
    let elsewhere = Remote::with([]).await;
    let location = format!("{}/v1.0/conference/videoConferences/a", elsewhere.simulator.base_url());
    let client = stand_in((StatusCode::FOUND, [(header::LOCATION, location)], b"{}")).await;
    assert_eq!(client.conference("a").await.unwrap_err().class, Class::Foreign);
    assert!(elsewhere.simulator.calls().is_empty());
}

#[tokio::test]
async fn a_retry_after_may_be_a_date() {
    // It is half past nine, UTC+8.
    for (date, lasts) in
        [("Mon, 01 Jun 2026 01:40:00 GMT", Some(600)), ("Mon, 01 Jun 2026 01:20:00 GMT", None), ("on Monday", None)]
    {
        let answer = [(header::RETRY_AFTER, date.to_owned())];
        let client = stand_in((StatusCode::SERVICE_UNAVAILABLE, answer, br#"{"code":"systemError"}"#)).await;
        let error = client.conference("a").await.unwrap_err();
        // Its turn moves the clock by a fraction of a second.
        assert_eq!(
            error.retry_after.filter(|lasts| !lasts.is_zero()).map(|lasts| lasts.as_millis().div_ceil(1_000)),
            lasts,
            "{date}"
        );
    }
}

#[tokio::test]
async fn nobody_listening_is_a_call_that_reached_nobody() {
    let remote = Remote::with([]).await;
    remote.client.authenticate().await.unwrap();
    let Remote { simulator, client, .. } = remote;
    simulator.shutdown().await;
    assert_eq!(client.conference("a").await.unwrap_err().class, Class::Unreached);
}

#[tokio::test]
async fn without_a_token_the_gate_hears_that_the_call_was_not_sent() {
    let remote = Remote::with([]).await;
    for (answer, class) in [
        (Answer::error("invalidClientIdOrSecret"), Class::CredentialsWrong),
        (Answer::Html, Class::Foreign),
        (raw(200, r#"{"accessToken":null}"#), Class::Foreign),
        (Answer::error("systemError"), Class::Unavailable),
    ] {
        assert_eq!(error(&remote, answer.clone()).await.class, class, "{answer:?}");
        assert_eq!(remote.gate_calls(), [GateCall::Admit(Endpoint::Conference), GateCall::Unsent(class)], "{answer:?}");
    }
    assert_eq!(remote.simulator.metered_calls(), 0);
}

#[tokio::test]
async fn no_error_shows_the_secret_or_the_token() {
    let remote = Remote::with([]).await;
    let secret = remote.simulator.app_secret();
    for answer in [Answer::error("invalidClientIdOrSecret"), Answer::Html, Answer::Reset] {
        let error = error(&remote, answer).await;
        let said = format!("{error} {error:?}");
        assert!(!said.contains(secret) && !said.contains("simulated0"), "{said}");
    }
}
