//! What several sections share: identifiers, addresses, an interval or a cron pattern, files of text and of secrets.

use std::fs::File;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};

use super::duration;
use super::error::Problem;
use crate::domain::schedule::Schedule;

/// Whether `value`, if there is one, can be sent in a URL or a header: it is not empty, and has no white space and no
/// control characters, which are pasted by mistake.
pub(super) fn check_identifier(key: &str, value: Option<&str>) -> Result<(), Problem> {
    match value {
        Some("") => Err(Problem::new(key, "must not be empty")),
        Some(value) if value.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            Err(Problem::new(key, format!("{value:?} has white space or control characters in it")))
        }
        _ => Ok(()),
    }
}

/// Whether each of these can be a `unionId`, and is there once.
pub(super) fn check_union_ids(key: &str, union_ids: &[String]) -> Result<(), Problem> {
    union_ids.iter().try_for_each(|union_id| check_identifier(key, Some(union_id)))?;
    match union_ids.iter().enumerate().find(|(i, union_id)| union_ids[..*i].contains(union_id)) {
        Some((_, twice)) => Err(Problem::new(key, format!("{twice:?} is there twice"))),
        None => Ok(()),
    }
}

/// Whether `value` is what a sample or a guide shows in the place of a real one: `dingxxxx…`, `<app-key>`,
/// `paste-your-secret-here`.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let rest = value.strip_prefix("ding").unwrap_or(&value);
    let is_masked = rest.contains('…') || rest.len() >= 4 && rest.chars().all(|c| matches!(c, 'x' | '*' | '.'));
    let is_bracketed = value.starts_with('<') && value.ends_with('>');
    let is_request = ["your-", "your_", "paste-", "paste_"].iter().any(|word| value.starts_with(word));
    is_masked || is_bracketed || is_request || ["the secret itself", "changeme"].contains(&value.as_str())
}

/// At most one of the two is set.
pub(super) fn check_timing(section: &str, interval: Option<Duration>, cron: Option<&Schedule>) -> Result<(), Problem> {
    let (interval_key, cron_key) = (format!("{section}.interval"), format!("{section}.cron"));
    if interval.is_some() && cron.is_some() {
        return Err(Problem::between(&interval_key, &cron_key, "only one of the two can be set; remove the other"));
    }
    interval.map_or(Ok(()), |interval| duration::at_least(Duration::from_millis(100), &interval_key, interval))
}

pub(super) fn cron<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Schedule>, D::Error> {
    Schedule::parse_cron(&String::deserialize(deserializer)?).map(Some).map_err(de::Error::custom)
}

/// Whether what is sent to `url` stays on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether this process may not read the file at `path`. For a credential that is as intended: systemd reads it.
pub(super) fn is_refused(path: &Path) -> bool {
    File::open(path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

/// The secret in the file at `path`, without the line end that editors append; it may be empty.
pub(super) fn read_secret(path: &Path) -> io::Result<SecretString> {
    // No secret is as long.
    let text = read_text(path, 64 * 1024).map(SecretString::from)?;
    let line = text.expose_secret();
    let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(line.into())
}

/// The text of the file at `path`; an error if it is longer than `most_bytes`, as `/dev/zero` is.
pub(super) fn read_text(path: &Path, most_bytes: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(most_bytes + 1).read_to_string(&mut text)?;
    if text.len() as u64 > most_bytes {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {most_bytes} bytes")));
    }
    Ok(text)
}
