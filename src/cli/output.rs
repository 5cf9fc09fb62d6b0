//! Prints results: tables for people, JSON and CSV for programs.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, Write};

use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use futures_util::{Stream, StreamExt, TryStreamExt};
use serde::Serialize;

use super::sanitize;
use crate::catalog::Error;
use crate::catalog::lists::{Listed, Row};
use crate::domain::clock::Timestamp;

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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Table,
    /// One object.
    Json,
}

#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Printed {
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// How a list is printed, and how much of it.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Listing {
    /// How the list is printed
    #[arg(long, value_enum, default_value_t)]
    format: ListFormat,
    /// So many rows at the most [default: 100 of a table, everything as json and csv]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

impl Listing {
    pub(super) fn most(self) -> Option<u64> {
        self.limit.or(self.is_table().then_some(100))
    }

    pub(super) fn is_table(self) -> bool {
        self.format == ListFormat::Table
    }

    /// Prints rows as they come: as JSON or CSV by their own column names, as a table by `heads` and `cells`. Under a table
    /// that leaves some out stands how many of `all` they are.
    pub(super) async fn print<R: Row>(
        self,
        mut rows: impl Stream<Item = Result<Listed<R>, Error>> + Unpin,
        all: impl Future<Output = Result<u64, Error>>,
        heads: &[&str],
        cells: impl Fn(&R) -> Vec<String>,
    ) -> anyhow::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        match self.format {
            ListFormat::Table => {
                let rows: Vec<_> = rows.map(|row| Ok::<_, Error>(cells(&row?.row()?))).try_collect().await?;
                let shown = rows.len() as u64;
                writeln!(out, "{}", table(heads, rows))?;
                // Only a full page can have left some out.
                let left = if Some(shown) == self.most() { all.await?.saturating_sub(shown) } else { 0 };
                if left > 0 {
                    writeln!(out, "… and {left} more")?;
                }
            }
            ListFormat::Json => {
                let (mut object, mut before) = (String::new(), "[\n  {\n    ");
                while let Some(row) = rows.try_next().await? {
                    object.clear();
                    for (name, value) in row.columns()? {
                        object.extend([before, "\"", name, "\": ", value]);
                        before = ",\n    ";
                    }
                    out.write_all(sanitize::json(&object).as_bytes())?;
                    before = "\n  },\n  {\n    ";
                }
                out.write_all(if before.starts_with('[') { b"[]\n" } else { b"\n  }\n]\n" })?;
            }
            ListFormat::Csv => {
                let on_terminal = io::stdout().is_terminal();
                let mut writer = csv::Writer::from_writer(&mut out);
                writer.write_record(R::COLUMNS)?;
                while let Some(row) = rows.try_next().await? {
                    for (_, value) in row.columns()? {
                        let value = csv_value(value)?;
                        let cell = sanitize::csv_cell(&value);
                        if on_terminal {
                            writer.write_field(sanitize::lines(&cell))?;
                        } else {
                            writer.write_field(cell.as_bytes())?;
                        }
                    }
                    writer.write_record(None::<&[u8]>)?;
                }
                writer.flush()?;
            }
        }
        Ok(out.flush()?)
    }
}

/// A value of JSON as CSV has it.
fn csv_value(json: &str) -> serde_json::Result<Cow<'_, str>> {
    match json.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) if !text.contains('\\') => Ok(text.into()),
        Some(_) => serde_json::from_str(json).map(Cow::Owned),
        None if json == "null" => Ok("".into()),
        None => Ok(json.into()),
    }
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
    print(&format!("{}\n", table(&[], known.map(|(name, fact)| vec![name.to_owned(), fact]))))
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
