//! How values come over the wire: numbers that may be strings, strings that may be numbers, and values that are neither.
//!
//! A field that cannot be read is as good as absent, and an entry that cannot be read as good as not listed: one odd value
//! must not cost a whole answer. So each is taken as it stands first, and only looked into if it is what is awaited; what
//! else is in there, and how deep, does not matter.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use serde_json::value::RawValue;

use crate::domain::clock::Timestamp;

/// Reads a JSON object as a `T`. Of a key that is there twice the last value counts, as it does for most who read JSON.
pub(super) fn object<'a, T: Deserialize<'a>>(json: &'a str) -> serde_json::Result<T> {
    T::deserialize(Object(json))
}

/// The same for an object inside of another.
pub(super) fn inner<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    object(raw(deserializer)?.get()).map_err(serde::de::Error::custom)
}

/// A whole number, or a string that holds one; anything else is `None`.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let json = raw(deserializer)?;
    Ok(match string(&json) {
        Some(text) => whole(text.trim()),
        None => whole(json.get()),
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
    Ok(object(raw(deserializer)?.get()).ok())
}

/// A list that must be there; `null` is an empty one. Its entries stand as they came.
pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Box<RawValue>>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The entries of a list that must be there, as far as they can be read.
pub(super) fn entries<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = list(deserializer)?;
    Ok(list.into_iter().filter_map(|entry| object(entry.get()).ok()).collect())
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

/// A whole number however it is written: `1127942`, `1127942.0`, `1.127942E6`.
fn whole(digits: &str) -> Option<i64> {
    /// Up to here, a floating-point number is the very number that was written.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    digits.parse().ok().or_else(|| {
        let number: f64 = digits.parse().ok()?;
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and far inside the range")]
        (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
    })
}

fn as_text(json: &RawValue) -> Option<String> {
    let is_number = json.get().starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let text = if is_number { Some(json.get().to_owned()) } else { string(json) };
    text.filter(|text| !text.is_empty())
}

/// An object, read by the names of the fields that are awaited; what else is in there is passed over.
struct Object<'a>(&'a str);

impl<'de> Deserializer<'de> for Object<'de> {
    type Error = serde_json::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        let mut json = serde_json::Deserializer::from_str(self.0);
        let values = json.deserialize_map(Last(names))?;
        json.end()?;
        visitor.visit_map(MapDeserializer::new(values.into_iter()))
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        serde_json::Deserializer::from_str(self.0).deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The last value of each of these names.
struct Last(&'static [&'static str]);

impl<'de> Visitor<'de> for Last {
    type Value = Vec<(&'static str, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut values: Vec<(&'static str, &'de RawValue)> = Vec::new();
        while let Some(Key(key)) = object.next_key()? {
            let Some(name) = self.0.iter().find(|name| **name == key) else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = object.next_value()?;
            match values.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = value,
                None => values.push((name, value)),
            }
        }
        Ok(values)
    }
}

/// A key, copied only where it is escaped.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Video {
        #[serde(default, deserialize_with = "number")]
        size: Option<i64>,
        #[serde(default, deserialize_with = "text")]
        id: Option<String>,
    }

    #[test]
    fn a_whole_number_is_read_however_it_is_written() {
        for (json, read) in [
            ("1127942", Some(1_127_942)),
            ("\" 1127942 \"", Some(1_127_942)),
            ("1127942.0", Some(1_127_942)),
            ("1.127942E6", Some(1_127_942)),
            ("-1", Some(-1)),
            ("9223372036854775807", Some(i64::MAX)),
            ("18446744073709551615", None),
            ("1.5", None),
            ("1e400", None),
            ("-1e400", None),
            ("\"NaN\"", None),
            ("\"inf\"", None),
            ("true", None),
            ("null", None),
            ("[1]", None),
            ("{\"a\":1}", None),
        ] {
            let body = format!("{{\"size\":{json}}}");
            assert_eq!(object::<Video>(&body).unwrap().size, read, "{json}");
        }
    }

    #[test]
    fn of_a_key_that_is_there_twice_the_last_value_counts() {
        let video: Video = object(r#"{"id":"a","size":1,"\u0069d":"b","size":[2],"more":1,"more":2}"#).unwrap();
        assert_eq!(video, Video { size: None, id: Some("b".to_owned()) });
    }

    #[test]
    fn what_is_no_object_or_has_more_behind_it_is_none() {
        for json in ["", "null", "[]", "[1,\"a\"]", "\"{}\"", "{} {}", "{\"a\":1", "{\"a\":1}}"] {
            assert!(object::<Video>(json).is_err(), "{json}");
        }
    }
}
