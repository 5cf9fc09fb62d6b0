//! How values come over the wire: numbers that may be strings, strings that may be numbers, and values that are neither.
//!
//! A field that cannot be read is as good as absent, and an entry that cannot be read as good as not listed: one odd value
//! must not cost a whole answer. So each is taken as it stands first, and only looked into if it is what is awaited; what
//! else is in there, and how deep, does not matter.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::domain::clock::Timestamp;

/// A whole number, or a string that holds one; anything else is `None`.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let json = raw(deserializer)?;
    Ok(match string(&json) {
        Some(text) => text.trim().parse().ok(),
        None => json.get().parse().ok(),
    })
}

/// A string, or a number as text; anything else, and the empty string, is `None`.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(as_text(&raw(deserializer)?))
}

/// `true` or `false`, or a string that says so; anything else is `None`.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let json = raw(deserializer)?;
    Ok(string(&json).as_deref().unwrap_or(json.get()).trim().parse().ok())
}

/// Milliseconds since the epoch; DingTalk writes 0 for "not yet".
pub(super) fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(number(deserializer)?.filter(|millis| *millis > 0).map(Timestamp::from_millis))
}

/// Whatever can be read as a `T`.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_str(raw(deserializer)?.get()).ok())
}

/// A list that must be there; `null` is an empty one. Its entries stand as they came.
pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Box<RawValue>>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The entries of a list that must be there, as far as they can be read.
pub(super) fn entries<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = list(deserializer)?;
    Ok(list.into_iter().filter_map(|entry| serde_json::from_str(entry.get()).ok()).collect())
}

/// The strings of a list that must be there.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(list(deserializer)?.iter().filter_map(|entry| as_text(entry)).collect())
}

fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<RawValue>, D::Error> {
    Box::<RawValue>::deserialize(deserializer)
}

fn string(json: &RawValue) -> Option<String> {
    if json.get().starts_with('"') { serde_json::from_str(json.get()).ok() } else { None }
}

fn as_text(json: &RawValue) -> Option<String> {
    let is_number = json.get().starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let text = if is_number { Some(json.get().to_owned()) } else { string(json) };
    text.filter(|text| !text.is_empty())
}
