//! What differs between two readings of the configuration: key by key, as an operator wrote it.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use ::config::{Value, ValueKind};

use super::Loaded;
use super::error::cut;
use super::keys::{KEYS, Shape};

/// Keys that are read when the daemon starts, and not again.
const AT_START: [&str; 3] = ["catalog.path", "http.listen", "log.format"];

/// What stands for a value that no message repeats.
const HIDDEN: &str = "(not shown)";

/// The value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// As messages may repeat it.
    shown: String,
    /// Differs where two values differ that are not shown.
    digest: u64,
}

/// A key with another value than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key, with its full path: `poll.interval`.
    pub key: &'static str,
    /// `None`: its default.
    pub before: Option<String>,
    /// `None`: its default.
    pub after: Option<String>,
}

impl Change {
    /// Whether it takes effect only when the daemon is started again.
    pub fn needs_restart(&self) -> bool {
        AT_START.contains(&self.key)
    }
}

/// `poll.interval: 1m, was the default`
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "the default".to_owned());
        write!(f, "{}: {}, was {}", self.key, text(&self.after), text(&self.before))
    }
}

impl Loaded {
    /// The keys that have another value in `next`, in the order of the sample file.
    pub fn changes(&self, next: &Self) -> Vec<Change> {
        let value = |loaded: &Self, key| loaded.settings.get(key).map(|setting| setting.shown.clone());
        let differs = |key: &&'static str| self.settings.get(key) != next.settings.get(key);
        let change = |key| Change { key, before: value(self, key), after: value(next, key) };
        KEYS.iter().map(|(key, _)| *key).filter(differs).map(change).collect()
    }

    /// Takes over from `running` what only a start can change.
    pub fn keeping_what_needs_a_restart(mut self, running: &Self) -> Self {
        self.config.catalog.path.clone_from(&running.config.catalog.path);
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

/// The settings that `values` hold.
pub(super) fn settings(values: &BTreeMap<&'static str, Value>) -> BTreeMap<&'static str, Setting> {
    let setting = |(key, shape): &(&'static str, Shape)| {
        let written = written(&values.get(key)?.kind);
        let mut digest = DefaultHasher::new();
        written.hash(&mut digest);
        let shown = if *shape == Shape::Secret { HIDDEN.to_owned() } else { cut(written) };
        Some((*key, Setting { shown, digest: digest.finish() }))
    };
    KEYS.iter().filter_map(setting).collect()
}

/// The value as TOML has it.
fn written(value: &ValueKind) -> String {
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
