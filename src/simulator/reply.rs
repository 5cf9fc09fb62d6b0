//! What the wire makes of a reply: the right answer, half of it, or nothing.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::gateway::Reply;
use super::stream::xml;

pub(super) async fn deliver(reply: Reply, stop: &CancellationToken) -> Response {
    let half = reply.body.len() / 2;
    match &reply.spoilt_by {
        Some(Answer::Truncated) => {
            let bytes = Bytes::copy_from_slice(&reply.body.as_bytes()[..half]);
            respond(&reply, Body::from(bytes))
        }
        Some(Answer::Cut) => {
            let bytes = Bytes::copy_from_slice(&reply.body.as_bytes()[..half]);
            // The pause lets the first half leave before the connection breaks.
            let broken = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::ErrorKind::ConnectionReset)
            });
            let mut response = respond(&reply, Body::from_stream(stream::iter([Ok(bytes)]).chain(broken).map(to_io)));
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(reply.body.len()));
            response
        }
        Some(Answer::Reset) => {
            // A body that fails before its first byte takes the headers with it: nothing has left yet.
            let broken = stream::iter([Err::<Bytes, _>(io::ErrorKind::ConnectionReset)]);
            respond(&reply, Body::from_stream(broken.map(to_io)))
        }
        Some(Answer::Hang(duration)) => {
            // Ends early when the simulator stops: nobody is left to wait for it.
            let _ = timeout(*duration, stop.cancelled()).await;
            respond(&reply, Body::from(reply.body.clone()))
        }
        Some(Answer::Endless) => {
            let spaces = Bytes::from_static(&[b' '; 16 * 1024]);
            let endless = stream::repeat_with(move || Ok::<_, io::Error>(spaces.clone()));
            let endless = endless.take_until(stop.clone().cancelled_owned());
            respond(&reply, Body::from_stream(endless))
        }
        _ => respond(&reply, Body::from(reply.body.clone())),
    }
}

/// A line that broke off: nothing comes any more, for as long as somebody waits.
pub(super) async fn silence(stop: &CancellationToken) -> Response {
    stop.cancelled().await;
    Response::default()
}

/// This API writes XML to whoever does not ask for JSON.
pub(super) fn write_as_accepted(reply: &mut Reply, headers: &HeaderMap) {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("application/json")) {
        return;
    }
    if let Ok(body) = serde_json::from_str(&reply.body) {
        reply.body = xml(&body);
    }
}

fn respond(reply: &Reply, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = match reply.body.as_str() {
        body if body.starts_with("<?xml") => "application/xml;charset=utf-8",
        body if body.starts_with('<') => "text/html; charset=utf-8",
        _ => "application/json;charset=utf-8",
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(seconds) = reply.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn to_io(piece: Result<Bytes, io::ErrorKind>) -> io::Result<Bytes> {
    piece.map_err(io::Error::from)
}
