//! Errors of a configuration. None of them, and none of their sources, contains a secret.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// What is wrong with the value of a key, or with two keys that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The keys it is about, each with its full path: `poll.interval`.
    pub keys: Vec<String>,
    /// The value that was found, and what to write instead.
    pub message: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration file {}: {error}; name another with --config, or let it be read", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{place}: not TOML: {message}")]
    Syntax {
        /// The file and, if the parser knows it, the line.
        place: String,
        /// The parser's, without the text of the line, which may hold the secret.
        message: String,
    },
    #[error("{place}: {problem}")]
    Invalid {
        /// The file, or the environment variable.
        place: String,
        problem: Problem,
    },
}

impl Problem {
    pub(super) fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { keys: vec![cut(key.into())], message: cut(message.into()) }
    }

    pub(super) fn between(one: &str, other: &str, message: impl Into<String>) -> Self {
        Self { keys: vec![one.into(), other.into()], message: message.into() }
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

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.keys.join(" and "), self.message)
    }
}

impl std::error::Error for Problem {}
