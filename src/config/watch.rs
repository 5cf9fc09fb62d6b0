//! `[watch]`: conferences that are named in the configuration.

use std::collections::HashSet;

use serde::Deserialize;

use super::error::Problem;
use super::shared;
use crate::domain::conference::check_conference_id;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Watch {
    pub conferences: Vec<Watched>,
}

/// A conference to watch: `"id"`, or `{ id = "id", union_id = "unionId" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Watched {
    pub id: String,
    /// The `unionId` to ask as for its recordings, before any other.
    pub union_id: Option<String>,
}

impl Watch {
    pub(super) fn validate(&self) -> Result<(), Problem> {
        const KEY: &str = "watch.conferences";
        let mut seen = HashSet::new();
        for Watched { id, union_id } in &self.conferences {
            check_conference_id(id).map_err(|why| Problem::new(KEY, why.to_string()))?;
            shared::check_identifier(KEY, union_id.as_deref())?;
            if !seen.insert(id) {
                return Err(Problem::new(KEY, format!("{id:?} is there twice; remove one")));
            }
        }
        Ok(())
    }
}
