//! A dead man's switch: the listener raises an alarm when it has received no heartbeat for a while.

use std::mem;
use std::sync::Arc;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::sync::Mutex;

use super::outward;

pub struct Heartbeat {
    http: Client,
    url: Url,
    /// Whether the last one failed; locked while its answer is awaited.
    failing: Arc<Mutex<bool>>,
}

impl Heartbeat {
    pub fn to(url: Url) -> reqwest::Result<Self> {
        Ok(Self { http: outward::client(Policy::default())?, url, failing: Arc::default() })
    }

    /// Sends one heartbeat, and does not wait for the answer: a slow listener delays no work. While an answer is
    /// awaited, no other heartbeat is sent.
    pub fn beat(&self) {
        let Ok(mut failing) = Arc::clone(&self.failing).try_lock_owned() else { return };
        let request = self.http.get(self.url.clone());
        tokio::spawn(async move {
            let answer = request.send().await.and_then(reqwest::Response::error_for_status);
            let was_failing = mem::replace(&mut *failing, answer.is_err());
            match answer {
                // A lasting failure is logged when it begins and when it ends.
                Err(error) if !was_failing => {
                    let error = outward::in_words(error);
                    tracing::warn!(error, "the heartbeat failed: {error}; check heartbeat.url");
                }
                Ok(_) if was_failing => tracing::info!("the heartbeat succeeds again"),
                _ => {}
            }
        });
    }
}
