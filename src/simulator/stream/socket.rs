//! The WebSocket: what is in the outbox goes down, what comes up is handed on. It takes real time, and decides nothing.

use std::collections::HashMap;
use std::future::pending;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{mpsc, watch};

use crate::simulator::line::Reset;
use crate::simulator::server::{Served, lock};

/// The official clients send and take no longer ones.
const FRAME_BYTES: usize = 256 * 1024;

/// Opens the connection of a ticket.
pub(in crate::simulator) async fn connect(
    State(served): State<Served>,
    ConnectInfo(reset): ConnectInfo<Reset>,
    Query(query): Query<HashMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let ticket = query.get("ticket").map(String::as_str).unwrap_or_default();
    let redeemed = lock(&served.gateway).redeem_ticket(ticket);
    match redeemed {
        None => (StatusCode::UNAUTHORIZED, "this ticket was used, has expired or was never issued").into_response(),
        Some(takes_events) => upgrade
            .max_message_size(FRAME_BYTES)
            .max_frame_size(FRAME_BYTES)
            .on_upgrade(move |socket| serve(socket, served, reset, takes_events)),
    }
}

async fn serve(socket: WebSocket, served: Served, reset: Reset, takes_events: bool) {
    let side = lock(&served.gateway).connection_opened(takes_events);
    let (down, up) = socket.split();
    let is_reset = async {
        side.reset.cancelled().await;
        // Before the socket is dropped, which happens at the end of the selection.
        reset.arm();
    };
    tokio::select! {
        // In this order: a connection that is reset has no outbox any more either.
        biased;
        () = served.stop.cancelled() => {}
        () = is_reset => {}
        () = write(down, side.outbox) => {}
        () = read(up, side.silent, &served, side.number) => {}
    }
    lock(&served.gateway).connection_closed(side.number);
}

async fn write(mut down: SplitSink<WebSocket, Message>, mut outbox: mpsc::Receiver<String>) {
    while let Some(frame) = outbox.recv().await {
        if down.send(Message::text(frame)).await.is_err() {
            return;
        }
    }
}

async fn read(mut up: SplitStream<WebSocket>, mut silent: watch::Receiver<bool>, served: &Served, number: u64) {
    loop {
        // Of a silent connection nothing is read, so that no pong leaves either.
        if silent.wait_for(|silent| !silent).await.is_err() {
            // It is to be closed, which happens when the outbox is empty.
            return pending().await;
        }
        tokio::select! {
            _ = silent.changed() => {}
            frame = up.next() => match frame {
                Some(Ok(Message::Text(text))) => lock(&served.gateway).frame_received(number, &text),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}
