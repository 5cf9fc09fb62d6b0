//! Tells DingTalk's answer from its error, and both from everybody else's.
//!
//! A body may be anything: without end it never comes here, but it may be no text, as deep as it is long, and of any
//! shape. What can be read of it is read.

use std::borrow::Cow;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::endpoint::Endpoint;
use super::error::{BAN_STATUS, Class, Code, Error, classify};
use super::org_conferences::{self, Page};
use super::secrets::Secrets;
use super::{conference, query, record, token, user_conferences, videos, wire};
use crate::domain::conference::{ConferenceInfo, Sighting};
use crate::domain::recording::RecordingList;

/// DingTalk's error envelope, in all its spellings, and the ban, which is another.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "wire::text")]
    code: Option<String>,
    #[serde(default, deserialize_with = "wire::text", rename = "Code")]
    code_capitalised: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "wire::text", rename = "Message")]
    message_capitalised: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    msg: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    requestid: Option<String>,
    #[serde(default, deserialize_with = "wire::text", rename = "requestId")]
    request_id: Option<String>,
    #[serde(default, deserialize_with = "wire::text", rename = "RequestId")]
    request_id_capitalised: Option<String>,
    #[serde(default, deserialize_with = "wire::lenient")]
    accessdenieddetail: Option<Detail>,
    #[serde(default, deserialize_with = "wire::lenient", rename = "accessDeniedDetail")]
    access_denied_detail: Option<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    #[serde(default, deserialize_with = "wire::texts")]
    required_scopes: Vec<String>,
}

/// Decodes the body of an answer with this HTTP status.
pub(super) fn decode<T: DeserializeOwned>(endpoint: Endpoint, status: u16, body: &[u8]) -> Result<T, Error> {
    let body = mended(body);
    if let Some(wait) = ban(&body) {
        let mut error = Error::new(
            endpoint,
            Class::Banned,
            Code::Documented("1111"),
            "too many calls from this address in 20 seconds",
        );
        error.retry_after = Some(wait);
        return Err(error);
    }
    let envelope: Envelope = wire::object(&body).map_err(|error| {
        Error::foreign(endpoint, format!("HTTP {status} with a body that is no JSON object: {}", why(endpoint, &error)))
    })?;
    let code = envelope.code.or(envelope.code_capitalised);
    if let Some(code) = code.filter(|code| code != "200" && code != "0") {
        let (class, code) = classify(&code, status);
        let mut message = envelope.message.or(envelope.message_capitalised).or(envelope.msg).unwrap_or_default();
        let detail = envelope.accessdenieddetail.or(envelope.access_denied_detail);
        if let Some(detail) = detail.filter(|detail| !detail.required_scopes.is_empty()) {
            message = format!("{message} (requiredScopes: {})", detail.required_scopes.join(", "));
        }
        let mut error = Error::new(endpoint, class, code, message);
        error.request_id = envelope.requestid.or(envelope.request_id).or(envelope.request_id_capitalised);
        return Err(error);
    }
    if (200..300).contains(&status) {
        return wire::object(&body).map_err(|error| {
            Error::foreign(endpoint, format!("HTTP {status} with JSON of another shape: {}", why(endpoint, &error)))
        });
    }
    Err(Error::without_code(endpoint, status))
}

/// A body as text that JSON's rules allow: without a byte order mark, with U+FFFD for what is no character, and with
/// control characters escaped. One odd title must not cost the list that it stands in.
fn mended(body: &[u8]) -> Cow<'_, str> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let text = String::from_utf8_lossy(body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body));
    let bytes = text.as_bytes();
    let mut mended = String::new();
    // All that is looked for is ASCII, so every place that is cut at is between characters.
    let (mut copied, mut at, mut in_string) = (0, 0, false);
    while let Some(byte) = bytes.get(at) {
        let (length, instead) = match byte {
            b'\\' => match (surrogate(bytes, at), surrogate(bytes, at + 6)) {
                (Some(Half::High), Some(Half::Low)) => (12, None),
                (Some(_), _) => (6, Some("\\ufffd".to_owned())),
                // The backslash and what it escapes; the digits of `\u` need no looking at.
                (None, _) => (2, None),
            },
            0..0x20 if in_string => (1, Some(format!("\\u{byte:04x}"))),
            b'"' => {
                in_string = !in_string;
                (1, None)
            }
            _ => (1, None),
        };
        if let Some(instead) = instead {
            mended.push_str(&text[copied..at]);
            mended.push_str(&instead);
            copied = at + length;
        }
        at += length;
    }
    if copied == 0 {
        return text;
    }
    mended.push_str(&text[copied..]);
    mended.into()
}

/// Half of a character, as JSON may escape one beyond the first 65,536.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    High,
    Low,
}

/// The half that stands escaped at this place.
fn surrogate(json: &[u8], at: usize) -> Option<Half> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    match u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()? {
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
fn ban(body: &str) -> Option<Duration> {
    /// Banned answers are short; looking through a large one for a brace that opens it would be work without end.
    const HEAD_BYTES: usize = 64 * 1024;
    const BRACES: usize = 256;

    let head = &body[..body.floor_char_boundary(HEAD_BYTES)];
    if !head.contains("\"punish\"") {
        return None;
    }
    if body.trim_start().starts_with('{') {
        // What stands further inside is somebody's data.
        return of_ban(body);
    }
    head.match_indices('{').take(BRACES).find_map(|(at, _)| {
        let object = serde_json::Deserializer::from_str(&head[at..]).into_iter::<&RawValue>().next()?.ok()?;
        of_ban(object.get())
    })
}

fn of_ban(object: &str) -> Option<Duration> {
    #[derive(Deserialize)]
    struct Ban {
        #[serde(default, deserialize_with = "wire::number")]
        status: Option<i64>,
        #[serde(default, deserialize_with = "wire::number")]
        wait: Option<i64>,
        #[serde(default, deserialize_with = "wire::text")]
        punish: Option<String>,
    }
    /// Where it is not said: what was seen.
    const MINUTES: u64 = 5;

    let ban: Ban = wire::object(object).ok()?;
    let minutes = ban.wait.and_then(|minutes| u64::try_from(minutes).ok()).unwrap_or(MINUTES);
    (ban.status == Some(BAN_STATUS) && ban.punish.is_some()).then(|| Duration::from_secs(minutes.saturating_mul(60)))
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
    /// `…/start` and `…/stop`
    pub record: Result<(), Error>,
    /// `accessToken`; the token itself is shown to nobody.
    pub access_token: Result<(), Error>,
}

/// Has every decoder read one body, as the client of an app with this secret has one read it. For those who look for
/// bodies that no decoder should meet: see `tests/fuzz`.
#[must_use]
pub fn decode_as_each(status: u16, body: &[u8], app_secret: &SecretString) -> Decoded {
    let secrets = Secrets::new(app_secret);
    let clean = secrets.out_of_data(body.to_vec());
    Decoded {
        query: told::<query::Answer, _>(Endpoint::Query, status, &clean, &secrets),
        conference: told::<conference::Answer, _>(Endpoint::Conference, status, &clean, &secrets),
        videos: told::<videos::Answer, _>(Endpoint::Videos, status, &clean, &secrets),
        org_conferences: told::<org_conferences::Answer, _>(Endpoint::OrgConferences, status, &clean, &secrets),
        user_conferences: told::<user_conferences::Answer, _>(Endpoint::UserConferences, status, &clean, &secrets),
        record: told::<record::Answer, _>(Endpoint::RecordStart, status, &clean, &secrets),
        access_token: told::<token::Answer, _>(Endpoint::AccessToken, status, body, &secrets),
    }
}

fn told<A: DeserializeOwned, T: From<A>>(
    endpoint: Endpoint,
    status: u16,
    body: &[u8],
    secrets: &Secrets,
) -> Result<T, Error> {
    decode::<A>(endpoint, status, body).map(T::from).map_err(|error| error.told(secrets))
}

impl From<record::Answer> for () {
    fn from(_: record::Answer) {}
}

impl From<token::Answer> for () {
    fn from(_: token::Answer) {}
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
            (b"{\n\t\"a\tb\0\": \"\\\"\n\"}\n", "{\n\t\"a\\u0009b\\u0000\": \"\\\"\\u000a\"}\n"),
        ] {
            assert_eq!(mended(body), expected);
        }
    }

    #[test]
    fn a_ban_is_known_by_what_it_says_and_not_by_what_stands_inside_of_an_answer() {
        let minutes = |body: &str| ban(body).map(|wait| wait.as_secs() / 60);
        assert_eq!(minutes(r#"{"status":"1111","wait":"7","punish":"deny","punish":"deny"}"#), Some(7));
        assert_eq!(minutes(r#"{"status":1111,"wait":-1,"punish":"deny"}"#), Some(5));
        assert_eq!(minutes(r#"{"status":1111,"wait":1e400,"punish":"deny"}"#), Some(5));
        assert_eq!(minutes(r#"<p>{}{a}</p>{"status":1111,"wait":2,"punish":"deny"}<p>"#), Some(2));
        assert_eq!(minutes(r#"{"confInfo":{"status":1111,"wait":2,"punish":"deny"}}"#), None);
        assert_eq!(minutes(r#"{"status":1111,"wait":2}"#), None);
    }
}
