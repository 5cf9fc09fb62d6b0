//! Durations as an operator writes them: `500ms`, `30s`, `5m`, `24h`, `3d`.

use std::time::Duration;

use ::config::{Map, Value};

use super::error::Problem;

/// Ends the message about a value that is not a duration.
pub(super) const WRITE: &str = "write 500ms, 30s, 5m, 24h or 3d";

/// The longest that can be written: ten years. Sums of a few of them stay far from every clock's end.
const LONGEST: Duration = Duration::from_hours(24 * 3650);

/// More bytes than any sensible duration has. Humantime panics where its terms add up to more than a [`Duration`]
/// holds (`18446744073709551615s1000ms`), and only longer texts can reach that.
const MOST_BYTES: usize = 24;

/// The duration that `text` means, as serde reads one.
pub(super) fn value(text: &str) -> Result<Value, String> {
    let duration = parse(text)?;
    let nanos = u64::from(duration.subsec_nanos());
    Ok(Map::from([("secs".to_owned(), duration.as_secs()), ("nanos".to_owned(), nanos)]).into())
}

pub(super) fn at_least(shortest: Duration, key: &str, value: Duration) -> Result<(), Problem> {
    if value >= shortest {
        return Ok(());
    }
    Err(Problem::new(key, format!("{} is too short; at least {}", write(value), write(shortest))))
}

pub(super) fn write(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

fn parse(text: &str) -> Result<Duration, String> {
    // To humantime `5M` is five months, which is not what anybody means who writes an interval.
    let plain = !text.contains('M') && text.len() <= MOST_BYTES;
    match plain.then(|| humantime::parse_duration(text.trim())) {
        Some(Ok(duration)) if duration <= LONGEST => Ok(duration),
        Some(Ok(_)) => Err(format!("{text:?} is too long; at most ten years (3650d)")),
        _ => Err(format!("{text:?} is not a duration; {WRITE}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_the_manual_says() {
        for (text, expected) in [
            ("500ms", Duration::from_millis(500)),
            ("30s", Duration::from_secs(30)),
            ("5m", Duration::from_mins(5)),
            ("24h", Duration::from_hours(24)),
            ("3d", Duration::from_hours(72)),
            ("1h 30m", Duration::from_mins(90)),
            ("0s", Duration::ZERO),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_examples() {
        for text in ["", "soon", "5", "-5m", "5M", "1.5", "18446744073709551615s1000ms"] {
            assert_eq!(parse(text), Err(format!("{text:?} is not a duration; write 500ms, 30s, 5m, 24h or 3d")));
        }
        assert_eq!(parse("3651d").unwrap_err(), "\"3651d\" is too long; at most ten years (3650d)");
    }
}
