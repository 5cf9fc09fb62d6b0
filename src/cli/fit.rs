//! Fits text into so many columns of a screen: a Chinese character takes two.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A text, or its beginning and `…` where it is wider than `width`.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    // A character alone may be narrower than it is after another: measured is all that is shown.
    let end = ends.take_while(|end| text[..*end].width() < width).last().unwrap_or_default();
    format!("{}…", &text[..end])
}

/// A line as lines of at most `width` columns. A line breaks at spaces and beside wide characters; an id, a path or a word
/// that is wider than that has a line of its own.
pub(super) fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut begun = String::new();
    for unit in units(line) {
        if !begun.is_empty() && begun.width() + unit.trim_end().width() > width {
            lines.push(begun.trim_end().to_owned());
            begun.clear();
        }
        begun.push_str(unit);
    }
    lines.push(begun.trim_end().to_owned());
    lines
}

/// What stays together of a line.
fn units(line: &str) -> Vec<&str> {
    let is_wide = |c: char| c.width() == Some(2);
    let (mut units, mut begin, mut before) = (Vec::new(), 0, None);
    for (at, c) in line.char_indices() {
        let breaks = |before: char| {
            let joined = c.width() == Some(0) || before.width() == Some(0);
            // Spaces at the beginning are an indentation.
            let at_space = before == ' ' && c != ' ' && !line[..at].trim().is_empty();
            at_space || !joined && (is_wide(before) || is_wide(c)) && c != ' '
        };
        if before.is_some_and(breaks) {
            units.push(&line[begin..at]);
            begin = at;
        }
        before = Some(c);
    }
    units.push(&line[begin..]);
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_its_width() {
        assert_eq!(cut("会议记录", 8), "会议记录");
        assert_eq!(cut("会议记录", 7), "会议记…");
        assert_eq!(cut("会议记录", 6), "会议…");
        assert_eq!(cut("minutes", 4), "min…");
        let hearts = "❤\u{fe0f}".repeat(10);
        assert!((3..=20).all(|width| cut(&hearts, width).width() <= width), "{hearts}");
    }

    #[test]
    fn a_line_breaks_at_spaces_and_between_chinese_characters_and_nowhere_else() {
        assert_eq!(wrap("会议会议", 5), ["会议", "会议"]);
        assert_eq!(wrap("  \"key\": 1,", 80), ["  \"key\": 1,"]);
        assert_eq!(wrap("see 2fda4b9ff804725a for more", 8), ["see", "2fda4b9ff804725a", "for more"]);
        assert_eq!(wrap("", 80), [""]);
    }
}
