//! Tables for people: they fit the screen that they are printed on.
//!
//! A row is a line. Ids and times are never broken; texts are cut with `…`, and where that is not enough, lesser columns are
//! left out. If even the others do not fit, each row is printed as lines. What is not printed on a terminal is not fitted.

use std::iter::repeat_n;

use chrono::FixedOffset;
use unicode_width::UnicodeWidthStr;

use super::fit::{cut, wrap};
use super::sanitize;
use super::screen::{Screen, Tone};
use super::zone::{Precision, offset};
use crate::domain::clock::Timestamp;

const GAP: &str = "  ";

/// Prose is wrapped to no less than this.
const LEAST_PROSE: usize = 24;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Id,
    /// A word or two that need no head to be understood.
    Word,
    /// Aligned on the right.
    Number,
    Time(Precision),
    /// Is cut where there is no room for it, to no less than so many columns of the screen.
    Text(usize),
    /// Is wrapped where there is no room for it. Only the last column may be.
    Prose,
}

/// A column: its head, what it holds, and its rank. What has the greatest rank is left out first; 0 never is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column(pub(super) &'static str, pub(super) Kind, pub(super) u8);

#[derive(Clone, Debug)]
pub(super) struct Cell {
    content: Content,
    tone: Tone,
}

#[derive(Clone, Debug)]
enum Content {
    Text(String),
    Lines(String),
    Whole(String),
    Time(Option<Timestamp>),
}

impl Cell {
    pub(super) fn time(instant: Option<Timestamp>) -> Self {
        Self { content: Content::Time(instant), tone: Tone::Plain }
    }

    pub(super) fn millis(instant: Option<i64>) -> Self {
        Self::time(instant.map(Timestamp::from_millis))
    }

    /// A text of several lines.
    pub(super) fn lines(text: impl Into<String>) -> Self {
        Self { content: Content::Lines(text.into()), tone: Tone::Plain }
    }

    /// A text that is of no use without its end: an address.
    pub(super) fn whole(text: impl Into<String>) -> Self {
        Self { content: Content::Whole(text.into()), tone: Tone::Plain }
    }

    pub(super) fn toned(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    fn is_empty(&self) -> bool {
        match &self.content {
            Content::Text(text) | Content::Lines(text) | Content::Whole(text) => text.is_empty(),
            Content::Time(instant) => instant.is_none(),
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { content: Content::Text(text), tone: Tone::Plain }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        text.unwrap_or_default().into()
    }
}

impl Screen {
    /// A table, or the same as lines where the screen is too narrow.
    pub(super) fn table(&self, columns: &[Column], rows: &[Vec<Cell>]) -> String {
        let has_heads = columns.iter().any(|Column(head, ..)| !head.is_empty());
        let offset = self.common_offset(rows).filter(|_| has_heads);
        let shown: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                row.iter().zip(columns).map(|(cell, column)| self.show(cell, column.1, offset.is_some())).collect()
            })
            .collect();
        match self.layout(columns, &shown, offset) {
            Some(layout) => self.draw(&layout, has_heads, rows, &shown),
            None => rows.iter().map(|row| self.as_lines(columns, row)).collect(),
        }
    }

    /// The names and values of one thing, without those that have no value.
    pub(super) fn facts<'a>(&self, facts: impl IntoIterator<Item = (&'a str, Cell)>) -> String {
        let known = facts.into_iter().filter(|(_, fact)| !fact.is_empty());
        let rows: Vec<_> = known.map(|(name, fact)| vec![name.into(), fact]).collect();
        self.table(&[Column("", Kind::Word, 0), Column("", Kind::Prose, 0)], &rows)
    }

    /// The offset from UTC of all the instants; `None` where they have none in common.
    fn common_offset(&self, rows: &[Vec<Cell>]) -> Option<FixedOffset> {
        let mut offsets = rows.iter().flatten().filter_map(|cell| match cell.content {
            Content::Time(instant) => Some(*self.zone.at(instant?)?.offset()),
            _ => None,
        });
        let first = offsets.next()?;
        offsets.all(|offset| offset == first).then_some(first)
    }

    /// A cell as text; without the offset of an instant where the head says it.
    fn show(&self, cell: &Cell, kind: Kind, is_zone_named: bool) -> String {
        match &cell.content {
            Content::Text(text) => sanitize::table_cell(text),
            Content::Lines(text) => text.lines().map(sanitize::table_cell).collect::<Vec<_>>().join("\n"),
            Content::Whole(text) => sanitize::text(text),
            Content::Time(None) => String::new(),
            Content::Time(Some(instant)) => match (kind, self.zone.at(*instant)) {
                (Kind::Time(precision), Some(time)) if is_zone_named => precision.show(&time),
                _ => self.zone.show(*instant),
            },
        }
    }

    /// The columns that are shown, and how wide; `None` where there is no room even for those that must be.
    fn layout(&self, columns: &[Column], cells: &[Vec<String>], offset: Option<FixedOffset>) -> Option<Vec<Slot>> {
        let is_empty = |at: usize| cells.iter().all(|row| row[at].is_empty());
        let mut shown: Vec<usize> = (0..columns.len()).collect();
        // For programs the columns are always the same.
        shown.retain(|at| self.width.is_none() || columns[*at].2 == 0 || !is_empty(*at));
        loop {
            let mut slots: Vec<_> = shown.iter().map(|at| Slot::of(*at, columns[*at], cells)).collect();
            let first_time = slots.iter_mut().find(|slot| matches!(slot.kind, Kind::Time(_)));
            if let Some((slot, offset)) = first_time.zip(offset) {
                slot.name_zone(offset);
            }
            let Some(screen) = self.width else { return Some(slots) };
            let least: usize = slots.iter().map(Slot::least).sum::<usize>() + GAP.len() * slots.len().saturating_sub(1);
            if let Some(mut room) = screen.checked_sub(least) {
                for slot in &mut slots {
                    let given = slot.least() + room.min(slot.width - slot.least());
                    room -= given - slot.least();
                    slot.width = given;
                }
                return Some(slots);
            }
            let least_wanted = shown.iter().copied().filter(|at| columns[*at].2 > 0).max_by_key(|at| columns[*at].2)?;
            shown.retain(|at| *at != least_wanted);
        }
    }

    fn draw(&self, layout: &[Slot], has_heads: bool, rows: &[Vec<Cell>], cells: &[Vec<String>]) -> String {
        let mut table = String::new();
        if has_heads {
            let heads = layout.iter().map(|slot| (slot, slot.head.as_str(), Tone::Plain));
            self.draw_line(&mut table, heads);
            if self.width.is_some() {
                let rules: Vec<_> = layout.iter().map(|slot| "─".repeat(slot.width)).collect();
                table.extend([&rules.join(GAP), "\n"]);
            }
        }
        for (row, cells) in rows.iter().zip(cells) {
            let texts = layout.iter().map(|slot| (slot, cells[slot.column].as_str(), row[slot.column].tone));
            self.draw_line(&mut table, texts);
        }
        table
    }

    /// A row: a line, and more of them only for prose.
    fn draw_line<'a>(&self, table: &mut String, cells: impl Iterator<Item = (&'a Slot, &'a str, Tone)>) {
        // Where the column begins, and how much of the way there is still blank: no line ends in blanks.
        let (mut left, mut blank) = (0, 0);
        for (slot, text, tone) in cells {
            let lines: Vec<_> = match slot.kind {
                Kind::Prose => text.lines().flat_map(|text| wrap(text, slot.width)).collect(),
                Kind::Text(_) => vec![cut(text, slot.width)],
                _ => vec![text.to_owned()],
            };
            for (at, text) in lines.iter().filter(|text| !text.is_empty()).enumerate() {
                let rest = slot.width.saturating_sub(text.width());
                let aligned = if slot.kind == Kind::Number { rest } else { 0 };
                if at > 0 {
                    table.push('\n');
                    blank = left;
                }
                table.extend(repeat_n(' ', blank + aligned));
                table.push_str(&self.paint(tone, text));
                // What the column still is to be filled with is the way to the next one.
                blank = rest - aligned;
            }
            let is_blank = lines.iter().all(String::is_empty);
            blank += GAP.len() + if is_blank { slot.width } else { 0 };
            left += slot.width + GAP.len();
        }
        table.push('\n');
    }

    /// A row where there is no room for columns: its cells one after the other, each with its head and unbroken, and prose below.
    fn as_lines(&self, columns: &[Column], row: &[Cell]) -> String {
        let screen = self.width.unwrap_or(usize::MAX);
        let (mut lines, mut used) = (String::new(), 0);
        let cells = columns.iter().zip(row).enumerate().filter(|(_, (_, cell))| !cell.is_empty());
        for (at, (Column(head, kind, _), cell)) in cells {
            let text = self.show(cell, *kind, false);
            if *kind == Kind::Prose {
                for text in text.lines().flat_map(|text| self.wrapped(text, GAP.len())) {
                    lines.extend(["\n", GAP, &self.paint(cell.tone, &text)]);
                }
                continue;
            }
            let gap = if at == 0 { "" } else { GAP };
            let head = if at == 0 || *kind == Kind::Word { String::new() } else { format!("{head}: ") };
            let room = screen.saturating_sub(gap.len() + head.width());
            let text = if matches!(kind, Kind::Text(_)) { cut(&text, room) } else { text };
            let width = gap.len() + head.width() + text.width();
            if used > 0 && used + width > screen {
                lines.push('\n');
                used = 0;
            }
            used += width;
            lines.extend([gap, &head, &self.paint(cell.tone, &text)]);
        }
        lines + "\n"
    }
}

/// A column on the screen.
struct Slot {
    column: usize,
    kind: Kind,
    head: String,
    width: usize,
}

impl Slot {
    /// As wide as its widest cell.
    fn of(column: usize, Column(head, kind, _): Column, cells: &[Vec<String>]) -> Self {
        let widths = cells.iter().flat_map(|row| row[column].lines()).map(UnicodeWidthStr::width);
        Self { column, kind, head: head.to_owned(), width: widths.max().unwrap_or_default().max(head.width()) }
    }

    fn name_zone(&mut self, zone: FixedOffset) {
        self.head = format!("{} ({})", self.head, offset(zone));
        self.width = self.width.max(self.head.width());
    }

    /// How narrow it may become.
    fn least(&self) -> usize {
        match self.kind {
            Kind::Text(least) => self.width.min(least.max(self.head.width())),
            Kind::Prose => self.width.min(LEAST_PROSE.max(self.head.width())),
            _ => self.width,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::zone::Zone;

    const COLUMNS: [Column; 5] = [
        Column("title", Kind::Text(18), 0),
        Column("started", Kind::Time(Precision::Minutes), 0),
        Column("size", Kind::Number, 1),
        Column("region", Kind::Word, 2),
        Column("media_id", Kind::Id, 0),
    ];

    fn screen(width: impl Into<Option<usize>>) -> Screen {
        Screen { width: width.into(), has_colors: false, zone: Zone::Utc }
    }

    fn row(title: &str, started: i64, size: &str, media_id: &str) -> Vec<Cell> {
        vec![title.into(), Cell::millis(Some(started)), size.into(), "cn-hangzhou".into(), media_id.into()]
    }

    fn rows() -> [Vec<Cell>; 2] {
        [
            row(&"季度计划会议".repeat(7), 1_780_304_400_000, "1.25 MiB", "2fda4b9ff804725a14ee36c253e1661f"),
            row("周会", 1_780_308_000_000, "12.50 MiB", "1113ede4d839571febc6065afe091147"),
        ]
    }

    #[test]
    fn lesser_columns_are_left_out_and_the_rest_is_as_wide_as_the_screen() {
        let heads = |width| {
            let table = screen(width).table(&COLUMNS, &rows());
            assert!(table.lines().all(|line| line.width() <= width), "{table}");
            assert_eq!(table.lines().count(), 4, "{table}");
            table.lines().next().unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(heads(120), "title started (UTC) size region media_id");
        assert_eq!(heads(90), "title started (UTC) size media_id");
        assert_eq!(heads(70), "title started (UTC) media_id");
    }

    #[test]
    fn where_nothing_fits_a_row_is_lines_with_ids_and_times_unbroken() {
        let lines = screen(50).table(&COLUMNS, &rows());
        assert!(lines.lines().all(|line| line.width() <= 50), "{lines}");
        for word in
            ["media_id: 2fda4b9ff804725a14ee36c253e1661f", "started: 2026-06-01 09:00:00 UTC", "size: 12.50 MiB"]
        {
            assert!(lines.contains(word), "{word}: {lines}");
        }
    }

    #[test]
    fn what_is_no_terminal_gets_plain_columns_with_everything_in_them() {
        let mut rows = rows();
        rows[1][3] = "".into();
        let table = screen(None).table(&COLUMNS, &rows);
        assert!(table.contains(&"季度计划会议".repeat(7)) && !table.contains(['─', '…']), "{table}");
        assert!(table.lines().all(|line| !line.ends_with(' ')), "{table}");
    }

    #[test]
    fn the_head_names_the_zone_once_and_each_time_its_own_where_they_differ() {
        let columns =
            [Column("from", Kind::Time(Precision::Minutes), 0), Column("to", Kind::Time(Precision::Minutes), 0)];
        let table = screen(80).table(&columns, &[vec![Cell::millis(Some(0)), Cell::millis(Some(60_000))]]);
        assert_eq!(table.lines().next(), Some("from (UTC)        to"));
        assert_eq!(table.lines().last(), Some("1970-01-01 00:00  1970-01-01 00:01"));
    }

    #[test]
    fn prose_is_wrapped_beside_its_name_and_breaks_no_word() {
        let facts = screen(30).facts([("path", "/var/lib/recording-archiver/catalog.db is 目录 and 有效的".into())]);
        assert_eq!(facts, "path  /var/lib/recording-archiver/catalog.db\n      is 目录 and 有效的\n");
    }

    #[test]
    fn only_what_is_wrong_is_coloured() {
        let screen = Screen { has_colors: true, ..screen(80) };
        let cell = Cell::from("failed").toned(Tone::Failed);
        let table =
            screen.table(&[Column("state", Kind::Word, 0), Column("then", Kind::Word, 0)], &[vec![cell, "x".into()]]);
        assert_eq!(table.lines().last(), Some("\u{1b}[31mfailed\u{1b}[0m  x"));
    }
}
