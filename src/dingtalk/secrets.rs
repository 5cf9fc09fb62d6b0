//! What must not be repeated: the app's secret, and the tokens that it was exchanged for.
//!
//! Whoever answers (DingTalk, a proxy, a portal) may echo what it was sent. So everything of an answer passes here before
//! it is kept or told: an error's words in [`Error::told`](super::Error::told), the data of an answer before it is
//! decoded.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

/// What stands in a secret's place.
const STARS: &str = "***";

/// What is shorter is found in ordinary words, and is no secret of DingTalk's: those have 64 characters, tokens 32.
const LEAST_IN_WORDS: usize = 4;

/// The same for data, where nothing may be touched that could have been meant.
const LEAST_IN_DATA: usize = 16;

/// Tokens that are remembered: the one in use, and those that calls still under way may carry.
const TOKENS: usize = 4;

/// The secrets of one client, each in all its forms.
pub(super) struct Secrets {
    app_secret: Vec<SecretString>,
    tokens: Mutex<VecDeque<Vec<SecretString>>>,
}

impl Secrets {
    pub(super) fn new(app_secret: &SecretString) -> Self {
        Self { app_secret: forms(app_secret.expose_secret()), tokens: Mutex::default() }
    }

    /// Remembers a token that was fetched.
    pub(super) fn remember(&self, token: &str) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|forms| forms.first().is_none_or(|known| known.expose_secret() != token));
        tokens.push_front(forms(token));
        tokens.truncate(TOKENS);
    }

    /// `words` without any secret.
    pub(super) fn out_of_words(&self, mut words: String) -> String {
        self.each(LEAST_IN_WORDS, |secret| {
            if words.contains(secret) {
                words = words.replace(secret, STARS);
            }
        });
        words
    }

    /// `data` without any secret; JSON stays JSON, for a secret stands inside a string.
    pub(super) fn out_of_data(&self, mut data: Vec<u8>) -> Vec<u8> {
        self.each(LEAST_IN_DATA, |secret| {
            let secret = secret.as_bytes();
            let find = |from: &[u8]| from.windows(secret.len()).position(|window| window == secret);
            // In place, for a body may be large: what is kept moves up to `kept`, from `next` on it is not looked through.
            let (mut kept, mut next) = (0, 0);
            while let Some(at) = find(&data[next..]) {
                data.copy_within(next..next + at, kept);
                kept += at;
                kept -= open_escape(&data[..kept]);
                data[kept..kept + STARS.len()].copy_from_slice(STARS.as_bytes());
                kept += STARS.len();
                next += at + secret.len();
            }
            if next > 0 {
                data.copy_within(next.., kept);
                data.truncate(kept + data.len() - next);
            }
        });
        data
    }

    fn each(&self, least: usize, mut act: impl FnMut(&str)) {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let secrets = self.app_secret.iter().chain(tokens.iter().flatten()).map(ExposeSecret::expose_secret);
        secrets.filter(|secret| secret.len() >= least).for_each(&mut act);
    }
}

/// How many bytes at the end of `json` belong to an escape that goes on behind it: `\`, or `\u` and up to three digits.
/// What is cut off behind them takes them along, or no reader of JSON would understand the rest.
fn open_escape(json: &[u8]) -> usize {
    let begins = |at: usize| {
        let is_escaped = json[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
        let goes_on = json.get(at + 1).is_none_or(|byte| *byte == b'u');
        json[at] == b'\\' && !is_escaped && goes_on && json.iter().skip(at + 2).all(u8::is_ascii_hexdigit)
    };
    (1..=5).find(|bytes| json.len().checked_sub(*bytes).is_some_and(begins)).unwrap_or(0)
}

/// A secret as it may be written: as it is, in a JSON string, as Rust quotes it, and in an address. The first is as it is.
fn forms(secret: &str) -> Vec<SecretString> {
    let quoted = |text: String| text[1..text.len() - 1].to_owned();
    let mut address = Url::parse("http://localhost").expect("this is a URL");
    address.query_pairs_mut().append_key_only(secret);
    let form = address.query().unwrap_or_default().to_owned();
    let percent = form.replace('+', "%20");
    let json = quoted(serde_json::Value::from(secret).to_string());
    let mut forms = vec![secret.to_owned()];
    for other in [json, quoted(format!("{secret:?}")), lowered(&form), lowered(&percent), form, percent] {
        if !forms.contains(&other) {
            forms.push(other);
        }
    }
    forms.into_iter().map(SecretString::from).collect()
}

/// The same address with its `%2F` as `%2f`.
fn lowered(address: &str) -> String {
    let mut parts = address.split('%');
    let mut lowered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lowered.extend(["%", &code.to_ascii_lowercase(), rest]);
    }
    lowered
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "canary \"of\\ 64/chars+é";

    fn secrets(app_secret: &str) -> Secrets {
        Secrets::new(&app_secret.into())
    }

    #[test]
    fn a_secret_is_found_in_every_form_that_it_may_be_written_in() {
        let written = [
            SECRET.to_owned(),
            serde_json::to_string(&serde_json::json!({ "appSecret": SECRET })).unwrap(),
            format!("{:?}", format!("got {SECRET}")),
            "canary+%22of%5C+64%2Fchars%2B%C3%A9".to_owned(),
            "canary%20%22of%5C%2064%2Fchars%2B%C3%A9".to_owned(),
            "canary%20%22of%5c%2064%2fchars%2b%c3%a9".to_owned(),
        ];
        let secrets = secrets(SECRET);
        for text in written {
            let told = secrets.out_of_words(format!("got {text}, {text}"));
            assert_eq!(told.matches(STARS).count(), 2, "{told}");
            assert!(!told.contains("canary"), "{told}");
            let data = format!("<{text}><{text}>{text}<").into_bytes();
            let kept = String::from_utf8(secrets.out_of_data(data)).unwrap();
            assert_eq!(kept.replace(|c| !"<>*".contains(c), ""), "<***><***>***<", "{kept}");
            assert!(!kept.contains("canary"), "{kept}");
        }
    }

    #[test]
    fn what_looks_like_a_secret_from_the_midst_of_an_escape_is_cut_out_with_it() {
        let secrets = secrets("bandana-of-the-app");
        for (data, expected) in [
            (r#"{"a":"\bandana-of-the-app"}"#, r#"{"a":"***"}"#),
            (r#"{"a":"\\bandana-of-the-app"}"#, r#"{"a":"\\***"}"#),
            (r#"{"a":"\\\bandana-of-the-app"}"#, r#"{"a":"\\***"}"#),
            (r#"{"a":"\ud83bandana-of-the-app"}"#, r#"{"a":"***"}"#),
            (r#"{"a":"\ud83dbandana-of-the-app"}"#, r#"{"a":"\ud83d***"}"#),
            (r#"{"a":"\\ud83bandana-of-the-app"}"#, r#"{"a":"\\ud83***"}"#),
            ("bandana-of-the-app", "***"),
        ] {
            let cut = String::from_utf8(secrets.out_of_data(data.as_bytes().to_vec())).unwrap();
            assert_eq!(cut, expected, "{data}");
        }
    }

    #[test]
    fn the_last_tokens_are_remembered_with_the_secret() {
        let secrets = secrets("simulated-app-secret");
        for n in 0..=TOKENS {
            secrets.remember(&format!("token-number-{n:04}"));
            secrets.remember(&format!("token-number-{n:04}"));
        }
        let told =
            secrets.out_of_words("token-number-0000 token-number-0001 token-number-0004 simulated-app-secret".into());
        assert_eq!(told, "token-number-0000 *** *** ***");
    }

    #[test]
    fn what_is_too_short_to_be_meant_is_left_alone() {
        assert_eq!(secrets("t").out_of_words("got t".into()), "got t");
        let data = br#"{"conferenceId":"hunter2"}"#.to_vec();
        assert_eq!(secrets("hunter2").out_of_data(data.clone()), data);
        assert_eq!(secrets("hunter2").out_of_words("got hunter2".into()), "got ***");
    }
}
