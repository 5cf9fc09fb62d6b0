//! Text as HTML. All foreign text goes through [`text`].

use std::fmt::{self, Display, Write};
use std::time::Duration;

use crate::domain::calendar::{Precision, Zone, duration};
use crate::domain::clock::Timestamp;

/// The most of one text that is shown.
const SHOWN_CHARS: usize = 160;

/// Text that is nothing but text; a long one is cut.
pub(super) fn text(text: &str) -> Text<'_> {
    Text(text)
}

pub(super) struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, c) in self.0.chars().enumerate() {
            match c {
                _ if at == SHOWN_CHARS => return f.write_char('…'),
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // Controls, and what turns the writing direction.
                c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                    f.write_char('\u{fffd}')?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// `1,234`
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let grouped = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group));
    grouped.collect::<Vec<_>>().join(",")
}

/// `1 recording`, `1,234 recordings`
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// `12.5`, `1,235`
pub(super) fn amount(amount: f64) -> String {
    if amount < 99.95 { format!("{amount:.1}") } else { whole(amount) }
}

/// `1,235`
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float that is too large saturates")]
pub(super) fn whole(amount: f64) -> String {
    number(amount.round() as u64)
}

/// An instant by the clocks that the head of the page names.
pub(super) fn time(instant: Timestamp, zone: Zone) -> String {
    match zone.at(instant) {
        Some(at) => format!("<time datetime=\"{instant}\">{}</time>", Precision::Minutes.show(&at)),
        None => instant.to_string(),
    }
}

/// A duration in whole minutes, rounded up; it is not broken into lines.
pub(super) fn roughly(time: Duration) -> String {
    duration(Duration::from_mins(time.as_secs().div_ceil(60).max(1))).replace(' ', "\u{a0}")
}

/// A table, whose cells are HTML. On a phone, each cell stands beside its head.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let head = joined(heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>")));
    let cell = |(head, cell): (&&str, &String)| format!("<td data-head=\"{head}\"><div>{cell}</div></td>");
    let body = joined(rows.iter().map(|row| format!("<tr>{}</tr>\n", joined(heads.iter().zip(row).map(cell)))));
    format!("<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n")
}

/// Pieces of HTML, one after the other.
pub(super) fn joined(pieces: impl Iterator<Item = String>) -> String {
    pieces.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_text() {
        let shown = |foreign| text(foreign).to_string();
        assert_eq!(shown("<img src=x onerror='a(\"&\")'>"), "&lt;img src=x onerror=&#39;a(&quot;&amp;&quot;)&#39;&gt;");
        assert_eq!(shown("会议 \u{1b}[31m\u{202e}gpj"), "会议 \u{fffd}[31m\u{fffd}gpj");
        assert_eq!(shown(&"会".repeat(10_000)).chars().count(), SHOWN_CHARS + 1);
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.04, 12.34, 99.96, 1_234.5, f64::MAX].map(amount)[..4], ["0.0", "12.3", "100", "1,235"]);
    }
}
