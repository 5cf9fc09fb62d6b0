//! Foreign text, as it is printed: no terminal is moved by it, no spreadsheet runs it, and programs read what it was.

#![no_main]

use libfuzzer_sys::fuzz_target;
use recording_archiver::cli::sanitize;

/// Signs that a formula begins with, also those of full width.
const SIGNS: &str = "=+-@＝＋－＠";

fuzz_target!(|text: &str| {
    for shown in [sanitize::text(text), sanitize::table_cell(text)] {
        assert!(!shown.contains(is_steering), "{shown:?}");
    }
    assert!(!sanitize::lines(text).contains(|c: char| is_steering(c) && c != '\n'));
    assert!(sanitize::table_cell(text).len() <= 16 * 1_024);

    let cell = sanitize::csv_cell(text);
    let begins = cell.trim_start().chars().next();
    let runs = begins.is_some_and(|c| SIGNS.contains(c)) && cell.parse::<i64>().is_err();
    assert!(!runs && !cell.starts_with(['\t', '\r', '\n']), "{cell:?}");

    // Read back, a cell is what it was but for the apostrophe.
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([&*cell, "next"]).unwrap();
    let line = writer.into_inner().unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_slice());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((records.len(), &records[0][1]), (1, "next"));
    let read = &records[0][0];
    assert!(read == text || read.strip_prefix('\'') == Some(text), "{text:?} {read:?}");

    let json = serde_json::to_string(text).unwrap();
    let shown = sanitize::json(&json);
    assert!(!shown.contains(is_steering), "{shown:?}");
    assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
});

/// What no terminal may be sent: control characters, and what turns the writing direction or is not seen.
fn is_steering(c: char) -> bool {
    let turns = matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
