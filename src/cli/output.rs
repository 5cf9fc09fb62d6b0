//! Prints results: tables for people, JSON and CSV for programs.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::time::Duration;

use clap::{Args, ValueEnum};
use futures_util::{Stream, StreamExt, TryStreamExt};
use indicatif::BinaryBytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::screen::{Screen, Tone};
use super::table::{Cell, Column};
use super::{rows, sanitize};
use crate::catalog::Error;
use crate::catalog::lists::{Listed, Row};
pub(super) use crate::domain::calendar::duration;
use crate::domain::conference::State;

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

/// How one thing is printed that has times in it.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Dated {
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    /// Show times in UTC [default: the local time zone]
    #[arg(long)]
    utc: bool,
}

impl Dated {
    pub(super) fn screen(self) -> Screen {
        Screen::of_stdout(self.utc)
    }
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
    /// Show times, and read days, in UTC [default: the local time zone]
    #[arg(long)]
    utc: bool,
}

impl Listing {
    pub(super) fn screen(self) -> Screen {
        Screen::of_stdout(self.utc)
    }

    pub(super) fn most(self) -> Option<u64> {
        self.limit.or(self.is_table().then_some(100))
    }

    pub(super) fn is_table(self) -> bool {
        self.format == ListFormat::Table
    }

    /// Prints rows as they come: as JSON or CSV by their own column names, as a table by `columns` and `cells`. Under a table
    /// that leaves some out stands how many of `all` they are; where there are none, `nothing` is said instead.
    pub(super) async fn print<R: Row + DeserializeOwned>(
        self,
        rows: impl Stream<Item = Result<Listed<R>, Error>> + Unpin,
        all: impl Future<Output = Result<u64, Error>>,
        columns: &[Column],
        cells: impl Fn(&R) -> Vec<Cell>,
        nothing: &str,
    ) -> anyhow::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        match self.format {
            ListFormat::Table => {
                let rows: Vec<_> = rows.map(|row| Ok::<_, Error>(cells(&row?.row()?))).try_collect().await?;
                let shown = rows.len() as u64;
                if shown > 0 {
                    write!(out, "{}", self.screen().table(columns, &rows))?;
                }
                // Only a full page can have left some out.
                let left = if Some(shown) == self.most() { all.await?.saturating_sub(shown) } else { 0 };
                match left {
                    0 if shown == 0 => writeln!(out, "{nothing}")?,
                    0 => {}
                    _ => writeln!(out, "… and {left} more")?,
                }
            }
            ListFormat::Json => drop(rows::json(&mut out, rows, rows::raw).await?),
            ListFormat::Csv => {
                let reader = if io::stdout().is_terminal() { rows::Reader::Terminal } else { rows::Reader::Program };
                rows::csv(&mut out, rows, rows::raw, reader).await?;
            }
        }
        Ok(out.flush()?)
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

/// `01:05:09`; a day or longer: `3 d 25 min`.
pub(super) fn clock_time(millis: Option<i64>) -> Cell {
    let show = |ms: i64| match u64::try_from(ms).map(Duration::from_millis) {
        Ok(time) if time >= Duration::from_hours(24) => duration(time),
        _ => format!("{:02}:{:02}:{:02}", ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60),
    };
    millis.map(show).into()
}

/// `12.30 MiB`
pub(super) fn size(bytes: Option<i64>) -> Cell {
    let show =
        |bytes: i64| u64::try_from(bytes).map_or_else(|_| format!("{bytes} B"), |bytes| BinaryBytes(bytes).to_string());
    bytes.map(show).into()
}

/// One that needs a person stands out.
pub(super) fn state(state: &str) -> Cell {
    let tone = if state == State::Failed.as_str() { Tone::Failed } else { Tone::Plain };
    Cell::from(state).toned(tone)
}

pub(super) fn record_type(number: Option<i64>) -> Cell {
    match number {
        Some(0) => "standard".into(),
        Some(1) => "composed".into(),
        Some(number) => format!("type {number}").into(),
        None => "".into(),
    }
}
