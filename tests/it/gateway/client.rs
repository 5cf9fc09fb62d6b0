//! A client of Stream mode: asks for a connection, reads what comes over it, and answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use recording_archiver::simulator::Simulator;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) const SUBSCRIBED: &str = r#"[{"type":"EVENT","topic":"*"},{"type":"SYSTEM","topic":"ping"}]"#;

/// What a client says to each event.
#[derive(Clone, Copy)]
pub(crate) enum Says {
    Success,
    Later,
    Nothing,
}

/// A connection, read by a task of its own.
pub(crate) struct Client {
    pub(super) frames: Arc<Mutex<Vec<Value>>>,
    /// Ends with the connection, and says whether it was closed rather than reset.
    pub(crate) reading: JoinHandle<bool>,
}

/// Asks for a connection; the status, and the body as it came. `None` if nobody answers.
pub(super) async fn ask(
    simulator: &Simulator,
    secret: &str,
    subscriptions: &str,
    accept: &str,
) -> Option<(u16, String)> {
    let body = format!(
        r#"{{"clientId":"{}","clientSecret":"{secret}","subscriptions":{subscriptions},"ua":"test","extras":null}}"#,
        simulator.app_key()
    );
    let url = simulator.base_url() + "/v1.0/gateway/connections/open";
    let answer = http().post(url).header("accept", accept).body(body).send().await.ok()?;
    Some((answer.status().as_u16(), answer.text().await.ok()?))
}

/// Where a new ticket leads; `None` if there is none to be had.
pub(super) async fn address(simulator: &Simulator) -> Option<String> {
    let (_, body) = ask(simulator, simulator.app_secret(), SUBSCRIBED, "application/json").await?;
    let body: Value = serde_json::from_str(&body).ok()?;
    Some(format!("{}?ticket={}", body["endpoint"].as_str()?, body["ticket"].as_str()?))
}

impl Client {
    /// `None` if no connection is to be had.
    pub(crate) async fn connect(simulator: &Simulator, says: Says) -> Option<Self> {
        let open = simulator.stream().open_connections();
        let (socket, _) = connect_async(address(simulator).await?).await.ok()?;
        assert!(simulator.stream().connected(open + 1).await);
        let frames = Arc::new(Mutex::new(Vec::new()));
        let reading = tokio::spawn(read(socket, says, Arc::clone(&frames)));
        Some(Self { frames, reading })
    }

    pub(super) fn frames(&self) -> Vec<Value> {
        self.frames.lock().unwrap().clone()
    }

    /// The events that came, in order: the scene or the kind of each, and its meeting.
    pub(super) fn events(&self) -> Vec<(String, String)> {
        let events = self.frames().into_iter().filter(|frame| frame["type"] == "EVENT").map(|frame| {
            let data = data(&frame);
            let scene = [&data["changeScene"], &data["minutesEventType"]].into_iter().find_map(Value::as_str).unwrap();
            (scene.to_owned(), data["openConfModel"]["conferenceId"].as_str().unwrap().to_owned())
        });
        events.collect()
    }

    pub(super) fn scenes(&self) -> Vec<String> {
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

pub(super) fn data(frame: &Value) -> Value {
    serde_json::from_str(frame["data"].as_str().unwrap()).unwrap()
}

fn http() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3)).build().unwrap()
}
