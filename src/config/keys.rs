//! The keys there are, and the shape of what each takes.
//!
//! Each value is checked here, once, before it is deserialized: the `config` crate would take `2.7` for `3` and `true`
//! for `1`; the value of a variable is text, and only its key tells whether `12345` is a number; and an error must name
//! the key, the value that was found and what to write instead.

use std::collections::BTreeMap;

use ::config::{Map, Value, ValueKind};

use super::duration;
use super::error::Problem;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    /// Text that no message repeats.
    Secret,
    /// Text that [`duration`] reads.
    Duration,
    Flag,
    /// A whole number, zero or more.
    Count,
    /// A name of [`Format`](super::Format).
    LogFormat,
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
    ("catalog.url", Shape::Text),
    ("catalog.schema", Shape::Text),
    ("catalog.password_file", Shape::Text),
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
    ("quota.pushes_per_month", Shape::Count),
    ("events.stream", Shape::Flag),
    ("record.automatic_for", Shape::List),
    ("http.listen", Shape::Text),
    ("heartbeat.url", Shape::Secret),
    ("notify.url", Shape::Secret),
    ("notify.dingtalk_robot", Shape::Secret),
    ("notify.dingtalk_robot_secret_file", Shape::Text),
    ("notify.archived", Shape::Flag),
    ("log.format", Shape::LogFormat),
    ("log.level", Shape::Text),
];

/// The keys of a table in `watch.conferences`.
const WATCHED_KEYS: [&str; 2] = ["id", "union_id"];

const LOG_FORMATS: [&str; 4] = ["auto", "pretty", "json", "journald"];

/// The values in a file, by key. An error names the first key, by name, that is unknown or has a value of another shape.
pub(super) fn of_file(file: Map<String, Value>) -> Result<BTreeMap<&'static str, Value>, Problem> {
    let mut values = BTreeMap::new();
    for (name, section) in sorted(file) {
        let is_section = KEYS.iter().any(|(key, _)| key.split_once('.').is_some_and(|(section, _)| section == name));
        let ValueKind::Table(section) = section.kind else {
            return Err(if is_section {
                let found = kind(&section.kind);
                Problem::new(&name, format!("is {found}, but it is the name of a section; write [{name}]"))
            } else {
                unknown(&name, KEYS.iter().map(|(known, _)| *known))
            });
        };
        for (key, value) in sorted(section) {
            let (key, shape) = find(&format!("{name}.{key}"))?;
            shape.check(key, &value.kind)?;
            values.insert(key, value);
        }
        if !is_section {
            return Err(unknown(&name, KEYS.iter().filter_map(|(key, _)| Some(key.split_once('.')?.0))));
        }
    }
    Ok(values)
}

/// The value that `text`, as an environment variable holds it, gives to `key`. Commas separate the items of a list.
pub(super) fn of_text(key: &str, text: &str) -> Result<(&'static str, ValueKind), Problem> {
    let (key, shape) = find(key)?;
    let value = match shape {
        Shape::Flag => text.to_ascii_lowercase().parse().ok().map(ValueKind::Boolean),
        Shape::Count => text.parse().ok().map(ValueKind::I64),
        Shape::List | Shape::Conferences => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(ValueKind::Array(items.map(Value::from).collect()))
        }
        Shape::Text | Shape::Secret | Shape::Duration | Shape::LogFormat => None,
    };
    let value = value.unwrap_or_else(|| ValueKind::String(text.to_owned()));
    shape.check(key, &value)?;
    Ok((key, value))
}

/// The value of `key` as serde reads it: durations are written as text, and conferences can be written as their ids.
pub(super) fn for_serde(key: &str, value: &Value) -> Result<Value, Problem> {
    let watched = |item: &Value| match &item.kind {
        ValueKind::String(id) => Map::from([("id".to_owned(), id.as_str())]).into(),
        _ => item.clone(),
    };
    match (find(key)?, &value.kind) {
        ((key, Shape::Duration), ValueKind::String(text)) => {
            duration::value(text).map_err(|message| Problem::new(key, message))
        }
        ((_, Shape::Conferences), ValueKind::Array(items)) => Ok(items.iter().map(watched).collect::<Vec<_>>().into()),
        _ => Ok(value.clone()),
    }
}

fn find(key: &str) -> Result<(&'static str, Shape), Problem> {
    let found = KEYS.iter().find(|(known, _)| *known == key).copied();
    found.ok_or_else(|| unknown(key, KEYS.iter().map(|(known, _)| *known)))
}

impl Shape {
    fn check(self, key: &str, value: &ValueKind) -> Result<(), Problem> {
        let is_text = |item: &Value| matches!(item.kind, ValueKind::String(_));
        match (self, value) {
            (Self::Text | Self::Secret | Self::Duration, ValueKind::String(_))
            | (Self::Flag, ValueKind::Boolean(_))
            | (Self::Count, ValueKind::I64(0..)) => return Ok(()),
            (Self::LogFormat, ValueKind::String(name)) if LOG_FORMATS.contains(&name.as_str()) => return Ok(()),
            (Self::List, ValueKind::Array(items)) if items.iter().all(is_text) => return Ok(()),
            (Self::Conferences, ValueKind::Array(items)) => {
                let mut items = items.iter().enumerate();
                return items.try_for_each(|(i, item)| check_watched(&format!("{key}[{i}]"), &item.kind));
            }
            _ => {}
        }
        let quotes = if matches!(value, ValueKind::Array(_) | ValueKind::Table(_)) { "" } else { "; put it in quotes" };
        let wanted = match self {
            // Not even what was found is shown: it may be the secret in the wrong form.
            Self::Secret => return Err(Problem::new(key, format!("{} is not a string{quotes}", kind(value)))),
            Self::Text => format!("a string{quotes}"),
            Self::Duration => format!("a duration; {}, in quotes", duration::WRITE),
            Self::Flag => "true or false".into(),
            Self::Count => "a whole number, zero or more".into(),
            Self::LogFormat => "a format; write auto, pretty, json or journald".into(),
            Self::List => "a list of strings; write [\"a\", \"b\"]".into(),
            Self::Conferences => "a list; write [\"id\", { id = \"id\", union_id = \"unionId\" }]".into(),
        };
        Err(Problem::new(key, format!("{} is not {wanted}", shown(value))))
    }
}

fn check_watched(key: &str, value: &ValueKind) -> Result<(), Problem> {
    match value {
        ValueKind::String(_) => Ok(()),
        ValueKind::Table(table) => {
            for (name, value) in sorted(table.clone()) {
                let key = format!("{key}.{name}");
                if !WATCHED_KEYS.contains(&name.as_str()) {
                    return Err(unknown(&key, WATCHED_KEYS.into_iter()));
                }
                Shape::Text.check(&key, &value.kind)?;
            }
            if table.contains_key("id") { Ok(()) } else { Err(Problem::new(key, "has no id")) }
        }
        other => {
            let wanted = "a conference id; write \"id\" or { id = \"id\", union_id = \"unionId\" }";
            Err(Problem::new(key, format!("{} is not {wanted}", shown(other))))
        }
    }
}

/// The error for a key that does not exist; it names the key among `known` that is most like it.
fn unknown<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let likeness = |known: &str| {
        // A key without its section is compared with keys without theirs; so is one of a table in a list.
        let last = |path: &str| path.rsplit_once('.').map_or_else(|| path.to_owned(), |(_, last)| last.to_owned());
        let whole = strsim::normalized_damerau_levenshtein(key, known);
        let part = strsim::normalized_damerau_levenshtein(&last(key), &last(known));
        if key.contains('.') && known.contains('.') { whole } else { part.max(whole) }
    };
    let nearest = known.max_by(|one, other| likeness(one).total_cmp(&likeness(other))).unwrap_or_default();
    Problem::new(key, format!("no such key; did you mean {nearest}?"))
}

/// By name: a map's own order changes from run to run, and with it the error that is found first.
pub(super) fn sorted(table: Map<String, Value>) -> BTreeMap<String, Value> {
    table.into_iter().collect()
}

fn kind(value: &ValueKind) -> &'static str {
    match value {
        ValueKind::Nil => "nothing",
        ValueKind::Boolean(_) => "true or false",
        ValueKind::String(_) => "a string",
        ValueKind::Table(_) => "a table",
        ValueKind::Array(_) => "a list",
        _ => "a number",
    }
}

/// A value as it would be written, if it takes one line.
fn shown(value: &ValueKind) -> String {
    match value {
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Table(_) | ValueKind::Array(_) | ValueKind::Nil => kind(value).into(),
        other => other.to_string(),
    }
}
