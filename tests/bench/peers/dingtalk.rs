//! What that DingTalk answers.
//!
//! Every conference that it is asked about exists: it ended in the summer of 2025, and has one recording or two. It
//! checks no token, refuses no rate and remembers nothing.

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use axum::body::{Body, to_bytes};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The first of the meetings begins here, 2025-06-15; the last a month later.
const FIRST_START_MS: u64 = 1_750_000_000_000;
const MONTH_SECONDS: u64 = 30 * 24 * 3_600;

/// More than any batch of ids has.
const MOST_BYTES: usize = 1024 * 1024;

/// Serves whoever connects, until it is dropped.
pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(respond));
        // How it ended concerns only the client.
        tokio::spawn(async { drop(connection.await) });
    }
}

async fn respond(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    // A connection serves on only if the body was read.
    let _ = to_bytes(Body::new(body), MOST_BYTES).await;
    let (status, answer) = match answer(&head.method, head.uri.path()) {
        Some(answer) => (StatusCode::OK, answer.to_string()),
        None => (StatusCode::NOT_FOUND, r#"{"code":"InvalidAction.NotFound","message":"no such page"}"#.to_owned()),
    };
    let mut response = Response::new(Body::from(answer));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn answer(method: &Method, path: &str) -> Option<Value> {
    if path == "/v1.0/oauth2/accessToken" {
        return Some(json!({ "accessToken": "0123456789abcdef0123456789abcdef", "expireIn": 7_200 }));
    }
    let conference = path.strip_prefix("/v1.0/conference/videoConferences/")?;
    if method == Method::POST {
        // Only meetings in progress can be queried, and there is none.
        return (conference == "query").then(|| json!({ "infos": [] }));
    }
    match conference.split_once('/') {
        None => Some(Meeting::of(conference).info()),
        Some((conference, "cloudRecords/getVideos")) => Some(Meeting::of(conference).videos()),
        Some(_) => None,
    }
}

/// A meeting that is over. Everything about it follows from its id.
struct Meeting<'a> {
    conference_id: &'a str,
    seed: u64,
    started_at: u64,
    duration_ms: u64,
}

impl<'a> Meeting<'a> {
    fn of(conference_id: &'a str) -> Self {
        let mut hasher = DefaultHasher::new();
        conference_id.hash(&mut hasher);
        let seed = hasher.finish();
        let started_at = FIRST_START_MS + seed % MONTH_SECONDS * 1_000;
        Self { conference_id, seed, started_at, duration_ms: 600_000 + seed % 3_000_000 }
    }

    fn creator(&self) -> String {
        format!("WFBkgJvtxxxxtSaA1jK4s{:05}", self.seed % 200)
    }

    fn info(&self) -> Value {
        let room_code = (self.seed % 900_000_000 + 100_000_000).to_string();
        json!({ "confInfo": {
            "conferenceId": self.conference_id,
            "title": format!("Weekly of team {}", self.seed % 200),
            "status": 1,
            "startTime": self.started_at,
            "endTime": self.started_at + self.duration_ms,
            "confDuration": self.duration_ms,
            "creatorId": self.creator(),
            "creatorNick": format!("Colleague {}", self.seed % 200),
            "activeNum": 0,
            "attendNum": 3,
            "invitedNum": 3,
            "externalLinkUrl": format!("https://meeting.example/{room_code}"),
            "roomCode": room_code,
            "scheduleConferenceId": self.seed.to_string(),
            "bizType": "3",
            "cloudRecordStatus": 3,
            "cloudRecordOwnerUnionId": self.creator(),
            "extensionAppSettings": [
                { "appId": "1111", "appCode": "xxx", "autoOpenMode": 0, "extensionAppBizData": "" }
            ],
        } })
    }

    fn videos(&self) -> Value {
        let video = |record_type: u64| {
            json!({
                "recordId": self.seed.to_string(),
                "mediaId": format!("{:016x}{record_type:016x}", self.seed),
                "unionId": self.creator(),
                "recordType": record_type,
                "startTime": self.started_at,
                "endTime": self.started_at + self.duration_ms,
                "duration": self.duration_ms,
                "fileSize": self.duration_ms * 19,
                "regionId": "cn-shenzhen",
            })
        };
        json!({ "videoList": (0..=self.seed % 2).map(video).collect::<Vec<_>>() })
    }
}
