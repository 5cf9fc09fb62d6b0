//! Stream mode: a connection over which DingTalk pushes events.
//!
//! `POST /v1.0/gateway/connections/open` answers an address and a ticket; a WebSocket to that address is the connection.
//! A ticket opens one connection, and is a secret.

mod frame;

use std::net::IpAddr;

use futures_util::{FutureExt, SinkExt, StreamExt};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

pub use self::frame::{Frame, Verdict, decode as decode_frame};
use super::client::{Call, Client};
use super::decode;
use super::error::Error;
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::{Class, OwnCode};

/// No frame of DingTalk's is longer.
const LONGEST_FRAME_BYTES: usize = 256 * 1024;

/// An open connection.
#[derive(Debug)]
pub struct Connection(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// Where a connection is opened, with its ticket.
struct Address(SecretString);

impl Client {
    /// Opens a connection: one metered call, and a WebSocket.
    pub async fn open_stream(&self) -> Result<Connection, Error> {
        let credentials = self.credentials();
        let body = json!({
            "clientId": credentials.app_key,
            "clientSecret": credentials.app_secret.expose_secret(),
            // Which events come is ticked in the developer console.
            "subscriptions": [{ "type": "EVENT", "topic": "*" }],
            "ua": concat!("recording-archiver/", env!("CARGO_PKG_VERSION")),
        });
        let call = Call::post(Endpoint::StreamOpen, vec!["v1.0", "gateway", "connections", "open"], body);
        let Address(address) = self.call_unsigned(&call, decode).await?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(LONGEST_FRAME_BYTES))
            .max_frame_size(Some(LONGEST_FRAME_BYTES));
        let connecting = connect_async_with_config(address.expose_secret(), Some(config), true);
        match timeout(self.request_timeout(), connecting).await {
            Ok(Ok((socket, _))) => Ok(Connection(socket)),
            Ok(Err(error)) => Err(unreached(Class::Unreached, OwnCode::Unreached, &in_words(&error))),
            Err(_) => Err(unreached(Class::TimedOut, OwnCode::Timeout, "the WebSocket was not opened in time")),
        }
    }
}

fn unreached(class: Class, code: OwnCode, what: &str) -> Error {
    Error::own(Endpoint::StreamOpen, class, code, what)
}

/// What went wrong, without the address: the ticket is in there.
fn in_words(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Io(error) => error.to_string(),
        tungstenite::Error::Http(response) => format!("the gateway answered HTTP {}", response.status().as_u16()),
        tungstenite::Error::Tls(error) => format!("TLS: {error}"),
        tungstenite::Error::Protocol(error) => error.to_string(),
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => "it was closed".to_owned(),
        tungstenite::Error::Capacity(error) => error.to_string(),
        _ => "the WebSocket failed".to_owned(),
    }
}

fn decode(status: u16, body: &str) -> Result<Address, Error> {
    let answer = decode::answer(Endpoint::StreamOpen, status, body)?;
    let ticket = answer.required(answer.fields.text("ticket"), "ticket")?;
    let endpoint = answer.required(answer.fields.text("endpoint"), "endpoint")?;
    let endpoint = Url::parse(&endpoint).ok().filter(is_safe);
    let mut address = answer.required(endpoint, "an endpoint of wss://, or of ws:// on loopback")?;
    address.query_pairs_mut().append_pair("ticket", &ticket);
    Ok(Address(String::from(address).into()))
}

/// Whether a ticket may be sent there: encrypted, or to this machine.
fn is_safe(endpoint: &Url) -> bool {
    let is_loopback = || {
        let host = endpoint.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    match endpoint.scheme() {
        "wss" => endpoint.has_host(),
        "ws" => is_loopback(),
        _ => false,
    }
}

impl Connection {
    /// Waits for the next frame; `None` for one that says nothing to us. Dropping it loses nothing. An error, in words, is the
    /// end of the connection.
    pub async fn next(&mut self) -> Result<Option<Frame>, String> {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => Ok(frame::decode(text.as_str())),
            Some(Ok(Message::Binary(bytes))) => Ok(std::str::from_utf8(&bytes).ok().and_then(frame::decode)),
            // A WebSocket ping is answered by the library.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
            Some(Ok(Message::Close(_))) | None => Err("DingTalk closed the connection".to_owned()),
            Some(Err(error)) => Err(format!("the connection was lost: {}", in_words(&error))),
        }
    }

    /// The next frame, if it has come already.
    pub fn next_now(&mut self) -> Option<Result<Option<Frame>, String>> {
        self.next().now_or_never()
    }

    /// Answers a frame.
    pub async fn answer(&mut self, message_id: &str, verdict: Verdict<'_>) -> Result<(), String> {
        self.send(Message::text(frame::answer(message_id, verdict))).await
    }

    /// Asks whether anybody is there.
    pub async fn ping(&mut self) -> Result<(), String> {
        self.send(Message::Ping(Vec::new().into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), String> {
        self.0.send(message).await.map_err(|error| format!("the connection was lost: {}", in_words(&error)))
    }

    /// Closes it.
    pub async fn close(mut self) {
        let _ = self.0.close(None).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_goes_out_encrypted_or_stays_on_this_machine() {
        let opened = |endpoint: &str| {
            let body = json!({ "endpoint": endpoint, "ticket": "a&b" }).to_string();
            decode(200, &body).map(|Address(address)| address.expose_secret().to_owned()).ok()
        };
        let wss = opened("wss://wss-open-connection.dingtalk.com:443/connect");
        assert_eq!(wss.as_deref(), Some("wss://wss-open-connection.dingtalk.com/connect?ticket=a%26b"));
        for loopback in ["ws://127.0.0.1:8080/connect", "ws://localhost:8080/connect", "ws://[::1]:8080/connect"] {
            assert!(opened(loopback).is_some(), "{loopback}");
        }
        for unsafe_one in ["ws://192.0.2.7/connect", "http://127.0.0.1/connect", "nowhere", "ws:///connect"] {
            assert!(opened(unsafe_one).is_none(), "{unsafe_one}");
        }
    }
}
