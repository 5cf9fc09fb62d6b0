//! `[watch]`: conferences known beforehand.

use std::collections::HashSet;

use serde::Deserialize;

use super::error::Problem;
use super::word;

/// The section `[watch]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// Conferences to watch besides those that are found. None unless set.
    pub conferences: Vec<Watched>,
}

/// A conference to watch: `"id"`, or `{ id = "id", union_id = "unionId" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Watched {
    /// The `conferenceId`.
    pub id: String,
    /// Whom to ask for its recordings as, before anyone else: a `unionId`.
    pub union_id: Option<String>,
}

/// The two ways to write a [`Watched`].
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Id(String),
    Table { id: String, union_id: Option<String> },
}

impl From<Written> for Watched {
    fn from(written: Written) -> Self {
        match written {
            Written::Id(id) => Self { id, union_id: None },
            Written::Table { id, union_id } => Self { id, union_id },
        }
    }
}

impl Watch {
    pub(super) fn validate(&self) -> Result<(), Problem> {
        const KEY: &str = "watch.conferences";
        let mut seen = HashSet::new();
        for Watched { id, union_id } in &self.conferences {
            validate_conference_id(id).map_err(|why| Problem::new(KEY, format!("{id:?} {why}")))?;
            word::check_optional(KEY, union_id.as_deref())?;
            if !seen.insert(id) {
                return Err(Problem::new(KEY, format!("{id:?} is there twice; remove one")));
            }
        }
        Ok(())
    }
}

/// Whether `id` can stand in a URL's path as one segment, and be a row's key.
fn validate_conference_id(id: &str) -> Result<(), &'static str> {
    const MOST_BYTES: usize = 256;
    if id.is_empty() {
        Err("is no conference id: it must not be empty")
    } else if id.len() > MOST_BYTES {
        Err("is no conference id: it is longer than 256 bytes")
    } else if id.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err("is no conference id: it has white space or control characters in it")
    } else if id == "." || id == ".." {
        // In a URL's path these name no conference but the folder and the one above it.
        Err("is no conference id")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_must_be_able_to_stand_in_a_url() {
        let longest = "x".repeat(256);
        for id in [
            "607452e01401526ee39609e1",
            "12345",
            "a/b",
            "会议",
            "...",
            longest.as_str(),
        ] {
            assert_eq!(validate_conference_id(id), Ok(()), "{id}");
        }
        for id in [
            "",
            " ",
            "a b",
            "a\n",
            "a\u{0}",
            "a\u{3000}",
            ".",
            "..",
            &"x".repeat(257),
        ] {
            assert!(validate_conference_id(id).is_err(), "{id:?}");
        }
    }
}
