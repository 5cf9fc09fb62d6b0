//! Identifiers that are sent in a URL or a header: ids and keys.

use super::error::Problem;

/// Whether `value` can be an identifier: not empty, and without white space and control characters, which are pasted by
/// mistake.
pub(super) fn check(key: &str, value: &str) -> Result<(), Problem> {
    if value.is_empty() {
        Err(Problem::new(key, "must not be empty"))
    } else if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err(Problem::new(key, format!("{value:?} has white space or control characters in it")))
    } else {
        Ok(())
    }
}

pub(super) fn check_optional(key: &str, value: Option<&str>) -> Result<(), Problem> {
    value.map_or(Ok(()), |value| check(key, value))
}
