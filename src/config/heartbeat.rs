//! `[heartbeat]`: the address that is fetched while the daemon is healthy.

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::error::Problem;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Heartbeat {
    /// Fetched with GET after each healthy pass: a monitor raises an alarm when that stops. Kept like a secret: whoever
    /// knows the address can report a dead daemon as healthy.
    pub url: Option<SecretString>,
}

impl Heartbeat {
    pub fn url(&self) -> Option<Url> {
        self.try_url().expect("the section was validated when it was loaded")
    }

    fn try_url(&self) -> Result<Option<Url>, Problem> {
        let Some(url) = &self.url else { return Ok(None) };
        let url = Url::parse(url.expose_secret()).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
        url.filter(Url::has_host)
            .map(Some)
            .ok_or_else(|| Problem::new("heartbeat.url", "is not an address; write \"https://…\" or \"http://…\""))
    }

    pub(super) fn validate(&self) -> Result<(), Problem> {
        self.try_url().map(drop)
    }
}
