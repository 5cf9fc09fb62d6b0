//! What differs between two readings of the configuration: key by key, as an operator wrote it.

use ::config::ValueKind;
use secrecy::{ExposeSecret, SecretString};

use super::error::cut;
use super::keys::{KEYS, Shape};
use super::{Catalog, Loaded};

/// Keys that are read when the daemon starts, and not again.
const AT_START: [&str; 6] =
    ["catalog.path", "catalog.url", "catalog.schema", "catalog.password_file", "http.listen", "log.format"];

/// A key with another value than before.
pub struct Change {
    /// The key, with its full path: `poll.interval`.
    pub key: &'static str,
    /// `poll.interval: 1m, was the default`
    pub text: String,
}

impl Change {
    /// Whether it takes effect only when the daemon is started again.
    pub fn needs_restart(&self) -> bool {
        AT_START.contains(&self.key)
    }
}

impl Loaded {
    /// The keys that have another value in `next`, in the order of the sample file.
    pub fn changes(&self, next: &Self) -> Vec<Change> {
        let change = |&(key, shape): &(&'static str, Shape)| {
            let [before, after] = [self, next].map(|loaded| loaded.settings.get(key).map(SecretString::expose_secret));
            let shown = |written: Option<&str>| match written {
                None => "the default".to_owned(),
                Some(_) if shape == Shape::Secret => "(not shown)".to_owned(),
                Some(written) => cut(written.to_owned()),
            };
            let text = format!("{key}: {}, was {}", shown(after), shown(before));
            (before != after).then_some(Change { key, text })
        };
        KEYS.iter().filter_map(change).collect()
    }

    /// Takes over from `running` what only a start can change.
    pub fn keeping_what_needs_a_restart(mut self, running: &Self) -> Self {
        let keep_events = self.config.catalog.keep_events;
        self.config.catalog = Catalog { keep_events, ..running.config.catalog.clone() };
        self.config.http.clone_from(&running.config.http);
        self.config.log.format = running.config.log.format;
        for key in AT_START {
            match running.settings.get(key) {
                Some(value) => self.settings.insert(key, value.clone()),
                None => self.settings.remove(key),
            };
        }
        self
    }
}

/// The value as TOML has it.
pub(super) fn written(value: &ValueKind) -> String {
    match value {
        ValueKind::Array(items) => {
            format!("[{}]", items.iter().map(|item| written(&item.kind)).collect::<Vec<_>>().join(", "))
        }
        ValueKind::Table(table) => {
            let mut entries: Vec<_> =
                table.iter().map(|(key, value)| format!("{key} = {}", written(&value.kind))).collect();
            entries.sort_unstable();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}
