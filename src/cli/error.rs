//! How a command fails: what it prints, and its exit code.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::anyhow;

use super::{output, sanitize};
use crate::catalog;
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

/// Where only reading the catalog at `path` is allowed: whose it is, and the command that its owner can run.
pub(super) fn with_owner(error: anyhow::Error, path: &Path) -> anyhow::Error {
    if !error.downcast_ref().is_some_and(catalog::Error::is_read_only) {
        return error;
    }
    let Ok(owner) = path.metadata().map(|file| file.uid()) else { return error };
    if owner == rustix::process::geteuid().as_raw() {
        return error;
    }
    let (name, path) = (user_name(owner), path.display());
    let command: Vec<_> = std::env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy())).collect();
    let command = format!("sudo -u {} recording-archiver {}", quoted(&name), command.join(" "));
    anyhow!("{path} belongs to {name}, and this user may only read it; this may write: `{command}`")
}

/// The name of a user, as sudo takes it.
fn user_name(uid: u32) -> String {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("#{uid}"))
}

/// `word` as a shell takes it for one.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Whoever read our output has closed it: `head`, say.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_broken))
}
