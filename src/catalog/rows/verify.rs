//! What is wrong with a catalog.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::conference::State;
use crate::domain::lifecycle::{Standing, invariants};

/// So many of those who break an invariant are named; the others are counted.
const NAMED: usize = 10;

/// What is wrong, under the words of the check that found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What should hold, as [`checks`] has it.
    pub check: &'static str,
    /// Where it does not, the first of them.
    pub offenders: Vec<String>,
    pub more: u64,
}

impl Finding {
    pub(in crate::catalog) fn of(check: &'static str) -> Self {
        Self { check, offenders: Vec::new(), more: 0 }
    }

    pub(in crate::catalog) fn add(&mut self, offender: String) {
        if self.offenders.len() < NAMED {
            self.offenders.push(offender);
        } else {
            self.more += 1;
        }
    }
}

/// A conference, as its invariants look at it.
#[derive(sqlx::FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "what is known of a conference, each a fact of its own")]
pub(in crate::catalog) struct StandingRow {
    pub(in crate::catalog) conference_id: String,
    pub(in crate::catalog) state: String,
    pub(in crate::catalog) is_closed: bool,
    pub(in crate::catalog) is_planned: bool,
    pub(in crate::catalog) was_active: bool,
    pub(in crate::catalog) has_error: bool,
    pub(in crate::catalog) is_remembered: bool,
    pub(in crate::catalog) was_listed: bool,
    pub(in crate::catalog) has_recording: bool,
}

/// What breaks the invariants of a conference's life.
pub(in crate::catalog) struct Standings {
    pub(in crate::catalog) findings: Vec<Finding>,
}

impl Default for Standings {
    fn default() -> Self {
        Self { findings: Self::checks().map(Finding::of).collect() }
    }
}

impl Standings {
    /// What is checked, in words.
    pub(in crate::catalog) fn checks() -> impl Iterator<Item = &'static str> {
        invariants().iter().map(|(check, _)| *check)
    }

    /// Holds a conference against them. A state that is none of the six is for another check to find.
    pub(in crate::catalog) fn hold(&mut self, row: &StandingRow) {
        let Ok(state) = row.state.parse::<State>() else { return };
        let standing = Standing {
            state,
            is_closed: row.is_closed,
            is_planned: row.is_planned,
            was_active: row.was_active,
            has_error: row.has_error,
            is_remembered: row.is_remembered,
            was_listed: row.was_listed,
            has_recording: row.has_recording,
        };
        for (finding, (_, holds)) in self.findings.iter_mut().zip(invariants()) {
            if !holds(&standing) {
                finding.add(format!("{} ({state})", row.conference_id));
            }
        }
    }
}

/// Whether `raw` is JSON that names `media_id`. It may come as a string or as a number.
pub(in crate::catalog) fn bears(raw: &str, media_id: &str) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Video {
        media_id: Value,
    }
    match serde_json::from_str(raw) {
        Ok(Video { media_id: Value::String(text) }) => text == media_id,
        Ok(Video { media_id: Value::Number(number) }) => number.to_string() == media_id,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_id_may_come_as_a_string_or_as_a_number_of_any_size() {
        assert!(bears(r#"{"mediaId":"607452e0xxx"}"#, "607452e0xxx"));
        assert!(bears(r#"{"mediaId":18446744073709551615}"#, "18446744073709551615"));
        assert!(bears(r#"{"mediaId":"\u0061"}"#, "a"));
        for raw in
            ["", "null", "[]", "{}", r#"{"mediaId":null}"#, r#"{"mediaId":"other"}"#, r#"{"mediaId":"607452e0xxx""#]
        {
            assert!(!bears(raw, "607452e0xxx"), "{raw}");
        }
    }

    #[test]
    fn json_deeper_than_sqlite_reads_is_json_all_the_same() {
        let deep = format!(r#"{{"mediaId":"a","odd":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
        assert!(bears(&deep, "a"));
    }
}
