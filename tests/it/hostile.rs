//! Hostile input, from the wire to the catalog: what came is kept as it came, and costs its neighbours nothing.

use recording_archiver::domain::failure::Class;
use recording_archiver::simulator::{Answer, Endpoint, Fault};

use crate::remote::Remote;
use crate::world::{World, at, hours, meeting, minutes};

fn raw(body: &str) -> Answer {
    Answer::Raw { status: 200, body: body.to_owned() }
}

/// Nested `depth` deep.
fn deep(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

#[tokio::test]
async fn a_title_is_kept_as_it_came_whatever_it_does_elsewhere() {
    let flood = "会议".repeat(10 * 1024 * 1024 / 6);
    let titles = [
        "\u{1b}[2J\u{9b}31mAlarm\u{7}",
        "invoice\u{202e}gpj.exe\u{2066}",
        "a\u{0}b",
        "=cmd|' /C calc'!A0",
        "-2+3",
        "'; DROP TABLE conferences; --",
        "zalgo\u{311}\u{312}\u{313}\u{e0041}\u{200d}",
        " \r\n\t ",
        &flood,
    ];
    let ids: Vec<String> = (0..titles.len()).map(|n| format!("meeting-{n}")).collect();
    let meetings = ids.iter().zip(titles).map(|(id, title)| meeting(id).titled(title).recorded(minutes(1)));
    let world = World::with(meetings).config(|config| config.dingtalk.request_timeout = minutes(1)).start().await;
    world.until(at(12, 0)).await;
    for (id, title) in ids.iter().zip(titles) {
        let row = world.conference(id).await;
        assert_eq!(row.state, "archived", "{id}");
        // At a NUL, SQLite's own tools would end it.
        assert!(row.title == Some(title.replace('\0', "\u{fffd}")), "{id}");
    }
    let lengths = world.words("SELECT length(title) || '' FROM conferences WHERE conference_id = 'meeting-2'").await;
    assert_eq!(lengths, ["3"], "another program finds all of it");
}

#[tokio::test]
async fn an_odd_video_costs_itself_and_no_other() {
    let nested = format!(r#"{{"mediaId":"deep","more":{}}}"#, deep(100_000));
    let odd = [
        r#"{"mediaId":"good","fileSize":1}"#,
        nested.as_str(),
        r#"{"mediaId":"../../x?y#z","fileSize":1.127942E6,"duration":-1,"startTime":18446744073709551616}"#,
        r#"{"mediaId":"nul\u0000","recordId":{"a":[]},"duration":"x","fileSize":1e400,"recordType":true}"#,
        r#"{"mediaId":"first","mediaId":"twice","fileSize":9223372036854775807}"#,
        r#"{"mediaId":17}"#,
        r#"{"mediaId":" "}"#,
    ];
    let nameless = [
        r#"{"mediaId":""}"#,
        r#"{"mediaId":"half \ud800"}"#,
        r#"{"mediaId":null}"#,
        r#"{"mediaId":["a"]}"#,
        "null",
        "7",
        r#""x""#,
        "[[]]",
    ];
    let sent = odd.iter().chain(&nameless).copied().collect::<Vec<_>>().join(",");
    let world = World::with([meeting("a")]).config(|config| config.collect.give_up_after = hours(2)).start().await;
    world.fault(Fault::new(raw(&format!(r#"{{"videoList":[{sent}]}}"#))).on(Endpoint::GetVideos));
    world.until(at(13, 0)).await;
    assert_eq!(world.state("a").await, "archived");
    let mut rows = world.recordings("a").await;
    rows.sort_by_key(|row| odd.iter().position(|video| *video == row.raw));
    let ids: Vec<_> = rows.iter().map(|row| row.media_id.as_str()).collect();
    assert_eq!(ids, ["good", "deep", "../../x?y#z", "nul\u{fffd}", "twice", "17", " "]);
    assert!(rows.iter().zip(odd).all(|(row, video)| row.raw == video), "each is kept as it came");
    assert_eq!((rows[2].file_size, rows[2].duration_ms, rows[2].started_at), (Some(1_127_942), Some(-1), None));
    assert_eq!((rows[3].file_size, rows[3].record_id.as_deref()), (None, None));
    assert_eq!(rows[4].file_size, Some(i64::MAX));
}

#[tokio::test]
async fn an_odd_entry_of_a_listing_costs_itself_and_no_id_is_asked_about_elsewhere() {
    let entry = |id: &str| format!(r#"{{"conferenceId":"{id}","status":2,"title":"\ud800"}}"#);
    let entries = [".", "..", "", "a b", "nul\\u0000", "../../x?y#z", &"x".repeat(300), "good"].map(entry).join(",");
    let body = format!(
        r#"{{"onGoingConfList":[null,7,{},[],{{"conferenceId":{}}},{entries}],"hasMore":false}}"#,
        deep(10),
        deep(1_000)
    );
    let world = World::with([meeting("good"), meeting("../../x?y#z")]).listing().starting(at(9, 1)).start().await;
    world.fault(Fault::new(raw(&body)).on(Endpoint::OrgConferences));
    world.until(at(9, 30)).await;
    let known = world.words("SELECT conference_id FROM conferences WHERE title IS NULL ORDER BY 1").await;
    assert_eq!(known, ["../../x?y#z", "good"]);
    world.simulator.faults().clear();
    world.until(at(11, 0)).await;
    assert!(!world.asked(Endpoint::ConferenceInfo, "../../x?y#z").is_empty());
    let calls = world.simulator.calls();
    let unknown = calls.iter().flat_map(|call| &call.conference_ids).find(|id| !known.contains(id));
    assert_eq!(unknown, None, "nothing else was asked about");
}

#[tokio::test]
async fn a_users_odd_list_and_an_odd_answer_of_the_batch_query_lose_no_good_entry() {
    let remote = Remote::with([]).await;
    remote.client.authenticate().await.unwrap();
    remote.next(raw(&format!(
        r#"{{"onGoingConfIdList":["a",null,{},"",{{}},7,"\udc00"],"memberModelMap":[]}}"#,
        deep(100_000)
    )));
    assert_eq!(remote.client.user_conferences("u").await.unwrap(), ["a", "7"]);
    remote.next(raw(r#"{"infos":[1,{"conferenceId":"a","conferenceId":"b","status":"2"},{"conferenceId":[]},null]}"#));
    let shown = remote.client.query(&["a", "b"]).await.unwrap();
    assert_eq!(shown.iter().map(|sighting| sighting.conference_id.as_str()).collect::<Vec<_>>(), ["b"]);
}

#[tokio::test]
async fn a_conference_whose_title_cannot_be_read_ends_all_the_same() {
    let world = World::with([meeting("a").recorded(minutes(1))]).start().await;
    let info = format!(r#"{{"confInfo":{{"status":0,"title":{},"status":1,"creatorId":"u"}}}}"#, deep(1_000_000));
    world.fault(Fault::new(raw(&info)).on(Endpoint::ConferenceInfo).from(at(10, 0)));
    world.until(at(12, 0)).await;
    assert_eq!(world.state("a").await, "archived");
}

#[tokio::test]
async fn a_union_id_without_end_does_not_stand_in_the_way_of_the_next() {
    let flood = "x".repeat(100_000);
    let flooded = meeting("a").creator(&flood).owner(&flood).recorded(minutes(1));
    let world = World::with([flooded, meeting("b").recorded(minutes(1))])
        .config(|config| config.dingtalk.fallback_union_id = Some("WFBkgxxx".to_owned()))
        .start()
        .await;
    world.until(at(12, 0)).await;
    assert_eq!([world.state("a").await, world.state("b").await], ["archived", "archived"]);
    assert_eq!(world.conference("a").await.creator_union_id.as_deref(), Some(flood.as_str()), "it is kept as it came");
    let asked = world.asked(Endpoint::GetVideos, "a");
    assert!(asked.iter().all(|call| call.union_id.as_deref() == Some("WFBkgxxx")), "{} calls", asked.len());
}

#[tokio::test]
async fn an_id_that_an_address_swallows_is_said_and_asked_about_nowhere() {
    let remote = Remote::with([]).await;
    remote.client.authenticate().await.unwrap();
    let before = remote.simulator.calls().len();
    for id in ["", ".", "..", "a\tb", "a\nb"] {
        let error = remote.client.conference(id).await.unwrap_err();
        assert_eq!((error.class, error.code.to_string().as_str()), (Class::RequestWrong, "address"), "{id:?}");
        assert!(error.to_string().contains("cannot stand in an address"), "{error}");
    }
    assert_eq!(remote.simulator.calls().len(), before);
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_not_kept() {
    for token in [r#""a\nb""#, r#""""#, r#""会""#, &format!("\"{}\"", "x".repeat(100_000)), "{}", "null"] {
        let remote = Remote::with([meeting("a")]).await;
        remote.next(raw(&format!(r#"{{"accessToken":{token},"expireIn":7200}}"#)));
        assert_eq!(remote.client.conference("a").await.unwrap_err().class, Class::Foreign, "{token:.20}");
        remote.client.conference("a").await.unwrap();
    }
}

#[tokio::test]
async fn an_error_is_read_in_several_spellings_at_once() {
    let remote = Remote::with([]).await;
    remote.client.authenticate().await.unwrap();
    remote.next(raw(
        r#"{"code":"roomNotFound","Code":"x","requestid":"0A1B","requestId":"0A1B","message":[],"msg":"words","code":"noPermission"}"#,
    ));
    let error = remote.client.conference("a").await.unwrap_err();
    assert_eq!((error.class, error.code.to_string().as_str()), (Class::PermissionDenied, "noPermission"));
    assert_eq!((error.message.as_str(), error.request_id.as_deref()), ("words", Some("0A1B")));
}
