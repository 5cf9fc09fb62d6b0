//! Rows as they come, written as JSON or CSV: none is kept, so that memory does not grow with the catalog.

use std::borrow::Cow;
use std::io::Write;

use futures_util::{Stream, TryStreamExt};

use super::sanitize;
use crate::catalog::Error;
use crate::catalog::lists::{Listed, Row};

/// Who reads CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Program,
    Terminal,
    /// Excel: it takes UTF-8 for something else where no byte order mark begins the file, and digits for a number.
    Spreadsheet,
}

/// A value as the catalog has it.
pub(super) fn raw<'a>(_column: &str, value: &'a str) -> Cow<'a, str> {
    value.into()
}

/// Writes one array of objects; how many. `shown` is what a column's value is written as, both of them JSON.
pub(super) async fn json<R: Row>(
    out: &mut impl Write,
    mut rows: impl Stream<Item = Result<Listed<R>, Error>> + Unpin,
    shown: impl for<'a> Fn(&str, &'a str) -> Cow<'a, str>,
) -> anyhow::Result<u64> {
    let (mut object, mut before, mut written) = (String::new(), "[\n  {\n    ", 0);
    while let Some(row) = rows.try_next().await? {
        object.clear();
        for (name, value) in row.columns()? {
            object.extend([before, "\"", name, "\": ", &shown(name, value)]);
            before = ",\n    ";
        }
        out.write_all(sanitize::json(&object).as_bytes())?;
        before = "\n  },\n  {\n    ";
        written += 1;
    }
    out.write_all(if written == 0 { b"[]\n" } else { b"\n  }\n]\n" })?;
    Ok(written)
}

/// The same as comma-separated values.
pub(super) async fn csv<R: Row>(
    mut out: &mut impl Write,
    mut rows: impl Stream<Item = Result<Listed<R>, Error>> + Unpin,
    shown: impl for<'a> Fn(&str, &'a str) -> Cow<'a, str>,
    reader: Reader,
) -> anyhow::Result<u64> {
    let mut format = csv::WriterBuilder::new();
    if reader == Reader::Spreadsheet {
        out.write_all("\u{feff}".as_bytes())?;
        format.terminator(csv::Terminator::CRLF);
    }
    let mut writer = format.from_writer(&mut out);
    writer.write_record(R::COLUMNS)?;
    let mut written = 0;
    while let Some(row) = rows.try_next().await? {
        for (name, json) in row.columns()? {
            let json = shown(name, json);
            let value = csv_value(&json)?;
            match reader {
                Reader::Program => writer.write_field(sanitize::csv_cell(&value).as_bytes())?,
                Reader::Terminal => writer.write_field(sanitize::lines(&sanitize::csv_cell(&value)))?,
                Reader::Spreadsheet if json.starts_with('"') => {
                    writer.write_field(sanitize::spreadsheet_text(&value).as_bytes())?;
                }
                Reader::Spreadsheet => writer.write_field(value.as_bytes())?,
            }
        }
        writer.write_record(None::<&[u8]>)?;
        written += 1;
    }
    writer.flush()?;
    Ok(written)
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
