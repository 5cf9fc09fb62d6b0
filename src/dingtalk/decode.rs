//! Tells DingTalk's answer from its error, and both from everybody else's.
//!
//! A body may be anything: without end it never comes here, but it may be no text, as deep as it is long, and of any
//! shape. What can be read of it is read.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::endpoint::Endpoint;
use super::error::{BAN_STATUS, Class, Error, classify};
use super::org_conferences::{self, Page};
use super::{conference, query, token, user_conferences, videos, wire};
use crate::domain::conference::{ConferenceInfo, Sighting};
use crate::domain::recording::RecordingList;

/// DingTalk's error envelope, in all its spellings.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default, alias = "Code", deserialize_with = "wire::text")]
    code: Option<String>,
    #[serde(default, alias = "Message", alias = "msg", deserialize_with = "wire::text")]
    message: Option<String>,
    #[serde(default, alias = "requestId", alias = "RequestId", deserialize_with = "wire::text")]
    requestid: Option<String>,
    #[serde(default, alias = "accessDeniedDetail", deserialize_with = "wire::lenient")]
    accessdenieddetail: Option<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    #[serde(default, deserialize_with = "wire::texts")]
    required_scopes: Vec<String>,
}

/// Decodes the body of an answer with this HTTP status.
pub(super) fn decode<T: DeserializeOwned>(endpoint: Endpoint, status: u16, body: &[u8]) -> Result<T, Error> {
    if let Some(wait) = ban(body) {
        let mut error = Error::new(endpoint, Class::Banned, "1111", "too many calls from this address in 20 seconds");
        error.retry_after = Some(wait);
        return Err(error);
    }
    let body = mended(body);
    let envelope: Envelope = serde_json::from_str(&body).map_err(|error| {
        Error::foreign(endpoint, format!("HTTP {status} with a body that is no JSON object: {}", why(endpoint, &error)))
    })?;
    if let Some(code) = envelope.code.filter(|code| code != "200" && code != "0") {
        let (class, code) = classify(&code, status);
        let mut message = envelope.message.unwrap_or_default();
        if let Some(detail) = envelope.accessdenieddetail.filter(|detail| !detail.required_scopes.is_empty()) {
            message = format!("{message} (requiredScopes: {})", detail.required_scopes.join(", "));
        }
        let mut error = Error::new(endpoint, class, code, message);
        error.request_id = envelope.requestid;
        return Err(error);
    }
    if (200..300).contains(&status) {
        return serde_json::from_str(&body).map_err(|error| {
            Error::foreign(endpoint, format!("HTTP {status} with JSON of another shape: {}", why(endpoint, &error)))
        });
    }
    let (class, _) = classify("", status);
    let class = if class == Class::Unrecognized { Class::Foreign } else { class };
    Err(Error::new(endpoint, class, format!("http_{status}"), format!("HTTP {status} without a code")))
}

/// A body as text that JSON's rules allow: without a byte order mark, and with U+FFFD for what is no character. One odd
/// title must not cost the list that it stands in.
fn mended(body: &[u8]) -> Cow<'_, str> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let text = String::from_utf8_lossy(body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body));
    if !text.contains("\\ud") && !text.contains("\\uD") {
        return text;
    }
    let mut mended = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let length = match (surrogate(escape), surrogate(escape.get(6..).unwrap_or_default())) {
            (Some(Half::High), Some(Half::Low)) => 12,
            (Some(_), _) => {
                mended.push_str("\\ufffd");
                rest = &escape[6..];
                continue;
            }
            // The backslash and what it escapes; the digits of `\u` need no looking at.
            (None, _) => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    mended.push_str(rest);
    mended.into()
}

/// Half of a character, as JSON may escape one beyond the first 65,536.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    High,
    Low,
}

/// The half that `text` begins with, escaped.
fn surrogate(text: &str) -> Option<Half> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

/// What the decoder has against a body. It shows what it found there, and where a token is awaited that may be one.
fn why(endpoint: Endpoint, error: &serde_json::Error) -> String {
    match endpoint {
        Endpoint::AccessToken => format!("line {} column {}", error.line(), error.column()),
        _ => error.to_string(),
    }
}

/// The ban: `{"status":1111,"wait":5,…}`, bare or inside a page of HTML. How long it lasts.
fn ban(body: &[u8]) -> Option<Duration> {
    #[derive(Deserialize)]
    struct Ban {
        status: i64,
        wait: u64,
        punish: String,
    }
    // Banned answers are short; looking through a large one for a brace that opens it would be work without end.
    let head = &body[..body.len().min(64 * 1024)];
    if !head.windows(8).any(|window| window == b"\"punish\"") {
        return None;
    }
    head.iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'{')
        .take(256)
        .find_map(|(at, _)| serde_json::Deserializer::from_slice(&head[at..]).into_iter::<Ban>().next()?.ok())
        .filter(|ban| ban.status == BAN_STATUS && !ban.punish.is_empty())
        .map(|ban| Duration::from_secs(ban.wait.saturating_mul(60)))
}

/// What each decoder makes of one body.
#[derive(Debug)]
pub struct Decoded {
    /// `…/query`
    pub query: Result<Vec<Sighting>, Error>,
    /// `…/{conferenceId}`
    pub conference: Result<ConferenceInfo, Error>,
    /// `…/getVideos`
    pub videos: Result<RecordingList, Error>,
    /// `orgConferences`
    pub org_conferences: Result<Page, Error>,
    /// `users/lists`
    pub user_conferences: Result<Vec<String>, Error>,
    /// `accessToken`; the token itself is shown to nobody.
    pub access_token: Result<(), Error>,
}

/// Has every decoder read one body, as the client has one read it. For those who look for bodies that no decoder should
/// meet: see `tests/fuzz`.
#[must_use]
pub fn decode_as_each(status: u16, body: &[u8]) -> Decoded {
    Decoded {
        query: decode::<query::Answer>(Endpoint::Query, status, body).map(Into::into),
        conference: decode::<conference::Answer>(Endpoint::Conference, status, body).map(Into::into),
        videos: decode::<videos::Answer>(Endpoint::Videos, status, body).map(Into::into),
        org_conferences: decode::<org_conferences::Answer>(Endpoint::OrgConferences, status, body).map(Into::into),
        user_conferences: decode::<user_conferences::Answer>(Endpoint::UserConferences, status, body).map(Into::into),
        access_token: decode::<token::Answer>(Endpoint::AccessToken, status, body).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_character_is_replaced_and_the_rest_stays() {
        for (body, expected) in [
            (&b"{}"[..], "{}"),
            (b"\xef\xbb\xbf{}", "{}"),
            (b"\"a\xff\"", "\"a\u{fffd}\""),
            (br#""\ud83d\ude00 \u00e9 \\ud800""#, r#""\ud83d\ude00 \u00e9 \\ud800""#),
            (br#""\ud83d \ude00\uD83D\uD83D\uDE00""#, r#""\ufffd \ufffd\ufffd\uD83D\uDE00""#),
            (br#""\ud83"#, r#""\ud83"#),
            (br"\ud800\", r"\ufffd\"),
        ] {
            assert_eq!(mended(body), expected);
        }
    }
}
