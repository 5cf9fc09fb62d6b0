//! Makes foreign text safe to print: titles, names and messages come from anybody who can join a meeting.
//!
//! The catalog keeps them unchanged.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// The most of one text that a table shows. JSON and CSV hold all of it.
const SHOWN_CHARS: usize = 1_000;

/// The most marks that are shown on one letter: more than any script uses, too few to cover other lines.
const MOST_STACKED: usize = 8;

/// Text for a terminal. A character that would move the cursor, ring the bell, change a colour, hide, or turn the writing
/// direction is shown as its code.
pub fn text(text: &str) -> String {
    // Nearly all text is nothing but this.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut sanitized = String::with_capacity(text.len());
    let (mut before, mut stacked) = (None, 0);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let beside =
            |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !is_unsafe(c) && !is_joiner(c) && !c.is_whitespace());
        let hides = is_joiner(c) && !(beside(before) && beside(chars.peek().copied()));
        stacked = if c.width() == Some(0) { stacked + 1 } else { 0 };
        if is_unsafe(c) || hides || stacked > MOST_STACKED {
            sanitized.extend(c.escape_unicode());
        } else {
            sanitized.push(c);
        }
        before = Some(c);
    }
    sanitized
}

/// The same for text of several lines.
pub fn lines(text: &str) -> String {
    text.lines().map(self::text).collect::<Vec<_>>().join("\n")
}

/// The same for a table's cell; a long one is cut.
pub fn table_cell(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        None => self::text(text),
        Some((end, _)) => format!("{}…", self::text(&text[..end])),
    }
}

/// A cell of CSV. One that a spreadsheet would run as a formula begins with an apostrophe; any other is unchanged.
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    // Some programs drop what is blank or invisible before the sign.
    let begins = text.trim_start_matches(|c: char| c.is_whitespace() || is_unsafe(c) || is_joiner(c)).chars().next();
    let is_formula = begins.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'));
    let is_formula = is_formula || text.starts_with(['\t', '\r', '\n']);
    if is_formula && text.parse::<i64>().is_err() { format!("'{text}").into() } else { text.into() }
}

/// The same for a text that Excel opens by itself: it takes digits for a number, of which it keeps fifteen, and some for a
/// date. Such a text begins with an apostrophe too.
pub fn spreadsheet_text(text: &str) -> Cow<'_, str> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '/' | '+' | 'e' | 'E' | '%' | ' ');
    let is_number = text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(is_part);
    if is_number { format!("'{text}").into() } else { csv_cell(text) }
}

/// JSON of the same meaning for a terminal: unsafe characters in its strings are written as JSON's own escapes.
pub fn json(json: &str) -> Cow<'_, str> {
    // Outside of strings only line feeds are unsafe.
    if !json.contains(|c| is_unsafe(c) && c != '\n') {
        return json.into();
    }
    let mut sanitized = String::with_capacity(json.len());
    for c in json.chars() {
        if is_unsafe(c) && c != '\n' {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(sanitized, "\\u{unit:04x}");
            }
        } else {
            sanitized.push(c);
        }
    }
    sanitized.into()
}

/// A character that a terminal does not simply show.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || !c.is_ascii()
            && matches!(c,
            // Soft hyphen; bidirectional marks, embeddings, overrides and isolates; characters without width; separators of
            // lines and paragraphs; fillers; the byte order mark; annotations; controls of shorthand and music; tags.
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The joiners: many scripts and emoji are written with them, but between ASCII letters they only hide.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_fool_a_terminal_is_shown_as_its_code() {
        assert_eq!(text("plain 会议 ☕ 👩\u{200d}💻"), "plain 会议 ☕ 👩\u{200d}💻");
        assert_eq!(text("\u{1b}[31mred\u{202e}txt\n"), "\\u{1b}[31mred\\u{202e}txt\\u{a}");
        assert_eq!(text("\u{9b}2J\u{7f}\u{200b}\u{e0041}"), "\\u{9b}2J\\u{7f}\\u{200b}\\u{e0041}");
        assert_eq!(text("pay\u{200d}pal می\u{200c}خواهم \u{200c}"), "pay\\u{200d}pal می\u{200c}خواهم \\u{200c}");
        assert_eq!(lines("one\ntwo\u{7}"), "one\ntwo\\u{7}");
    }

    #[test]
    fn marks_do_not_pile_up_into_other_lines() {
        let zalgo = format!("H{}e", "\u{0311}".repeat(50));
        assert_eq!(text(&zalgo), format!("H{}{}e", "\u{0311}".repeat(8), "\\u{311}".repeat(42)));
        for plain in ["Việt Nam", "นี้", "कार्यक्रम", "각", "1\u{fe0f}\u{20e3}", "🏳\u{fe0f}\u{200d}🌈"]
        {
            assert_eq!(text(plain), plain);
        }
    }

    #[test]
    fn a_table_is_not_flooded() {
        let flood = "会".repeat(10_000_000);
        assert_eq!(table_cell(&flood).chars().count(), SHOWN_CHARS + 1);
        assert_eq!(table_cell("会议"), "会议");
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_text_and_a_number_stays_one() {
        for formula in [
            "=1+1",
            "+1+1",
            "-1+1",
            "@SUM(A1)",
            "  =1",
            "\t=1",
            "＝1",
            "\u{feff}=1",
            "\0=1",
            "\u{200d}=1",
            "\r\n=cmd|' /C calc'!A0",
        ] {
            assert!(csv_cell(formula).starts_with('\''), "{formula:?}: {:?}", csv_cell(formula));
        }
        for plain in ["-5", "17", "Weekly sync", "a = b", "", "two\nlines", "\u{1b}[31mred\u{202e}txt"] {
            assert_eq!(csv_cell(plain), plain);
        }
    }

    #[test]
    fn what_excel_would_round_or_take_for_a_date_is_text_and_what_is_no_number_is_unchanged() {
        for number in ["290882268001172033231", "6128093927014305053e77", "007", "-5", "2026-06-01", "1/2", "50 %"] {
            assert_eq!(spreadsheet_text(number), format!("'{number}"));
        }
        for plain in ["6128a9f3927cd1e4b05f3a77", "01:05:09", "2026-06-01T17:00:00+08:00", "standard", "e", ""] {
            assert_eq!(spreadsheet_text(plain), plain);
        }
        assert_eq!(spreadsheet_text("=1+1"), "'=1+1");
    }

    #[test]
    fn json_that_can_be_shown_means_the_same() {
        let wild = serde_json::json!({ "title": "\u{9b}31m\u{202e}\u{e0041} 会议\n" });
        let shown = json(&wild.to_string()).into_owned();
        assert!(!shown.contains(is_unsafe), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), wild);
    }
}
