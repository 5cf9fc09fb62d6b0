//! `[record]`: whose meetings are recorded from their start.

use serde::Deserialize;

use super::error::Problem;
use super::{Events, shared};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Record {
    /// `unionId`s; `*`: everybody's.
    pub automatic_for: Vec<String>,
}

impl Record {
    /// `events` tell when a meeting begins.
    pub(super) fn validate(&self, events: &Events) -> Result<(), Problem> {
        const KEY: &str = "record.automatic_for";
        shared::check_union_ids(KEY, &self.automatic_for)?;
        if !self.automatic_for.is_empty() && !events.stream {
            let what = "only an event tells in time that a meeting begins; set events.stream = true";
            return Err(Problem::between(KEY, "events.stream", what));
        }
        Ok(())
    }
}
