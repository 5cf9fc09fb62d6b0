//! The keys there are, and the shape of what each takes.
//!
//! Checked before anything is deserialised, for three reasons: the `config` crate would take `2.7` for `3` and `true`
//! for `1`; a variable is text, and only its key tells whether `12345` is a number; and an error should name the key,
//! what was found and what to write.

use ::config::{Map, Value, ValueKind};

use super::duration;
use super::error::Problem;

/// What a key takes, before anybody looks at the value itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A string.
    Text,
    /// A string that no message repeats.
    Secret,
    /// A string that reads as a duration.
    Duration,
    /// `true` or `false`.
    Flag,
    /// A whole number, zero or more.
    Count,
    /// A list of strings.
    List,
    /// A list of conference ids, or of tables that hold one.
    Conferences,
}

/// Every key, in the order of the sample file.
pub(super) const KEYS: &[(&str, Shape)] = &[
    ("dingtalk.base_url", Shape::Text),
    ("dingtalk.app_key", Shape::Text),
    ("dingtalk.app_secret", Shape::Secret),
    ("dingtalk.app_secret_file", Shape::Text),
    ("dingtalk.corp_id", Shape::Text),
    ("dingtalk.fallback_union_id", Shape::Text),
    ("dingtalk.request_timeout", Shape::Duration),
    ("dingtalk.requests_per_second", Shape::Count),
    ("dingtalk.max_in_flight", Shape::Count),
    ("catalog.path", Shape::Text),
    ("catalog.keep_events", Shape::Duration),
    ("watch.conferences", Shape::Conferences),
    ("discover.organization", Shape::Flag),
    ("discover.users", Shape::List),
    ("discover.interval", Shape::Duration),
    ("discover.cron", Shape::Text),
    ("poll.interval", Shape::Duration),
    ("poll.cron", Shape::Text),
    ("poll.batch_size", Shape::Count),
    ("collect.interval", Shape::Duration),
    ("collect.first_delay", Shape::Duration),
    ("collect.retry_min", Shape::Duration),
    ("collect.retry_max", Shape::Duration),
    ("collect.settle", Shape::Duration),
    ("collect.give_up_after", Shape::Duration),
    ("quota.calls_per_month", Shape::Count),
    ("http.listen", Shape::Text),
    ("heartbeat.url", Shape::Secret),
    ("log.format", Shape::Text),
    ("log.level", Shape::Text),
];

/// The keys of a table in `watch.conferences`.
const WATCHED_KEYS: [&str; 2] = ["id", "union_id"];

/// The shape of `key`; a problem that names the nearest key if there is none of that name.
pub(super) fn shape(key: &str) -> Result<Shape, Problem> {
    let known = KEYS.iter().find(|(known, _)| *known == key);
    known.map(|(_, shape)| *shape).ok_or_else(|| unknown(key, KEYS.iter().map(|(known, _)| *known)))
}

/// Whether a file holds nothing but keys we know, each with a value of its shape.
pub(super) fn check(file: &Map<String, Value>) -> Result<(), Problem> {
    for (name, section) in sorted(file) {
        let is_section = KEYS.iter().any(|(key, _)| key.split_once('.').is_some_and(|(section, _)| section == name));
        let ValueKind::Table(section) = &section.kind else {
            return Err(if is_section {
                Problem::new(name, format!("is {}, but it is the name of a section; write [{name}]", kind(section)))
            } else {
                unknown(name, KEYS.iter().map(|(known, _)| *known))
            });
        };
        for (key, value) in sorted(section) {
            let key = format!("{name}.{key}");
            shape(&key)?.check(&key, value)?;
        }
        if !is_section {
            return Err(unknown(name, KEYS.iter().filter_map(|(key, _)| Some(key.split_once('.')?.0))));
        }
    }
    Ok(())
}

/// Whether a file holds the app's secret itself.
pub(super) fn has_secret(file: &Map<String, Value>) -> bool {
    let dingtalk = file.get("dingtalk").map(|section| &section.kind);
    matches!(dingtalk, Some(ValueKind::Table(section)) if section.contains_key("app_secret"))
}

impl Shape {
    /// Whether `value`, which TOML has given a type, is of this shape.
    fn check(self, key: &str, value: &Value) -> Result<(), Problem> {
        let fits = match (self, &value.kind) {
            (Self::Text | Self::Secret | Self::Duration, ValueKind::String(_))
            | (Self::Flag, ValueKind::Boolean(_)) => true,
            (Self::Count, ValueKind::I64(number)) => *number >= 0,
            (Self::List, ValueKind::Array(items)) => items.iter().all(|item| matches!(item.kind, ValueKind::String(_))),
            (Self::Conferences, ValueKind::Array(items)) => {
                return items.iter().enumerate().try_for_each(|(i, item)| check_watched(&format!("{key}[{i}]"), item));
            }
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.mismatch(key, &value.kind)) }
    }

    /// What `text`, the value of an environment variable, says to a key of this shape. Lists are parted by commas.
    pub(super) fn read(self, key: &str, text: String) -> Result<ValueKind, Problem> {
        let value = match self {
            Self::Text | Self::Secret | Self::Duration => Some(ValueKind::String(text.clone())),
            Self::Flag => text.to_ascii_lowercase().parse().ok().map(ValueKind::Boolean),
            Self::Count => text.parse().ok().map(ValueKind::U64),
            Self::List | Self::Conferences => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Some(ValueKind::Array(items.map(Value::from).collect()))
            }
        };
        value.ok_or_else(|| self.mismatch(key, &ValueKind::String(text)))
    }

    fn mismatch(self, key: &str, found: &ValueKind) -> Problem {
        let quotes = if matches!(found, ValueKind::Array(_) | ValueKind::Table(_)) { "" } else { "; put it in quotes" };
        let wanted = match self {
            // Not even what was found is shown: it may be the secret in the wrong form.
            Self::Secret => return Problem::new(key, format!("{} is not a string{quotes}", kind_of(found))),
            Self::Text => format!("a string{quotes}"),
            Self::Duration => format!("a duration; {}, in quotes", duration::WRITE),
            Self::Flag => "true or false".into(),
            Self::Count => "a whole number, zero or more".into(),
            Self::List => "a list of strings; write [\"a\", \"b\"]".into(),
            Self::Conferences => "a list; write [\"id\", { id = \"id\", union_id = \"unionId\" }]".into(),
        };
        Problem::new(key, format!("{} is not {wanted}", shown(found)))
    }
}

fn check_watched(key: &str, value: &Value) -> Result<(), Problem> {
    match &value.kind {
        ValueKind::String(_) => Ok(()),
        ValueKind::Table(table) => {
            for (name, value) in sorted(table) {
                if !WATCHED_KEYS.contains(&name) {
                    return Err(unknown(&format!("{key}.{name}"), WATCHED_KEYS.into_iter()));
                }
                Shape::Text.check(&format!("{key}.{name}"), value)?;
            }
            if table.contains_key("id") { Ok(()) } else { Err(Problem::new(key, "has no id")) }
        }
        other => {
            let wanted = "a conference id; write \"id\" or { id = \"id\", union_id = \"unionId\" }";
            Err(Problem::new(key, format!("{} is not {wanted}", shown(other))))
        }
    }
}

/// No such key, and the one among `known` that it looks most like.
fn unknown<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let likeness = |known: &str| {
        // A key without its section is compared with keys without theirs; so is one of a table in a list.
        let last = |path: &str| path.rsplit_once('.').map_or_else(|| path.to_owned(), |(_, last)| last.to_owned());
        let whole = strsim::normalized_damerau_levenshtein(key, known);
        let part = strsim::normalized_damerau_levenshtein(&last(key), &last(known));
        if key.contains('.') && known.contains('.') { whole } else { part.max(whole) }
    };
    match known.max_by(|one, other| likeness(one).total_cmp(&likeness(other))) {
        Some(nearest) => Problem::new(key, format!("no such key; did you mean {nearest}?")),
        None => Problem::new(key, "no such key"),
    }
}

/// By name: a map's own order changes from run to run, and with it the error that is found first.
fn sorted(table: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut entries: Vec<_> = table.iter().map(|(key, value)| (key.as_str(), value)).collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

fn kind(value: &Value) -> &'static str {
    kind_of(&value.kind)
}

fn kind_of(value: &ValueKind) -> &'static str {
    match value {
        ValueKind::Nil => "nothing",
        ValueKind::Boolean(_) => "true or false",
        ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) | ValueKind::Float(_) => {
            "a number"
        }
        ValueKind::String(_) => "a string",
        ValueKind::Table(_) => "a table",
        ValueKind::Array(_) => "a list",
    }
}

/// A value as it would be written, as far as it has one line.
fn shown(value: &ValueKind) -> String {
    match value {
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Table(_) | ValueKind::Array(_) | ValueKind::Nil => kind_of(value).into(),
        other => other.to_string(),
    }
}
