//! How results are printed: tables for people, JSON and CSV for programs.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::domain::clock::Timestamp;

/// How a list is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// For people.
    #[default]
    Table,
    /// One array, with the catalog's column names and raw values.
    Json,
    /// The same, as comma-separated values.
    Csv,
}

/// How a single thing is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Table,
    /// One object.
    Json,
}

/// Prints rows: as JSON or CSV by their own field names, as a table by `heads` and `cells`.
pub(super) fn list<T: Serialize + Default>(
    rows: &[&T],
    format: ListFormat,
    heads: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<()> {
    match format {
        ListFormat::Table => print(&format!("{}\n", table(heads, rows.iter().copied().map(cells)))),
        ListFormat::Json => json(&rows),
        ListFormat::Csv => {
            if rows.is_empty() {
                return print(&head::<T>()?);
            }
            let mut writer = csv::Writer::from_writer(io::stdout().lock());
            for row in rows {
                writer.serialize(row)?;
            }
            writer.flush()?;
            Ok(())
        }
    }
}

/// The head line of rows of which there are none: a program that reads columns by name finds them all the same.
fn head<T: Serialize + Default>() -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.serialize(T::default())?;
    let text = String::from_utf8(writer.into_inner()?)?;
    Ok(text.split_inclusive('\n').next().unwrap_or_default().to_owned())
}

/// Prints one thing as JSON.
pub(super) fn json<T: Serialize>(thing: &T) -> anyhow::Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(thing)?))
}

/// Prints text to standard output.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// Says something to people, on standard error.
pub(super) fn say(text: &str) {
    // There is nobody to tell that nobody listens.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A table that fits the terminal.
pub(super) fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    if !heads.is_empty() {
        table.set_header(heads);
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| tame(cell)));
    }
    table
}

/// Text as a terminal may show it: what would move the cursor, ring, recolour or turn the writing direction is shown as
/// its code instead.
#[must_use]
pub(super) fn tame(text: &str) -> String {
    let mut tame = String::with_capacity(text.len());
    for c in text.chars() {
        if is_wild(c) {
            tame.extend(c.escape_unicode());
        } else {
            tame.push(c);
        }
    }
    tame
}

/// The same for text of several lines.
#[must_use]
pub(super) fn tame_lines(text: &str) -> String {
    text.lines().map(tame).collect::<Vec<_>>().join("\n")
}

fn is_wild(c: char) -> bool {
    // Bidirectional marks, embeddings, overrides and isolates, line and paragraph separators, the byte order mark.
    const TURNING: &[char] = &[
        '\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}',
        '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{feff}',
    ];
    c.is_control() || TURNING.contains(&c)
}

/// An instant for people.
#[must_use]
pub(super) fn instant(millis: Option<i64>) -> String {
    millis.map(|millis| Timestamp::from_millis(millis).to_string()).unwrap_or_default()
}

/// A duration for people: `01:05:09`.
#[must_use]
pub(super) fn clock_time(millis: Option<i64>) -> String {
    millis.map(|ms| format!("{:02}:{:02}:{:02}", ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60)).unwrap_or_default()
}

/// A size for people: `12.3 MiB`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a tenth of a MiB is precise enough for people")]
pub(super) fn mebibytes(bytes: Option<i64>) -> String {
    bytes.map(|bytes| format!("{:.1} MiB", bytes as f64 / 1_048_576.0)).unwrap_or_default()
}

/// `recordType` for people.
#[must_use]
pub(super) fn record_type(number: Option<i64>) -> String {
    match number {
        Some(0) => "standard".to_owned(),
        Some(1) => "composed".to_owned(),
        Some(number) => format!("type {number}"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_fool_a_terminal_is_shown_as_its_code() {
        assert_eq!(tame("plain 会议 ☕"), "plain 会议 ☕");
        assert_eq!(tame("\u{1b}[31mred\u{202e}txt\n"), "\\u{1b}[31mred\\u{202e}txt\\u{a}");
    }
}
