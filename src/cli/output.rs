//! How results are printed: tables for people, JSON and CSV for programs.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::sanitize;
use crate::domain::clock::Timestamp;

/// How a list is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// For people.
    #[default]
    Table,
    /// One array, with the catalog's column names and raw values.
    Json,
    /// The same as comma-separated values; what a spreadsheet would run begins with an apostrophe
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
            print(&head::<T>()?)?;
            let on_terminal = io::stdout().is_terminal();
            let cell = |text: &str| {
                let cell = sanitize::csv_cell(text);
                if on_terminal { sanitize::lines(&cell) } else { cell.into_owned() }
            };
            let mut writer = csv::Writer::from_writer(io::stdout().lock());
            for row in rows {
                let record = record(row)?;
                writer.write_record(record.iter().map(cell))?;
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

/// The cells of one row.
fn record<T: Serialize>(row: &T) -> anyhow::Result<csv::StringRecord> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.serialize(row)?;
    let line = writer.into_inner()?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_slice());
    let mut record = csv::StringRecord::new();
    reader.read_record(&mut record)?;
    Ok(record)
}

/// Prints one thing as JSON.
pub(super) fn json<T: Serialize>(thing: &T) -> anyhow::Result<()> {
    print(&format!("{}\n", sanitize::json(&serde_json::to_string_pretty(thing)?)))
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
        table.add_row(row.iter().map(|text| sanitize::table_cell(text)));
    }
    table
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
