//! Prints results: tables for people, JSON and CSV for programs.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::sanitize;
use crate::domain::clock::Timestamp;

/// How a list is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// For people
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
    /// For people
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

/// The head line of CSV. It is printed also where there are no rows.
fn head<T: Serialize + Default>() -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.serialize(T::default())?;
    let text = String::from_utf8(writer.into_inner()?)?;
    Ok(text.split_inclusive('\n').next().unwrap_or_default().to_owned())
}

fn record<T: Serialize>(row: &T) -> anyhow::Result<csv::StringRecord> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.serialize(row)?;
    let line = writer.into_inner()?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_slice());
    let mut record = csv::StringRecord::new();
    reader.read_record(&mut record)?;
    Ok(record)
}

pub(super) fn json<T: Serialize>(thing: &T) -> anyhow::Result<()> {
    print(&format!("{}\n", sanitize::json(&serde_json::to_string_pretty(thing)?)))
}

pub(super) fn print(text: &str) -> anyhow::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// Prints a message to standard error.
pub(super) fn say(text: &str) {
    // Where standard error is closed, there is nowhere to report that.
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

/// Prints the names and values of one thing, without those that have no value.
pub(super) fn facts<const N: usize>(facts: [(&str, Option<String>); N]) -> anyhow::Result<()> {
    let known = facts.into_iter().filter_map(|(name, fact)| Some((name, fact.filter(|fact| !fact.is_empty())?)));
    let rows = known.map(|(name, fact)| vec![name.to_owned(), fact]);
    print(&format!("{}\n", table(&[], rows)))
}

pub(super) fn instant(millis: Option<i64>) -> String {
    millis.map(|millis| Timestamp::from_millis(millis).to_string()).unwrap_or_default()
}

/// `01:05:09`
pub(super) fn clock_time(millis: Option<i64>) -> String {
    millis.map(|ms| format!("{:02}:{:02}:{:02}", ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60)).unwrap_or_default()
}

/// `12.3 MiB`
#[expect(clippy::cast_precision_loss, reason = "a tenth of a MiB is precise enough for people")]
pub(super) fn mebibytes(bytes: Option<i64>) -> String {
    bytes.map(|bytes| format!("{:.1} MiB", bytes as f64 / 1_048_576.0)).unwrap_or_default()
}

pub(super) fn record_type(number: Option<i64>) -> String {
    match number {
        Some(0) => "standard".to_owned(),
        Some(1) => "composed".to_owned(),
        Some(number) => format!("type {number}"),
        None => String::new(),
    }
}
