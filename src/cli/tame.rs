//! Foreign text, made harmless where it is shown: titles, names and messages come from anybody who can join a meeting.
//!
//! The catalog keeps them as they came.

use std::borrow::Cow;

/// The most of one text that a table shows. Programs get the whole.
const SHOWN_CHARS: usize = 1_000;

/// Text as a terminal may show it: what would move the cursor, ring, recolour, hide or turn the writing direction is shown
/// as its code instead.
#[must_use]
pub fn text(text: &str) -> String {
    escaped(text, is_wild)
}

/// The same for text of several lines.
#[must_use]
pub fn lines(text: &str) -> String {
    text.lines().map(self::text).collect::<Vec<_>>().join("\n")
}

/// The same for a table's cell, which is cut where it would flood the screen.
#[must_use]
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        None => self::text(text),
        Some((end, _)) => format!("{}…", self::text(&text[..end])),
    }
}

/// The same for a cell of comma-separated values, which may be of several lines. One that a spreadsheet would take for a
/// formula begins with an apostrophe; a number stays a number.
#[must_use]
pub fn cell(text: &str) -> String {
    let tamed = escaped(text, |c| is_wild(c) && !matches!(c, '\n' | '\t'));
    let begins = text.trim_start().chars().next();
    let is_formula = begins.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'));
    let is_formula = is_formula || text.starts_with(['\t', '\r', '\n']);
    if is_formula && text.parse::<i64>().is_err() { format!("'{tamed}") } else { tamed }
}

/// JSON that means the same and can be shown: what is wild in its strings is written as JSON's own escapes.
#[must_use]
pub fn json(json: &str) -> Cow<'_, str> {
    // Outside of strings there is nothing wild but line feeds.
    if !json.contains(|c| is_wild(c) && c != '\n') {
        return json.into();
    }
    let mut tame = String::with_capacity(json.len());
    for c in json.chars() {
        if is_wild(c) && c != '\n' {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                tame.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            tame.push(c);
        }
    }
    tame.into()
}

fn escaped(text: &str, is_wild: impl Fn(char) -> bool) -> String {
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

/// What a terminal does not simply show. The joiners U+200C and U+200D stay: words and emoji are written with them.
fn is_wild(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Soft hyphen; bidirectional marks, embeddings, overrides and isolates; what has no width; separators of lines
            // and paragraphs; the byte order mark; annotations; tags.
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_fool_a_terminal_is_shown_as_its_code() {
        assert_eq!(text("plain 会议 ☕ 👩\u{200d}💻"), "plain 会议 ☕ 👩\u{200d}💻");
        assert_eq!(text("\u{1b}[31mred\u{202e}txt\n"), "\\u{1b}[31mred\\u{202e}txt\\u{a}");
        assert_eq!(text("\u{9b}2J\u{7f}\u{200b}\u{e0041}"), "\\u{9b}2J\\u{7f}\\u{200b}\\u{e0041}");
        assert_eq!(lines("one\ntwo\u{7}"), "one\ntwo\\u{7}");
    }

    #[test]
    fn a_table_is_not_flooded() {
        let flood = "会".repeat(10_000_000);
        assert_eq!(shown(&flood).chars().count(), SHOWN_CHARS + 1);
        assert_eq!(shown("会议"), "会议");
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_text_and_a_number_stays_one() {
        for formula in ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "  =1", "\t=1", "＝1", "\r\n=cmd|' /C calc'!A0"] {
            assert!(cell(formula).starts_with('\''), "{formula:?}: {:?}", cell(formula));
        }
        for plain in ["-5", "17", "Weekly sync", "a = b", "", "two\nlines"] {
            assert_eq!(cell(plain), plain);
        }
    }

    #[test]
    fn json_that_can_be_shown_means_the_same() {
        let wild = serde_json::json!({ "title": "\u{9b}31m\u{202e}\u{e0041} 会议\n" });
        let shown = json(&wild.to_string()).into_owned();
        assert!(!shown.contains(is_wild), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), wild);
    }
}
