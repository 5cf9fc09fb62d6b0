//! A dead man's switch: the listener raises an alarm when it has received no heartbeat for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Client, Url};

/// How long the listener may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends heartbeats while the daemon is healthy.
pub struct Heartbeat {
    http: Client,
    url: Url,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    under_way: AtomicBool,
    failing: AtomicBool,
}

impl Heartbeat {
    /// Fetches `url` at each [beat](Self::beat).
    pub fn to(url: Url) -> reqwest::Result<Self> {
        // The first one installed stays; there is only one kind.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .timeout(TIMEOUT)
            .user_agent(concat!("recording-archiver/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, url, state: Arc::default() })
    }

    /// Sends one heartbeat, and does not wait for the answer: a slow listener delays no work. While an answer is
    /// awaited, no other heartbeat is sent.
    pub fn beat(&self) {
        if self.state.under_way.swap(true, Ordering::Relaxed) {
            return;
        }
        let request = self.http.get(self.url.clone());
        let state = Arc::clone(&self.state);
        tokio::spawn(async move {
            let answer = request.send().await.and_then(reqwest::Response::error_for_status);
            let was_failing = state.failing.swap(answer.is_err(), Ordering::Relaxed);
            match answer {
                // A lasting failure is logged when it begins and when it ends.
                Err(error) if !was_failing => {
                    let error = error.without_url();
                    tracing::warn!(%error, "the heartbeat failed: {error}; check heartbeat.url");
                }
                Ok(_) if was_failing => tracing::info!("the heartbeat succeeds again"),
                _ => {}
            }
            state.under_way.store(false, Ordering::Relaxed);
        });
    }
}
