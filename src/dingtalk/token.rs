//! The access token: fetched once however many calls wait for it, renewed before its end, never shown.
//!
//! `POST /v1.0/oauth2/accessToken` for an internal app, `POST /v1.0/oauth2/{corpId}/token` for a third-party app. Both
//! are free.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::wire;

/// What identifies the app.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The app's key (`appKey`, `client_id`).
    pub app_key: String,
    /// The app's secret.
    pub app_secret: SecretString,
    /// Set for a third-party app: the organisation that authorised it.
    pub corp_id: Option<String>,
}

impl Credentials {
    /// The path segments of the token's address.
    pub(super) fn path(&self) -> Vec<&str> {
        match &self.corp_id {
            None => vec!["v1.0", "oauth2", "accessToken"],
            Some(corp_id) => vec!["v1.0", "oauth2", corp_id, "token"],
        }
    }

    /// The body that asks for a token.
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

/// DingTalk's answer, in either of its spellings, or in both.
#[derive(Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Answer {
    token: SecretString,
    expires_in_s: Option<i64>,
}

#[derive(Deserialize)]
struct Written {
    #[serde(rename = "accessToken", default, deserialize_with = "token")]
    internal: Option<SecretString>,
    #[serde(rename = "access_token", default, deserialize_with = "token")]
    third_party: Option<SecretString>,
    #[serde(rename = "expireIn", default, deserialize_with = "wire::number")]
    expire_in_s: Option<i64>,
    #[serde(default, deserialize_with = "wire::number", rename = "expires_in")]
    expires_in_s: Option<i64>,
}

/// More than any token has, and less than a header may be long.
const LONGEST_TOKEN_BYTES: usize = 4_096;

/// A token that a header can carry: another one would be kept until its end, and no call be sent with it.
fn token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    let is_good =
        |token: &String| token.len() <= LONGEST_TOKEN_BYTES && token.bytes().all(|byte| byte.is_ascii_graphic());
    Ok(wire::text(deserializer)?.filter(is_good).map(SecretString::from))
}

impl TryFrom<Written> for Answer {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, &'static str> {
        let token = written.internal.or(written.third_party).ok_or("no token that a header can carry")?;
        Ok(Self { token, expires_in_s: written.expire_in_s.or(written.expires_in_s) })
    }
}

/// Renewed this long before its end: longer than any call takes, far shorter than a token lives (two hours).
const MARGIN: Duration = Duration::from_mins(5);

/// A token that was fetched.
#[derive(Clone)]
pub(super) struct Token {
    secret: SecretString,
    /// By [`crate::domain::clock::Clock::elapsed`].
    renew_at: Duration,
}

impl Token {
    pub(super) fn fetched(answer: Answer, elapsed: Duration) -> Self {
        let life = Duration::from_secs(answer.expires_in_s.and_then(|life| u64::try_from(life).ok()).unwrap_or(7_200));
        // A life shorter than the margin is used by half, so that even then not every call fetches a token.
        Self { secret: answer.token, renew_at: elapsed.saturating_add((life.saturating_sub(MARGIN)).max(life / 2)) }
    }

    pub(super) fn is_fresh(&self, elapsed: Duration) -> bool {
        elapsed < self.renew_at
    }

    pub(super) fn expose(&self) -> &str {
        self.secret.expose_secret()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}
