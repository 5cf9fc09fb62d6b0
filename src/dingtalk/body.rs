//! The body of an answer, as text that may be kept.

use secrecy::{ExposeSecret, SecretString};
use serde::de::IgnoredAny;

/// A shorter secret is not one of DingTalk's (they have 64 characters, tokens 32) and may occur in ordinary data.
const LEAST_SECRET_BYTES: usize = 16;

/// Reads a body as text: without a byte order mark, with U+FFFD for bytes that are no character, and with `***` for the
/// secrets of the call, which whoever answers may echo. Errors and data are taken from this text, so both are redacted.
pub(super) fn text(body: Vec<u8>, secrets: &[&SecretString]) -> String {
    let mut text =
        String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    for secret in secrets.iter().map(|secret| secret.expose_secret()) {
        if secret.len() >= LEAST_SECRET_BYTES && text.contains(secret) {
            text = text.replace(secret, "***");
        }
    }
    // JSON forbids control characters inside a string and takes those outside for spaces.
    let has_controls = text.bytes().any(|byte| byte < b' ');
    if has_controls && serde_json::from_str::<IgnoredAny>(&text).is_err() {
        text = text.replace(|c| c < ' ', " ");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_character_is_replaced_and_json_stays_as_it_is() {
        for (body, expected) in [
            (&b"{}"[..], "{}"),
            (b"\xef\xbb\xbf{}", "{}"),
            (b"\"a\xff\"", "\"a\u{fffd}\""),
            (b"{\n\t\"a\": \"\\ud83d\\u0000\"\r\n}\n", "{\n\t\"a\": \"\\ud83d\\u0000\"\r\n}\n"),
            (b"{\n\"a\tb\0\": 1}", "{ \"a b \": 1}"),
        ] {
            assert_eq!(text(body.to_vec(), &[]), expected);
        }
    }

    #[test]
    fn the_secrets_of_the_call_are_redacted() {
        let (secret, token) = ("simulated-app-secret".into(), "simulated00000000000000000000001".into());
        let body = br#"{"message":"simulated-app-secret simulated00000000000000000000001 simulated-app-secret"}"#;
        assert_eq!(text(body.to_vec(), &[&secret, &token]), r#"{"message":"*** *** ***"}"#);
        assert_eq!(text(body.to_vec(), &[&"message".into()]).as_bytes(), body, "too short to be a secret");
    }
}
