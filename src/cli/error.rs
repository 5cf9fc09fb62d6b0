//! How a command fails: what it prints, and its exit code.

use std::io;
use std::process::ExitCode;

use super::{output, sanitize};
use crate::config::{ConfigError, Loaded, Problem};
use crate::domain::conference::check_conference_id;

/// An argument is wrong in a way that the parser of the command line does not find.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub(super) String);

impl Usage {
    pub(super) fn check_conference_id(id: &str) -> Result<(), Self> {
        check_conference_id(id).map_err(|bad| Self(bad.to_string()))
    }
}

/// Prints why a command failed. Returns its exit code.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    output::say(&format!("error: {}", sanitize::lines(&describe(error))));
    let is_configuration = error.is::<ConfigError>() || error.is::<Usage>();
    ExitCode::from(if is_configuration { 2 } else { 1 })
}

/// The error and its causes, without those that the text already contains: many errors repeat their cause.
pub(super) fn describe(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.extend([": ", &cause]);
        }
    }
    text
}

/// Adds to an error about a setting where the settings were read.
pub(super) fn with_source(error: anyhow::Error, loaded: &Loaded) -> anyhow::Error {
    match error.downcast::<Problem>() {
        Ok(problem) => ConfigError::at(&loaded.source_name(), &problem).into(),
        Err(error) => error,
    }
}

/// Whoever read our output has closed it: `head`, say.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_broken))
}
