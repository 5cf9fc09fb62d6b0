//! The simulator's Stream mode, as a client of its own meets it: over a real WebSocket, on a clock that is stepped by
//! hand. What the archiver makes of events is tested elsewhere.

mod connections;
mod events;
mod opening;
mod pushes;

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
