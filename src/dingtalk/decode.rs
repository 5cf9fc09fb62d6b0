//! Tells DingTalk's answer from its error, and both from everybody else's.

use std::time::Duration;

use serde_json::value::RawValue;

use super::error::{BAN_STATUS, Error, classify};
use super::wire::{self, Object};
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::{Class, Code};

/// The fields that any of DingTalk's answers may have beside what was asked for: the envelope's, in all its spellings,
/// and those of the lists. An object that has fields, but neither one of these nor the list that was asked for, is
/// somebody else's.
const KNOWN_FIELDS: [&str; 14] = [
    "code",
    "Code",
    "message",
    "Message",
    "msg",
    "requestid",
    "requestId",
    "RequestId",
    "accessdenieddetail",
    "accessDeniedDetail",
    "hasMore",
    "nextToken",
    "totalCount",
    "memberModelMap",
];

/// The most of a message that is kept: enough for a person, too little for a flood.
const MESSAGE_CHARS: usize = 400;

/// The same for a code, and for DingTalk's number of a call.
const CODE_CHARS: usize = 128;

/// DingTalk's answer: an object without an error.
pub(super) struct Answer<'a> {
    endpoint: Endpoint,
    pub(super) fields: Object<'a>,
}

impl<'a> Answer<'a> {
    /// The entries of the list that was asked for; an empty list may be left out.
    pub(super) fn list(&self, key: &str) -> Result<Vec<&'a RawValue>, Error> {
        let is_known = |field: &str| field == key || KNOWN_FIELDS.contains(&field);
        let mut fields = self.fields.keys().peekable();
        let is_dingtalks = fields.peek().is_none() || fields.any(is_known);
        self.required(self.fields.list(key).filter(|_| is_dingtalks), key)
    }

    /// What the answer must carry.
    pub(super) fn required<T>(&self, value: Option<T>, name: &str) -> Result<T, Error> {
        value.ok_or_else(|| Error::foreign(self.endpoint, format!("JSON of another shape, without {name}")))
    }
}

/// Decodes the body of an answer with this HTTP status.
pub(super) fn answer(endpoint: Endpoint, status: u16, body: &str) -> Result<Answer<'_>, Error> {
    let fields = Object::parse(body);
    if let Some(wait) = fields.as_ref().map_or_else(|_| ban_in_page(body), ban) {
        let why = "too many calls from this address in 20 seconds";
        let error = Error::new(endpoint, Class::Banned, Code::Documented("1111"), why);
        return Err(Error { retry_after: Some(wait), ..error });
    }
    // serde_json's own words may quote the body, and so a token.
    let fields = fields.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Error::foreign(endpoint, format!("HTTP {status} with no JSON object (line {line}, column {column})"))
    })?;
    let text = |keys: &[&str]| keys.iter().find_map(|key| fields.text(key));
    if let Some(code) = text(&["code", "Code"]).filter(|code| code != "200" && code != "0") {
        let (class, code) = classify(&sanitized(&code, CODE_CHARS), status);
        let mut message = text(&["message", "Message", "msg"]).unwrap_or_default();
        let detail = fields.object("accessdenieddetail").or_else(|| fields.object("accessDeniedDetail"));
        let scopes = detail.and_then(|detail| detail.list("requiredScopes")).unwrap_or_default();
        let scopes: Vec<_> = scopes.into_iter().filter_map(wire::text).collect();
        if !scopes.is_empty() {
            message = format!("{message} (requiredScopes: {})", scopes.join(", "));
        }
        let request_id = text(&["requestid", "requestId", "RequestId"]).map(|id| sanitized(&id, CODE_CHARS));
        return Err(Error { request_id, ..Error::new(endpoint, class, code, sanitized(&message, MESSAGE_CHARS)) });
    }
    if (200..300).contains(&status) {
        return Ok(Answer { endpoint, fields });
    }
    Err(Error::without_code(endpoint, status))
}

/// The beginning of `text`, in one line.
fn sanitized(text: &str, chars: usize) -> String {
    text.chars().take(chars).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// How long the ban lasts that this object says: `{"status":1111,"wait":5,"punish":"deny",…}`.
fn ban(fields: &Object<'_>) -> Option<Duration> {
    /// What was seen, for a ban that does not say it.
    const MINUTES: u64 = 5;

    let minutes = fields.number("wait").and_then(|minutes| u64::try_from(minutes).ok()).unwrap_or(MINUTES);
    let is_ban = fields.number("status") == Some(BAN_STATUS) && fields.text("punish").is_some();
    is_ban.then(|| Duration::from_secs(minutes.saturating_mul(60)))
}

/// The same for a ban inside a page of HTML.
fn ban_in_page(page: &str) -> Option<Duration> {
    let at = page.find("\"punish\"")?;
    let (start, end) = (page[..at].rfind('{')?, at + page[at..].find('}')?);
    ban(&Object::parse(&page[start..=end]).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_stands_bare_or_in_a_page_and_not_inside_an_answer() {
        let minutes = |body: &str| {
            let error = answer(Endpoint::Query, 200, body).err().filter(|error| error.class == Class::Banned);
            error.and_then(|error| error.retry_after).map(|wait| wait.as_secs() / 60)
        };
        assert_eq!(minutes(r#"{"status":"1111","wait":"7","punish":"deny","punish":"deny"}"#), Some(7));
        assert_eq!(minutes(r#"{"status":1111,"wait":-1,"punish":"deny"}"#), Some(5));
        assert_eq!(minutes(r#"{"status":1111,"wait":1e400,"punish":"deny"}"#), Some(5));
        assert_eq!(minutes(r#"<p>{}{a}</p>{"status":1111,"wait":2,"punish":"deny"}<p>"#), Some(2));
        assert_eq!(minutes(r#"{"confInfo":{"status":1111,"wait":2,"punish":"deny"}}"#), None);
        assert_eq!(minutes(r#"{"status":1111,"wait":2}"#), None);
    }

    #[test]
    fn only_dingtalk_may_leave_out_a_list() {
        let length = |body| {
            answer(Endpoint::Videos, 200, body).and_then(|answer| answer.list("videoList")).map(|list| list.len())
        };
        for empty in [
            "{}",
            r#"{"videoList":null}"#,
            r#"{"videoList":[],"more":1}"#,
            r#"{"requestId":"x"}"#,
            r#"{"code":"0","more":1}"#,
            r#"{"hasMore":false}"#,
        ] {
            assert_eq!(length(empty), Ok(0), "{empty}");
        }
        assert_eq!(length(r#"{"videoList":[{},null]}"#), Ok(2));
        for foreign in [r#"{"error":"login_required"}"#, r#"{"videoList":"none"}"#, r#"{"videoList":{}}"#] {
            assert_eq!(length(foreign).unwrap_err().class, Class::Foreign, "{foreign}");
        }
    }
}
