//! Names that go out in a URL or a header: ids, keys.

use super::error::Problem;

/// Whether `value` can be an id or a key: not empty, and without white space or control characters, which nobody means
/// and everybody pastes.
pub(super) fn check(key: &str, value: &str) -> Result<(), Problem> {
    if value.is_empty() {
        Err(Problem::new(key, "must not be empty"))
    } else if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err(Problem::new(key, format!("{value:?} has white space or control characters in it")))
    } else {
        Ok(())
    }
}

/// The same for a key that may be left out.
pub(super) fn check_optional(key: &str, value: Option<&str>) -> Result<(), Problem> {
    value.map_or(Ok(()), |value| check(key, value))
}
