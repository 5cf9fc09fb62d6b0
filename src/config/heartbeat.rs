//! `[heartbeat]`: whom the daemon tells that it is well.

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::error::Problem;

/// The section `[heartbeat]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Heartbeat {
    /// What is fetched with GET after each healthy pass: whoever watches it raises an alarm when it stays away. Nothing
    /// unless set. Kept like a secret: with such an address anybody could say that all is well.
    pub url: Option<SecretString>,
}

impl Heartbeat {
    /// What is fetched, if anything.
    ///
    /// # Panics
    ///
    /// If the section was put together by hand and would not pass [`Config::validate`](super::Config::validate).
    #[must_use]
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
