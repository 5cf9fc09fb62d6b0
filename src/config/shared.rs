//! What several sections share: identifiers, an interval or a cron pattern, files of text.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

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

/// The text of the file at `path`; an error if it is longer than `most_bytes`, as `/dev/zero` is.
pub(super) fn read_text(path: &Path, most_bytes: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(most_bytes + 1).read_to_string(&mut text)?;
    if text.len() as u64 > most_bytes {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {most_bytes} bytes")));
    }
    Ok(text)
}
