//! `[log]`: how much the daemon logs, and in which form.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::error::Problem;

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Log {
    pub format: Format,
    /// `trace`, `debug`, `info`, `warn`, `error` or `off`, or directives such as
    /// `info,recording_archiver::dingtalk=debug`. `$RUST_LOG` wins.
    pub level: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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

impl Default for Log {
    fn default() -> Self {
        Self { format: Format::Auto, level: "info".into() }
    }
}

impl Log {
    pub(super) fn validate(&self) -> Result<(), Problem> {
        // A single word must be a level: the filter would take a misspelt level for the name of a module, and log nothing
        // else.
        let has_directives = self.level.contains(['=', ',', '[']);
        let is_level = LEVELS.iter().any(|level| self.level.eq_ignore_ascii_case(level));
        if is_level || has_directives && EnvFilter::builder().parse(&self.level).is_ok() {
            return Ok(());
        }
        let levels = "trace, debug, info, warn, error or off";
        let wanted = format!("write {levels}, or directives such as \"info,recording_archiver=debug\"");
        Err(Problem::new("log.level", format!("{:?} is not a level; {wanted}", self.level)))
    }
}
