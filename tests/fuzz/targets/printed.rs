//! Foreign text, as it is printed: no terminal is moved by it, no spreadsheet runs it, and programs read what it was.

#![no_main]

use libfuzzer_sys::fuzz_target;
use recording_archiver::cli::tame;

fuzz_target!(|text: &str| {
    for shown in [tame::text(text), tame::shown(text)] {
        assert!(!shown.contains(char::is_control), "{shown:?}");
    }
    assert!(!tame::lines(text).contains(|c: char| c.is_control() && c != '\n'));
    assert!(tame::shown(text).len() <= 16 * 1_024);

    let cell = tame::cell(text);
    assert!(!cell.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')), "{cell:?}");
    let begins = cell.trim_start().chars().next();
    let runs = begins.is_some_and(|c| "=+-@＝＋－＠".contains(c)) && cell.parse::<i64>().is_err();
    assert!(!runs, "{cell:?}");

    let json = serde_json::to_string(text).unwrap();
    let shown = tame::json(&json);
    assert!(!shown.contains(char::is_control), "{shown:?}");
    assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
});
