//! Sending a message to one who is told: JSON to any address, text to a group robot of DingTalk's.
//!
//! A robot's webhook is `POST https://oapi.dingtalk.com/robot/send?access_token=…`, with `timestamp` and `sign` behind it
//! where the robot wants its messages signed. It answers HTTP 200 whatever happened; `errcode` 0 is success.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::outward;
use crate::domain::clock::Timestamp;
use crate::domain::notice::Message;

/// The most of an answer that is read.
const ANSWER_BYTES: usize = 64 * 1024;

/// The most of the words in an answer that are repeated.
const WORDS_CHARS: usize = 200;

/// One who is told.
pub struct Receiver {
    http: Client,
    url: Url,
    takes: Takes,
}

/// What it takes.
enum Takes {
    Json,
    /// A text message, signed if there is a secret.
    Robot(Option<SecretString>),
}

/// What is posted as JSON. Instants are milliseconds, as in the catalog.
#[derive(Serialize)]
struct Posted<'a> {
    program: &'static str,
    version: &'static str,
    catalog: &'a str,
    at: Timestamp,
    #[serde(flatten)]
    message: &'a Message,
    /// The same in words.
    text: &'a str,
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{0}")]
    Unreached(String),
    #[error("it answers HTTP {0}")]
    Status(u16),
    #[error("it answers {code} {words:?}{}", hint(*.code))]
    Robot { code: i64, words: String },
    #[error("the answer is not that of a DingTalk robot; check the address")]
    NoRobot,
}

/// What to do about a robot's error, where its own words do not say it.
fn hint(code: i64) -> &'static str {
    match code {
        310_000 => {
            "; check the robot's security settings: its secret and this machine's clock, or \"recording-archiver\" as its \
             keyword, and the addresses that it allows"
        }
        300_001 | 300_005 | 400_101 => "; check the access_token in the address",
        _ => "",
    }
}

impl Receiver {
    /// An address at which JSON is posted.
    pub fn json(url: Url) -> reqwest::Result<Self> {
        Ok(Self { http: outward::client(Policy::none())?, url, takes: Takes::Json })
    }

    /// A group robot's webhook.
    pub fn robot(url: Url, secret: Option<SecretString>) -> reqwest::Result<Self> {
        Ok(Self { http: outward::client(Policy::none())?, url, takes: Takes::Robot(secret) })
    }

    /// Its name in the catalog: that of its key under `[notify]`.
    pub(super) const fn name(&self) -> &'static str {
        match self.takes {
            Takes::Json => "url",
            Takes::Robot(_) => "dingtalk_robot",
        }
    }

    /// Sends it `message` about `catalog`; it is `now`.
    pub(super) async fn send(&self, message: &Message, catalog: &str, now: Timestamp) -> Result<(), Refused> {
        let text = message.text(catalog);
        match &self.takes {
            Takes::Json => {
                let (program, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
                let posted = Posted { program, version, catalog, at: now, message, text: &text };
                self.post(self.url.clone(), &posted).await.map(drop)
            }
            Takes::Robot(secret) => {
                let url = secret.as_ref().map_or_else(|| self.url.clone(), |secret| signed(&self.url, secret, now));
                let answer = self.post(url, &json!({"msgtype": "text", "text": {"content": text}})).await?;
                self.verdict(answer).await
            }
        }
    }

    async fn post(&self, url: Url, body: &impl Serialize) -> Result<Response, Refused> {
        let answer = self.http.post(url).json(body).send().await;
        let answer = answer.map_err(|error| Refused::Unreached(outward::in_words(error)))?;
        let status = answer.status();
        if status.is_success() { Ok(answer) } else { Err(Refused::Status(status.as_u16())) }
    }

    async fn verdict(&self, mut answer: Response) -> Result<(), Refused> {
        #[derive(Deserialize)]
        struct Verdict {
            errcode: i64,
            #[serde(default)]
            errmsg: String,
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| Refused::Unreached(outward::in_words(error)))? {
            if body.len() + part.len() > ANSWER_BYTES {
                return Err(Refused::NoRobot);
            }
            body.extend_from_slice(&part);
        }
        match serde_json::from_slice(&body) {
            Ok(Verdict { errcode: 0, .. }) => Ok(()),
            Ok(Verdict { errcode: code, errmsg }) => Err(Refused::Robot { code, words: self.without_secrets(&errmsg) }),
            Err(_) => Err(Refused::NoRobot),
        }
    }

    /// The beginning of `words`, with `***` for what the answer may echo of this receiver's secrets.
    fn without_secrets(&self, words: &str) -> String {
        let mut secrets: Vec<Cow<'_, str>> = self.url.query_pairs().map(|(_, value)| value).collect();
        if let Takes::Robot(Some(secret)) = &self.takes {
            secrets.push(secret.expose_secret().into());
        }
        // A shorter one may be an ordinary word.
        secrets.retain(|secret| secret.len() >= 8);
        let words = secrets.iter().fold(words.to_owned(), |words, secret| words.replace(secret.as_ref(), "***"));
        words.chars().take(WORDS_CHARS).collect()
    }
}

/// `url` with the time and the signature that a robot wants.
fn signed(url: &Url, secret: &SecretString, now: Timestamp) -> Url {
    let (secret, timestamp) = (secret.expose_secret(), now.as_millis());
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let sign = BASE64_STANDARD.encode(hmac::sign(&key, format!("{timestamp}\n{secret}").as_bytes()));
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("timestamp", &timestamp.to_string()).append_pair("sign", &sign);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBHOOK: &str = "https://oapi.dingtalk.com/robot/send?access_token=xxxxxxxx";

    /// Computed by Python's `hmac`, `base64` and `urllib`; the signature has a `+`, a `/` and a `=` in it.
    const SIGNED_AT: i64 = 1_780_275_600_008;
    const SIGNED: &str = "wt0euqQ%2B2tNTOo2%2B6KFPm9NPIr%2FoqGGLWr37HqcyD2k%3D";

    #[test]
    fn a_message_is_signed_as_the_robot_computes_it() {
        let url = signed(&WEBHOOK.parse().unwrap(), &"SECxxxxxxxx".into(), Timestamp::from_millis(SIGNED_AT));
        assert_eq!(url.as_str(), format!("{WEBHOOK}&timestamp={SIGNED_AT}&sign={SIGNED}"));
    }

    #[test]
    fn what_a_robot_echoes_of_its_secrets_is_not_repeated() {
        let robot = Receiver::robot(WEBHOOK.parse().unwrap(), Some("SECyyyyyyyy".into())).unwrap();
        assert_eq!(robot.without_secrets("token xxxxxxxx, SECyyyyyyyy"), "token ***, ***");
        assert_eq!(robot.without_secrets(&"z".repeat(1_000)).len(), WORDS_CHARS);
    }
}
