//! `[log]`: what the daemon says about itself, and to whom.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::error::Problem;

/// The section `[log]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// How it is said. `auto` unless set.
    pub format: Format,
    /// How much is said: `trace`, `debug`, `info`, `warn`, `error` or `off`, or directives such as
    /// `info,recording_archiver::dingtalk=debug`. `info` unless set; `$RUST_LOG` wins.
    pub level: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Format {
    /// `Journald` under systemd, else `Pretty`.
    #[default]
    Auto,
    /// Lines for people, on standard error.
    Pretty,
    /// One JSON object a line, on standard error.
    Json,
    /// Fields for the journal.
    Journald,
}

const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "off"];

impl TryFrom<String> for Format {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        match word.as_str() {
            "auto" => Ok(Self::Auto),
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            "journald" => Ok(Self::Journald),
            _ => Err(format!("{word:?} is not a format; write auto, pretty, json or journald")),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: Format::Auto, level: "info".into() }
    }
}

impl Log {
    pub(super) fn validate(&self) -> Result<(), Problem> {
        // A lone word is a level: the filter would take a misspelt one for the name of a module, and log nothing else.
        let directives = self.level.contains(['=', ',', '[']);
        let lone_level = LEVELS.iter().any(|level| self.level.eq_ignore_ascii_case(level));
        if lone_level || directives && EnvFilter::builder().parse(&self.level).is_ok() {
            return Ok(());
        }
        Err(Problem::new(
            "log.level",
            format!(
                "{:?} is not a level; write trace, debug, info, warn, error or off, or directives such as \
                 \"info,recording_archiver=debug\"",
                self.level
            ),
        ))
    }
}
