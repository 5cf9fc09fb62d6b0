//! The access token: fetched once however many calls wait for it, renewed before its end, never shown.
//!
//! `POST /v1.0/oauth2/accessToken` for an internal app, `POST /v1.0/oauth2/{corpId}/token` for a third-party app. Both
//! are free.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::decode;
use super::error::Error;
use crate::domain::endpoint::Endpoint;

/// What identifies the app.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub app_key: String,
    pub app_secret: SecretString,
    /// Set for a third-party app: the organisation that authorised it.
    pub corp_id: Option<String>,
}

impl Credentials {
    pub(super) fn path(&self) -> Vec<&str> {
        match &self.corp_id {
            None => vec!["v1.0", "oauth2", "accessToken"],
            Some(corp_id) => vec!["v1.0", "oauth2", corp_id, "token"],
        }
    }

    pub(super) fn body(&self) -> serde_json::Value {
        let secret = self.app_secret.expose_secret();
        match &self.corp_id {
            None => json!({ "appKey": self.app_key, "appSecret": secret }),
            Some(_) => {
                json!({ "client_id": self.app_key, "client_secret": secret, "grant_type": "client_credentials" })
            }
        }
    }
}

/// More than any token has, and less than a header may be long.
const LONGEST_TOKEN_BYTES: usize = 4_096;

/// The token, in either of its spellings or in both, and how long it lives.
pub fn decode(status: u16, body: &str) -> Result<(SecretString, Duration), Error> {
    let answer = decode::answer(Endpoint::AccessToken, status, body)?;
    // With a token that no header can carry, no call could be sent until its end.
    let is_usable =
        |token: &String| token.len() <= LONGEST_TOKEN_BYTES && token.bytes().all(|byte| byte.is_ascii_graphic());
    let token = |key| answer.fields.text(key).filter(is_usable);
    let token = token("accessToken").or_else(|| token("access_token"));
    let token = answer.required(token, "a token that a header can carry")?;
    let life = answer.fields.number("expireIn").or_else(|| answer.fields.number("expires_in"));
    let life = life.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(LIFE_S);
    Ok((token.into(), Duration::from_secs(life)))
}

/// The life of a token that does not say it: what DingTalk documents.
const LIFE_S: u64 = 7_200;

/// Renewed this long before its end: longer than any call takes, far shorter than a token lives (two hours).
const MARGIN: Duration = Duration::from_mins(5);

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) secret: SecretString,
    /// By [`crate::domain::clock::Clock::elapsed`].
    renew_at: Duration,
}

impl Token {
    pub(super) fn new(secret: SecretString, life: Duration, elapsed: Duration) -> Self {
        // A life shorter than the margin is used by half, so that even then not every call fetches a token.
        Self { secret, renew_at: elapsed.saturating_add(life.saturating_sub(MARGIN).max(life / 2)) }
    }

    pub(super) fn is_fresh(&self, elapsed: Duration) -> bool {
        elapsed < self.renew_at
    }
}
