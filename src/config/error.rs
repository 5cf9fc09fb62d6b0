//! What can be wrong with a configuration, in words an operator can act on.
//!
//! Nothing said here ever contains a secret: not in an error, and not in the chain behind it.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// What is wrong with the value of a key, or with several that do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The keys it is about, each with its full path: `poll.interval`.
    pub keys: Vec<String>,
    /// What was found and what to write instead.
    pub message: String,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was asked for cannot be read.
    #[error("cannot read the configuration file {}: {error}; name another with --config, or let it be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The file is not TOML.
    #[error("{}{}: not TOML: {message}", path.display(), Line(*line))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1, where the parser knows it.
        line: Option<usize>,
        /// What the parser says, without the line's text: that may hold the secret.
        message: String,
    },
    /// It was read, but does not make sense.
    #[error("{place}: {problem}")]
    Invalid {
        /// The file, or the environment variable, that says so.
        place: String,
        /// What is wrong.
        problem: Problem,
    },
}

impl Problem {
    /// A problem with one key.
    pub(super) fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { keys: vec![cut(key.into())], message: cut(message.into()) }
    }

    /// A problem of two keys that do not go together.
    pub(super) fn between(one: &str, other: &str, message: impl Into<String>) -> Self {
        Self { keys: vec![one.into(), other.into()], message: message.into() }
    }
}

/// The most of a value, or of what the parser says, that is repeated.
const MOST_CHARS: usize = 400;

/// Words without the middle of a flood: what was found stands at the beginning, what to write at the end.
pub(super) fn cut(words: String) -> String {
    let end = |most| words.char_indices().rev().nth(most - 1).map_or(0, |(at, _)| at);
    match words.char_indices().nth(MOST_CHARS) {
        None => words,
        Some((begin, _)) => format!("{} … {}", &words[..begin], &words[end(MOST_CHARS / 2).max(begin)..]),
    }
}

/// `poll.interval and poll.cron: …`
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.keys.join(" and "), self.message)
    }
}

impl std::error::Error for Problem {}

/// `:7`, the way compilers say it, or nothing.
struct Line(Option<usize>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}
