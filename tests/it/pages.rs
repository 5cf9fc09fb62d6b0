//! The pages' own samples, decoded; and ids of every kind, carried over the wire unharmed.
//!
//! The samples stand in `fixtures/`, a file a page. The pages of conference info and of play infos print none, nor do those
//! of meetings that are over: their files are made from the tables of fields, and the official SDK's.

use recording_archiver::dingtalk::Page;
use recording_archiver::domain::clock::Timestamp;
use recording_archiver::domain::conference::{ConferenceInfo, Sighting, Status};
use recording_archiver::domain::failure::Class;
use recording_archiver::domain::recording::Recording;
use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting};
use secrecy::{ExposeSecret, SecretString};

use crate::remote::Remote;
use crate::world::{World, at, hours, meeting, minutes};

async fn served(body: &str) -> Remote {
    let remote = Remote::with([]).await;
    remote.client.authenticate().await.unwrap();
    remote.next(Answer::Raw { status: 200, body: body.to_owned() });
    remote
}

#[tokio::test]
async fn the_sample_of_the_batch_query_is_read() {
    let remote = served(include_str!("fixtures/videoConferences-query.json")).await;
    let sightings = remote.client.query(&["607452e0xxx"]).await.unwrap();
    assert_eq!(sightings.len(), 1);
    assert_eq!(sightings[0].conference_id, "607452e0xxx");
    assert_eq!(
        (sightings[0].info.status, sightings[0].info.title.as_deref()),
        (Status::InProgress, Some("Sample meeting"))
    );
    assert_eq!(sightings[0].info.started_at, None, "the sample has none");
}

#[tokio::test]
async fn the_fields_of_conference_info_are_read() {
    let remote = served(include_str!("fixtures/videoConferences-get.json")).await;
    let text = |text: &str| Some(text.to_owned());
    let info = ConferenceInfo {
        status: Status::Ended,
        title: text("Sample meeting"),
        room_code: text("100200300"),
        schedule_conference_id: text("7777xxx"),
        biz_type: text("3"),
        creator_union_id: text("WFBkgxxx"),
        creator_nick: text("Colleague 1"),
        started_at: Some(Timestamp::from_millis(1_631_172_094_000)),
        ended_at: Some(Timestamp::from_millis(1_631_172_154_000)),
        duration_ms: Some(60_000),
        record_status: Some(3),
        record_owner_union_id: text("WFBkgyyy"),
    };
    assert_eq!(remote.client.conference("607452e0xxx").await.unwrap(), info);
}

#[tokio::test]
async fn the_fields_of_lists_of_past_meetings_are_read() {
    let text = |text: &str| Some(text.to_owned());
    let least = ConferenceInfo {
        status: Status::Ended,
        title: text("Sample meeting"),
        started_at: Some(Timestamp::from_millis(1_631_172_094_000)),
        ended_at: Some(Timestamp::from_millis(1_631_172_154_000)),
        ..ConferenceInfo::default()
    };
    let of_a_room = ConferenceInfo { room_code: text("100200300"), ..least.clone() };
    let created = |info: ConferenceInfo| ConferenceInfo {
        creator_union_id: text("WFBkgxxx"),
        creator_nick: text("Colleague 1"),
        ..info
    };
    let only = |page: Page| {
        let [Sighting { conference_id, info }] = page.sightings.try_into().unwrap();
        assert_eq!(conference_id, "607452e0xxx");
        (info, page.next_token)
    };
    let remote = served(include_str!("fixtures/roomCodes-infos.json")).await;
    let (info, next) = only(remote.client.room_conferences("100200300", 1, None).await.unwrap());
    let booked = ConferenceInfo {
        schedule_conference_id: text("7777xxx"),
        biz_type: text("3"),
        duration_ms: Some(60_000),
        ..created(of_a_room.clone())
    };
    assert_eq!((info, next), (booked, text("1")));
    let remote = served(include_str!("fixtures/scheduleConferences.json")).await;
    assert_eq!(only(remote.client.booked_conferences("7777xxx", 1, None).await.unwrap()), (of_a_room, None));
    let remote = served(include_str!("fixtures/histories-dataLists.json")).await;
    let from = Timestamp::from_millis(1_631_172_000_000);
    let listed = remote.client.histories(from, from + hours(1), 1, None).await.unwrap();
    assert_eq!(only(listed), (created(least), text("2")));
    let remote = served(include_str!("fixtures/scheduleConferences-infos.json")).await;
    assert_eq!(remote.client.booked_room_code("7777xxx", "u").await.unwrap(), text("100200300"));
}

#[tokio::test]
async fn the_sample_of_the_list_of_videos_is_read_and_kept_as_sent() {
    let body = include_str!("fixtures/getVideos.json");
    let remote = served(body).await;
    let list = remote.client.videos("6139b4xxx", "WFBkxxx").await.unwrap();
    let started_at = Some(Timestamp::from_millis(1_631_172_094_000));
    let (from, to) = (body.rfind('{').unwrap(), body.find('}').unwrap());
    let recording = Recording {
        media_id: "faa1566c5bc24f21821ae2394f82db2e".to_owned(),
        record_id: Some("290882268xxx1172033231".to_owned()),
        recorder_union_id: Some("WFBkgJvtxxxxtSaA1jK4sgiEiE".to_owned()),
        record_type: Some(1),
        started_at,
        ended_at: started_at,
        duration_ms: Some(59_886),
        file_size: Some(1_127_942),
        region_id: Some("cn-shenzhen".to_owned()),
        raw: body[from..=to].to_owned(),
    };
    assert_eq!((list.recordings, list.without_media_id), (vec![recording], 0));
}

#[tokio::test]
async fn the_fields_of_play_infos_are_read_whatever_the_size_is_called() {
    let body = include_str!("fixtures/getPlayInfos.json");
    for body in [body.to_owned(), body.replace("fileSize", "size")] {
        let remote = served(&body).await;
        let info = remote.client.play_infos("6139b4xxx", "44444444", Some("cn-shenzhen"), "WFBkgJvxxx").await.unwrap();
        let exposed = |url: &Option<SecretString>| url.as_ref().map(|url| url.expose_secret().to_owned());
        assert_eq!(exposed(&info.play_url).as_deref(), Some("https://video.example/44444444.m3u8?auth_key=xxx"));
        assert_eq!(exposed(&info.mp4_file_url).as_deref(), Some("https://video.example/44444444.mp4?auth_key=xxx"));
        assert_eq!((info.file_size, info.duration_ms, info.status), (Some(1_127_942), Some(59_886), Some(1)));
        assert!(!format!("{info:?}").contains("auth_key"), "{info:?}");
    }
}

#[tokio::test]
async fn a_video_is_played_to_whoever_may_see_it_and_with_what_the_list_says_of_it() {
    let remote = Remote::with([meeting("a").creator("host").refuses("guest").recorded(minutes(1))]).await;
    let played = async |media_id: &str, region_id: Option<&str>, union_id: &str| {
        let info = remote.client.play_infos("a", media_id, region_id, union_id).await;
        info.map(|info| info.file_size).map_err(|error| error.class)
    };
    let size = remote.simulator.with_organisation(|all| all.meeting("a").unwrap().recordings[0].file_size);
    assert_eq!(played("media-a-0", Some("cn-shenzhen"), "host").await, Err(Class::NothingRecorded), "it goes on");
    remote.clock.advance_to(at(12, 0));
    assert_eq!(played("media-a-0", Some("cn-shenzhen"), "host").await, Ok(Some(size)));
    assert_eq!(played("media-a-0", Some("cn-shenzhen"), "guest").await, Err(Class::PermissionDenied));
    assert_eq!(played("media-a-1", Some("cn-shenzhen"), "host").await, Err(Class::NothingRecorded));
    assert_eq!(played("media-a-0", Some("ap-singapore"), "host").await, Err(Class::RequestWrong));
    assert_eq!(played("media-a-0", None, "host").await, Err(Class::RequestWrong));
}

#[tokio::test]
async fn the_samples_of_starting_and_stopping_are_success() {
    let remote = served(include_str!("fixtures/cloudRecords-start.json")).await;
    remote.client.record_start("a", "WFBkgxxx", Some("speech"), Some("relative_right")).await.unwrap();
    remote.next(Answer::Raw { status: 200, body: include_str!("fixtures/cloudRecords-stop.json").to_owned() });
    remote.client.record_stop("a", "WFBkgxxx").await.unwrap();
}

#[tokio::test]
async fn a_recording_is_started_and_stopped_by_the_host_only() {
    let remote = Remote::with([Meeting::sample("a", at(9, 0), at(10, 0)).creator("host")]).await;
    let refused = remote.client.record_start("a", "guest", None, None).await.unwrap_err();
    assert_eq!(
        (refused.class, refused.code.to_string().as_str()),
        (Class::RecordRefused, "recordStartPermissionError")
    );
    remote.client.record_start("a", "host", Some("grid"), Some("float_bottom")).await.unwrap();
    let again = remote.client.record_start("a", "host", None, None).await.unwrap_err();
    assert_eq!(again.code.to_string(), "recordStartError");
    remote.client.record_stop("a", "host").await.unwrap();
    assert_eq!(remote.client.conference("a").await.unwrap().record_status, Some(3));
}

#[tokio::test]
async fn an_id_arrives_as_the_very_id_it_is() {
    let ids = [
        "607452e0xxxxxxxxe39609e1",
        "a/b",
        "../../x?y#z",
        "%2e%2e",
        "%2F",
        "100%",
        "会议一号",
        "a;b=c&d=e+f",
        "\"'<>\\^`{|}",
        "a:b@c",
        "...",
    ];
    for id in ids {
        let remote = Remote::with([Meeting::sample(id, at(9, 0), at(10, 0)).titled(id).creator("host&=?/会")]).await;
        assert_eq!(remote.client.conference(id).await.unwrap().title.as_deref(), Some(id));
        assert_eq!(remote.client.query(&[id]).await.unwrap()[0].conference_id, id);
        let none = remote.client.videos(id, "host&=?/会").await.unwrap_err();
        assert_eq!(none.class, Class::NothingRecorded, "{id}: {none}");
        remote.client.record_start(id, "host&=?/会", None, None).await.unwrap();
        remote.client.record_stop(id, "host&=?/会").await.unwrap();
        let calls = remote.simulator.calls();
        let about: Vec<_> = calls.iter().filter(|call| call.endpoint != Endpoint::AccessToken).collect();
        assert_eq!(about.len(), 5, "{id}: every call found its page");
        assert!(about.iter().all(|call| call.conference_ids == [id]), "{id}: {about:?}");
        assert_eq!(remote.client.user_conferences("host&=?/会").await.unwrap(), [id]);
    }
}

#[tokio::test]
async fn a_conference_whose_list_of_videos_is_left_out_is_unrecorded() {
    let world = World::with([meeting("a")]).config(|config| config.collect.give_up_after = hours(2)).start().await;
    world.fault(Fault::new(Answer::Raw { status: 200, body: "{}".to_owned() }).on(Endpoint::GetVideos));
    world.until(at(13, 0)).await;
    assert_eq!(world.state("a").await, "unrecorded");
    assert_eq!(world.number("SELECT count(*) FROM api_calls WHERE outcome = 'foreign'").await, 0);
}
