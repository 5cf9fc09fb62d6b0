//! The HTTP client for addresses that the operator names: the heartbeat's, and those that are told. They are secrets.

use std::error::Error;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;

/// From the beginning of a request to the end of its answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// A client. It sends no `Referer`: a redirect would take the address to another host.
pub(super) fn client(redirects: Policy) -> reqwest::Result<Client> {
    // The first one installed stays; there is only one kind.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(TIMEOUT)
        .redirect(redirects)
        .referer(false)
        .user_agent(concat!("recording-archiver/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// An error in words, without the address.
pub(super) fn in_words(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer came within {} s", TIMEOUT.as_secs());
    }
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
