//! `[watch]`: conferences known beforehand.

use std::collections::HashSet;

use serde::Deserialize;

use super::error::Problem;
use super::word;
use crate::domain::conference::check_conference_id;

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
            check_conference_id(id).map_err(|why| Problem::new(KEY, why.to_string()))?;
            word::check_optional(KEY, union_id.as_deref())?;
            if !seen.insert(id) {
                return Err(Problem::new(KEY, format!("{id:?} is there twice; remove one")));
            }
        }
        Ok(())
    }
}
