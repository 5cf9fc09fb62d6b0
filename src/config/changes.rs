//! What one reading of the configuration says otherwise than the one before: key by key, as an operator wrote it.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use ::config::{Config as Merged, Value, ValueKind};

use super::Loaded;
use super::error::cut;
use super::keys::{KEYS, Shape};

/// Keys that are heeded when the daemon starts, and not again.
const AT_START: [&str; 3] = ["catalog.path", "http.listen", "log.format"];

/// What stands for a value that no message repeats.
const HIDDEN: &str = "(not shown)";

/// What a key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// As it may be repeated.
    shown: String,
    /// Tells one value that is not shown from another.
    digest: u64,
}

/// A key that says something else than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key, with its full path: `poll.interval`.
    pub key: &'static str,
    /// What it was set to before; `None`: its default.
    pub before: Option<String>,
    /// What it is set to now; `None`: its default.
    pub after: Option<String>,
}

impl Change {
    /// Whether it has to wait for the daemon's next start.
    #[must_use]
    pub fn needs_restart(&self) -> bool {
        AT_START.contains(&self.key)
    }
}

/// `poll.interval: 1m, was the default`
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "the default".to_owned());
        write!(f, "{}: {}, was {}", self.key, said(&self.after), said(&self.before))
    }
}

impl Loaded {
    /// What `next` says otherwise, in the order of the sample file.
    #[must_use]
    pub fn changes(&self, next: &Self) -> Vec<Change> {
        let is_other = |key: &&'static str| self.said.get(key) != next.said.get(key);
        let shown = |said: &Said| said.shown.clone();
        let change = |key| Change { key, before: self.said.get(key).map(shown), after: next.said.get(key).map(shown) };
        KEYS.iter().map(|(key, _)| *key).filter(is_other).map(change).collect()
    }

    /// Takes over from `running` what only a start can change.
    #[must_use]
    pub fn keeping_what_needs_a_restart(mut self, running: &Self) -> Self {
        self.config.catalog.path.clone_from(&running.config.catalog.path);
        self.config.http.clone_from(&running.config.http);
        self.config.log.format = running.config.log.format;
        for key in AT_START {
            match running.said.get(key) {
                Some(value) => self.said.insert(key, value.clone()),
                None => self.said.remove(key),
            };
        }
        self
    }
}

/// What is said by each key that is said at all.
pub(super) fn said(merged: &Merged) -> BTreeMap<&'static str, Said> {
    let said = |(key, shape): &(&'static str, Shape)| {
        let value: Value = merged.get(key).ok()?;
        let written = written(&value.kind);
        let mut digest = DefaultHasher::new();
        written.hash(&mut digest);
        let shown = if *shape == Shape::Secret { HIDDEN.to_owned() } else { cut(written) };
        Some((*key, Said { shown, digest: digest.finish() }))
    };
    KEYS.iter().filter_map(said).collect()
}

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
