//! Errors of a configuration. None of them, and none of their sources, contains a secret.

/// What is wrong with the value of a key, or with two keys that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", keys.join(" and "))]
pub struct Problem {
    /// The keys it is about, each with its full path: `poll.interval`.
    pub keys: Vec<String>,
    /// The value that was found, and what to write instead.
    pub message: String,
}

/// Why a configuration cannot be used: the place where it is wrong, and what is wrong there.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(super) String);

impl ConfigError {
    /// `place` is the file, or the environment variable.
    pub fn at(place: &str, problem: &Problem) -> Self {
        Self(format!("{place}: {problem}"))
    }
}

impl Problem {
    pub(super) fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { keys: vec![cut(key.into())], message: cut(message.into()) }
    }

    pub(super) fn between(one: &str, other: &str, message: impl Into<String>) -> Self {
        Self { keys: vec![one.into(), other.into()], message: message.into() }
    }

    /// This problem, and then the `other`.
    pub(super) fn and(self, other: &Self) -> Self {
        Self { message: format!("{}; {other}", self.message), ..self }
    }
}

/// The most of a value, or of a parser's message, that is repeated.
const MOST_CHARS: usize = 400;

/// Leaves out the middle of a long message: its beginning shows the value, its end says what to write.
pub(super) fn cut(text: String) -> String {
    let end = |most| text.char_indices().rev().nth(most - 1).map_or(0, |(at, _)| at);
    match text.char_indices().nth(MOST_CHARS) {
        None => text,
        Some((begin, _)) => format!("{} … {}", &text[..begin], &text[end(MOST_CHARS / 2).max(begin)..]),
    }
}
