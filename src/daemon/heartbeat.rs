//! A dead man's switch: whoever listens raises an alarm when the daemon has not said for a while that it is well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Client, Url};

/// How long the listener may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Tells a listener that the daemon is well.
pub struct Heartbeat {
    http: Client,
    url: Url,
    state: Arc<Heard>,
}

#[derive(Default)]
struct Heard {
    under_way: AtomicBool,
    unheard: AtomicBool,
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

    /// Says that the daemon is well, and does not wait for an answer: a listener that is slow holds up no work. While it
    /// is slow, nothing more is said.
    pub fn beat(&self) {
        if self.state.under_way.swap(true, Ordering::Relaxed) {
            return;
        }
        let request = self.http.get(self.url.clone());
        let state = Arc::clone(&self.state);
        tokio::spawn(async move {
            let answer = request.send().await.and_then(reqwest::Response::error_for_status);
            let was_unheard = state.unheard.swap(answer.is_err(), Ordering::Relaxed);
            match answer {
                // Of trouble that lasts, the log has the beginning and the end.
                Err(error) if !was_unheard => {
                    let error = error.without_url();
                    tracing::warn!(%error, "the heartbeat is not heard: {error}; check heartbeat.url");
                }
                Ok(_) if was_unheard => tracing::info!("the heartbeat is heard again"),
                _ => {}
            }
            state.under_way.store(false, Ordering::Relaxed);
        });
    }
}
