//! How values come over the wire: numbers that may be strings, strings that may be numbers, and values that are neither.
//!
//! A field that cannot be read is as good as absent: one odd field must not cost a whole answer.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::clock::Timestamp;

/// A whole number, or a string that holds one; anything else is `None`.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

/// A string, or a number as text; anything else, and the empty string, is `None`.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// A list that must be there; `null` is an empty one.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Milliseconds since the epoch; DingTalk writes 0 for "not yet".
pub(super) fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(number(deserializer)?.filter(|millis| *millis > 0).map(Timestamp::from_millis))
}
