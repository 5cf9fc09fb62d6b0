//! Values as they come over the wire: a number may be a string, a string may be a number, and a value may be neither.
//!
//! A field that cannot be read counts as absent, and an entry of a list that cannot be read as not listed: one odd value
//! must not cost the whole answer. So every value stays JSON text, however deep, until somebody reads it.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::domain::clock::Timestamp;

/// A JSON object. Of a key that occurs twice, the last value counts.
pub(super) struct Object<'a>(HashMap<String, &'a RawValue>);

impl<'a> Object<'a> {
    pub(super) fn parse(json: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(json).map(Self)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A string, or a number as text; `None` if it is empty.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        text(self.0.get(key)?)
    }

    /// An integer, or a string that holds one.
    pub(super) fn number(&self, key: &str) -> Option<i64> {
        let json = self.0.get(key)?;
        integer(string(json).as_deref().unwrap_or(json.get()).trim())
    }

    /// `true` or `false`, or a string that holds one of them.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let json = self.0.get(key)?;
        string(json).as_deref().unwrap_or(json.get()).trim().parse().ok()
    }

    /// Milliseconds since the epoch; DingTalk writes 0 for "not yet".
    pub(super) fn instant(&self, key: &str) -> Option<Timestamp> {
        self.number(key).filter(|millis| *millis > 0).map(Timestamp::from_millis)
    }

    pub(super) fn object(&self, key: &str) -> Option<Self> {
        Self::parse(self.0.get(key)?.get()).ok()
    }

    /// The entries of a list. DingTalk leaves empty fields out: a list that is absent or `null` is empty.
    pub(super) fn list(&self, key: &str) -> Option<Vec<&'a RawValue>> {
        let Some(json) = self.0.get(key) else { return Some(Vec::new()) };
        serde_json::from_str::<Option<_>>(json.get()).ok().map(Option::unwrap_or_default)
    }
}

/// A string, or a number as text; `None` if it is empty.
pub(super) fn text(json: &RawValue) -> Option<String> {
    let is_number = json.get().starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let text = if is_number { Some(json.get().to_owned()) } else { string(json) };
    text.filter(|text| !text.is_empty())
}

/// A NUL becomes U+FFFD: SQLite's functions and tools end a text there.
fn string(json: &RawValue) -> Option<String> {
    // What is no string is not tried: serde_json's error costs more than reading all other values of an object.
    let text = json.get().starts_with('"').then(|| serde_json::from_str::<String>(json.get()).ok())??;
    Some(if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text })
}

/// An integer in any notation: `1127942`, `1127942.0`, `1.127942E6`.
fn integer(digits: &str) -> Option<i64> {
    /// Up to here, a floating-point number is exactly the number that was written.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    digits.parse().ok().or_else(|| {
        let number: f64 = digits.parse().ok()?;
        #[expect(clippy::cast_possible_truncation, reason = "it has no fraction, and is far inside the range")]
        (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_is_read_in_any_notation() {
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
            assert_eq!(Object::parse(&body).unwrap().number("size"), read, "{json}");
        }
    }

    #[test]
    fn an_odd_value_costs_its_own_field_only() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let body =
            format!(r#"{{"id":"a","size":1,"\u0069d":7,"size":[2],"title":"\ud800","more":{deep},"flag":" true"}}"#);
        let object = Object::parse(&body).unwrap();
        assert_eq!(object.text("id").as_deref(), Some("7"), "the last value of a key counts");
        assert_eq!((object.number("size"), object.text("title"), object.text("more")), (None, None, None));
        assert_eq!((object.flag("flag"), object.flag("size")), (Some(true), None));
    }

    #[test]
    fn a_list_is_empty_if_it_is_absent_or_null() {
        let object = Object::parse(r#"{"null":null,"some":[1,"a",[]],"odd":{}}"#).unwrap();
        let length = |key| object.list(key).map(|list| list.len());
        assert_eq!(
            [length("absent"), length("null"), length("some"), length("odd")],
            [Some(0), Some(0), Some(3), None]
        );
    }

    #[test]
    fn what_is_no_object_or_has_more_behind_it_is_not_parsed() {
        for json in ["", "null", "[]", "[1,\"a\"]", "\"{}\"", "{} {}", "{\"a\":1", "{\"a\":1}}"] {
            assert!(Object::parse(json).is_err(), "{json}");
        }
    }
}
