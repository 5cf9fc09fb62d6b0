//! The simulator's Stream mode, as a client of its own meets it: over a real WebSocket, on a clock that is stepped by
//! hand. What the archiver makes of events is tested elsewhere.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use recording_archiver::domain::clock::{Clock, Timestamp, VirtualClock};
use recording_archiver::simulator::{
    Answer, Behaviour, CreatedStatus, Endpoint, Event, EventTopic, Fault, Meeting, Noise, Organisation, Plan,
    PushAnswer, PushedEvent, Simulator, StreamBehaviour, StreamGateway, SystemFrames,
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::world::{MIDNIGHT, at, hours, meeting, minutes};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const SUBSCRIBED: &str = r#"[{"type":"EVENT","topic":"*"},{"type":"SYSTEM","topic":"ping"}]"#;

/// What a client says to each event.
#[derive(Clone, Copy)]
enum Says {
    Success,
    Later,
    Nothing,
}

/// A simulated organisation whose events a client listens to.
struct Far {
    simulator: Simulator,
    stream: StreamGateway,
    clock: Arc<VirtualClock>,
}

/// A connection, read by a task of its own.
struct Client {
    frames: Arc<Mutex<Vec<Value>>>,
    /// Ends with the connection, and says whether it was closed rather than reset.
    reading: JoinHandle<bool>,
}

impl Far {
    /// It is a minute to nine.
    async fn with(meetings: impl IntoIterator<Item = Meeting>, behaviour: StreamBehaviour) -> Self {
        let mut organisation = Organisation::empty();
        meetings.into_iter().for_each(|meeting| organisation.add(meeting));
        Self::of(organisation, behaviour).await
    }

    async fn of(organisation: Organisation, stream: StreamBehaviour) -> Self {
        let clock = Arc::new(VirtualClock::new(at(8, 59)));
        let behaviour = Behaviour { stream, ..Behaviour::default() };
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let handed = Arc::clone(&clock) as Arc<dyn Clock>;
        let simulator = Simulator::start(loopback, organisation, behaviour, handed).await.unwrap();
        Self { stream: simulator.stream(), simulator, clock }
    }

    /// Asks for a connection; the status, and the body as it came.
    async fn ask(&self, secret: &str, subscriptions: &str, accept: &str) -> (u16, String) {
        let body = format!(
            r#"{{"clientId":"{}","clientSecret":"{secret}","subscriptions":{subscriptions},"ua":"test","extras":null}}"#,
            self.simulator.app_key()
        );
        let url = self.simulator.base_url() + "/v1.0/gateway/connections/open";
        let answer = http().post(url).header("accept", accept).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Where a new ticket leads.
    async fn address(&self) -> String {
        let (status, body) = self.ask(self.simulator.app_secret(), SUBSCRIBED, "application/json").await;
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        format!("{}?ticket={}", body["endpoint"].as_str().unwrap(), body["ticket"].as_str().unwrap())
    }

    async fn connect(&self, says: Says) -> Client {
        let open = self.stream.open_connections();
        let (socket, _) = connect_async(self.address().await).await.unwrap();
        assert!(self.stream.connected(open + 1).await);
        let frames = Arc::new(Mutex::new(Vec::new()));
        let reading = tokio::spawn(read(socket, says, Arc::clone(&frames)));
        Client { frames, reading }
    }

    /// Delivers whatever is due until `until`, each thing at its time; then it is `until`.
    async fn until(&self, until: Timestamp) {
        self.simulator.deliver().await;
        while let Some(next) = self.simulator.next_push_at(self.clock.now()).filter(|next| *next <= until) {
            self.clock.advance_to(next);
            self.simulator.deliver().await;
        }
        self.clock.advance_to(until);
    }

    fn event(&self, conference_id: &str, n: usize) -> PushedEvent {
        let is_about = |event: &PushedEvent| event.conference_id.as_deref() == Some(conference_id);
        self.stream.events().into_iter().filter(is_about).nth(n).unwrap()
    }

    fn opens(&self) -> usize {
        self.simulator.calls().iter().filter(|call| call.endpoint == Endpoint::OpenConnection).count()
    }
}

impl Client {
    fn frames(&self) -> Vec<Value> {
        self.frames.lock().unwrap().clone()
    }

    /// The events that came, in order: the scene or the kind of each, and its meeting.
    fn events(&self) -> Vec<(String, String)> {
        let events = self.frames().into_iter().filter(|frame| frame["type"] == "EVENT").map(|frame| {
            let data = data(&frame);
            let scene = [&data["changeScene"], &data["minutesEventType"]].into_iter().find_map(Value::as_str).unwrap();
            (scene.to_owned(), data["openConfModel"]["conferenceId"].as_str().unwrap().to_owned())
        });
        events.collect()
    }

    fn scenes(&self) -> Vec<String> {
        self.events().into_iter().map(|(scene, _)| scene).collect()
    }
}

/// Reads until the connection ends.
async fn read(mut socket: Socket, says: Says, frames: Arc<Mutex<Vec<Value>>>) -> bool {
    while let Some(message) = socket.next().await {
        let text = match message {
            Ok(Message::Text(text)) => text,
            Ok(_) => continue,
            Err(tungstenite::Error::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionReset => return false,
            Err(_) => return true,
        };
        let frame: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        let is_ping = frame["headers"]["topic"] == "ping";
        frames.lock().unwrap().push(frame.clone());
        let (code, said) = match says {
            _ if is_ping => (200, frame["data"].clone()),
            _ if frame["type"] != "EVENT" => continue,
            Says::Success => (200, json!(r#"{"status":"SUCCESS"}"#)),
            Says::Later => (500, json!(r#"{"status":"LATER"}"#)),
            Says::Nothing => continue,
        };
        let headers = json!({"messageId": frame["headers"]["messageId"], "contentType": "application/json"});
        let answer = json!({"code": code, "headers": headers, "message": "OK", "data": said});
        if socket.send(Message::text(answer.to_string())).await.is_err() {
            return true;
        }
    }
    true
}

fn data(frame: &Value) -> Value {
    serde_json::from_str(frame["data"].as_str().unwrap()).unwrap()
}

fn http() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// When each push of an event was, in seconds after it was born.
fn pushed_after(event: &PushedEvent) -> Vec<u64> {
    event.pushes.iter().map(|push| push.at.since(event.born_at).as_secs()).collect()
}

fn plain() -> StreamBehaviour {
    StreamBehaviour::default()
}

/// A hand-made event.
fn made(n: usize, now: Timestamp) -> Event {
    Event {
        event_id: format!("made-{n}"),
        event_type: "meeting_status_change".to_owned(),
        conference_id: None,
        born_at: now,
        data: json!({"changeScene": "made", "openConfModel": {"conferenceId": "none"}}).to_string(),
    }
}

/// A hundred meetings of one day.
fn busy_day() -> Organisation {
    Organisation::generate(&Plan { seed: 7, meetings: 100, days: 1, first_day: MIDNIGHT })
}

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
}

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

#[tokio::test]
async fn a_burst_is_delivered_in_waves() {
    let far = Far::with([], StreamBehaviour { pushes_per_month: None, ..plain() }).await;
    let client = far.connect(Says::Success).await;
    for n in 0..5_000 {
        far.stream.push(made(n, far.clock.now()));
    }
    far.simulator.deliver().await;
    assert_eq!((client.frames().len(), far.stream.acknowledged()), (5_000, 5_000));
}
