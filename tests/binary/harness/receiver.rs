//! One who is told: an address on loopback that keeps what is posted to it.

use std::collections::VecDeque;
use std::future::pending;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::eventually;

/// How it takes a message.
#[derive(Clone)]
pub(crate) enum Takes {
    /// It answers so.
    With(u16, String),
    /// It never answers.
    Never,
}

/// It stops when it is dropped.
pub(crate) struct Receiver {
    address: String,
    posted: Arc<Mutex<Vec<(Uri, Value)>>>,
    _runtime: Runtime,
}

impl Receiver {
    /// It takes the first messages like this, and all others as a robot takes what it likes.
    pub(crate) fn taking(takes: impl IntoIterator<Item = Takes>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let posted = Arc::<Mutex<Vec<(Uri, Value)>>>::default();
        let takes = Mutex::new(takes.into_iter().collect::<VecDeque<_>>());
        let (noted, takes) = (Arc::clone(&posted), Arc::new(takes));
        let router = Router::new().fallback(async move |method: Method, uri: Uri, body: String| {
            assert_eq!(method, Method::POST);
            noted.lock().unwrap().push((uri, serde_json::from_str(&body).unwrap()));
            let ok = Takes::With(200, r#"{"errcode":0,"errmsg":"ok"}"#.to_owned());
            let next = takes.lock().unwrap().pop_front().unwrap_or(ok);
            match next {
                Takes::With(status, body) => (StatusCode::from_u16(status).unwrap(), body),
                Takes::Never => pending().await,
            }
        });
        let address = runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let address = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async { axum::serve(listener, router).await });
            address
        });
        Self { address, posted, _runtime: runtime }
    }

    /// An address of its, which ends with `path`.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// What was posted so far, and where.
    pub(crate) fn posted(&self) -> Vec<(Uri, Value)> {
        self.posted.lock().unwrap().clone()
    }

    /// Waits for the message that `is_meant`.
    #[track_caller]
    pub(crate) fn was_told(&self, what: &str, is_meant: impl Fn(&Value) -> bool) -> (Uri, Value) {
        eventually(what, || self.posted().into_iter().find(|(_, message)| is_meant(message)))
    }
}
