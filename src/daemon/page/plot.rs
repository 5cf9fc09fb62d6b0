//! Draws: columns, rows and a line, as SVG that fits any width.
//!
//! Across, everything is a percentage of the width, so that letters keep their size on a phone; down, it is pixels.

use std::fmt::Write;

use super::html::{text, whole};

/// How high the part is that is drawn in, in pixels.
const HEIGHT: f64 = 168.0;

/// How high a strip is.
const STRIP: f64 = 28.0;

/// How high a row is, and its bar.
const ROW: f64 = 26.0;
const BAR: f64 = 14.0;

/// What a plot is called and what it says, for those who do not see it; `id` tells it from the others of the page.
pub(super) struct About<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) says: &'a str,
}

/// A column of some parts, one on the other.
pub(super) struct Column {
    pub(super) parts: Vec<f64>,
    /// Shown when it is pointed at.
    pub(super) says: String,
}

/// A row with a bar.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) value: f64,
    /// Stands at the end of the bar.
    pub(super) shown: String,
}

/// A part of a strip, in percent of its width.
pub(super) struct Part {
    pub(super) begins: f64,
    pub(super) ends: f64,
    /// Shown when it is pointed at.
    pub(super) says: String,
}

/// A line through the ends of some days, and how it is expected to go on.
pub(super) struct Line {
    pub(super) known: Vec<f64>,
    pub(super) expected: Vec<f64>,
    /// So many days have room, whether anything is known of them or not.
    pub(super) days: usize,
    /// A level to stay below, and its name.
    pub(super) limit: Option<(f64, String)>,
    /// Of each day that is known or expected: shown when it is pointed at.
    pub(super) says: Vec<String>,
}

/// Columns with `labels` under some of them.
pub(super) fn columns(about: &About<'_>, columns: &[Column], labels: &[(usize, String)]) -> String {
    let highest = columns.iter().map(|column| column.parts.iter().sum()).fold(0.0, f64::max);
    let (top, mut svg) = begin(about, highest);
    let width = 100.0 / as_float(columns.len().max(1));
    // Where there are few, they do not grow into blocks.
    let bar = (width * 0.76).min(6.0);
    for (at, column) in columns.iter().enumerate() {
        let left = width * as_float(at) + (width - bar) / 2.0;
        let mut bottom = HEIGHT;
        for (kind, part) in column.parts.iter().enumerate().filter(|(_, part)| **part > 0.0) {
            // One that is there is seen.
            let height = (part / top * HEIGHT).max(1.5);
            bottom -= height;
            let _ = write!(
                svg,
                "<rect class=\"part{kind}\" x=\"{left:.2}%\" width=\"{bar:.2}%\" y=\"{bottom:.1}\" height=\"{height:.1}\"/>"
            );
        }
        point_at(&mut svg, width * as_float(at), width, &column.says);
    }
    end(svg, HEIGHT, labels.iter().map(|(at, label)| (width * (as_float(*at) + 0.5), label.as_str())))
}

/// Rows under one another, the longest bar as wide as there is room.
pub(super) fn rows(about: &About<'_>, rows: &[Row]) -> String {
    let longest = rows.iter().map(|row| row.value).fold(f64::MIN_POSITIVE, f64::max);
    let height = ROW * as_float(rows.len());
    let mut svg = head(about, "rows", height);
    for (at, Row { label, value, shown }) in rows.iter().enumerate() {
        let middle = ROW * (as_float(at) + 0.5);
        let (top, width) = (middle - BAR / 2.0, value / longest * 100.0);
        let _ = write!(
            svg,
            "<text class=\"label\" x=\"-10\" y=\"{middle:.1}\">{}</text>\
             <rect class=\"part0\" x=\"0\" width=\"{width:.2}%\" y=\"{top:.1}\" height=\"{BAR}\"/>\
             <text class=\"value\" x=\"{width:.2}%\" dx=\"8\" y=\"{middle:.1}\">{}</text>",
            text(label),
            text(shown),
        );
    }
    svg + "</svg>\n"
}

/// A strip of time with some parts of it marked, over so many days with `labels` under some of them.
pub(super) fn strip(about: &About<'_>, parts: &[Part], days: usize, labels: &[(usize, String)]) -> String {
    let mut svg = head(about, "strip", STRIP);
    let _ = write!(svg, "<rect class=\"time\" x=\"0\" width=\"100%\" y=\"0\" height=\"{STRIP}\"/>");
    for Part { begins, ends, says } in parts {
        // One that is there is seen.
        let width = (ends - begins).max(0.3);
        let left = begins.min(100.0 - width);
        let _ = write!(
            svg,
            "<rect class=\"gap\" x=\"{left:.2}%\" width=\"{width:.2}%\" y=\"0\" height=\"{STRIP}\"><title>{}</title></rect>",
            text(says)
        );
    }
    let width = 100.0 / as_float(days.max(1));
    end(svg, STRIP, labels.iter().map(|(at, label)| (width * (as_float(*at) + 0.5), label.as_str())))
}

/// A line that rises from day to day, with `labels` under some of them.
pub(super) fn line(about: &About<'_>, line: &Line, labels: &[(usize, String)]) -> String {
    let limit = line.limit.as_ref().map_or(0.0, |(limit, _)| *limit);
    let highest = line.known.iter().chain(&line.expected).copied().fold(limit, f64::max);
    let (top, mut svg) = begin(about, highest);
    let width = 100.0 / as_float(line.days.max(1));
    let up = |value: f64| HEIGHT - value / top * HEIGHT;
    if let Some((limit, name)) = &line.limit {
        let y = up(*limit);
        let _ = write!(
            svg,
            "<line class=\"limit\" x1=\"0\" x2=\"100%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"limit\" x=\"100%\" y=\"{:.1}\">{}</text>",
            y - 7.0,
            text(name)
        );
    }
    // Stretched to the width: what is drawn in it has no letters.
    let _ = write!(
        svg,
        "<svg width=\"100%\" height=\"{HEIGHT}\" viewBox=\"0 0 100 {HEIGHT}\" preserveAspectRatio=\"none\">"
    );
    let point = |at: usize, value: f64| format!("{:.2} {:.1}", width * as_float(at), up(value));
    // Nothing was spent before the first day began.
    let known: Vec<String> = std::iter::once(0.0)
        .chain(line.known.iter().copied())
        .enumerate()
        .map(|(at, value)| point(at, value))
        .collect();
    let last = line.known.len();
    let path = known.join(" L");
    let _ = write!(
        svg,
        "<path class=\"area\" d=\"M{path} L{:.2} {HEIGHT} L0 {HEIGHT} Z\"/><path class=\"line\" d=\"M{path}\"/>",
        width * as_float(last)
    );
    if let (Some(from), false) = (known.last(), line.expected.is_empty()) {
        let expected = line.expected.iter().enumerate().map(|(at, value)| point(last + 1 + at, *value));
        let path = expected.collect::<Vec<_>>().join(" L");
        let _ = write!(svg, "<path class=\"line expected\" d=\"M{from} L{path}\"/>");
    }
    svg.push_str("</svg>");
    for (at, says) in line.says.iter().enumerate() {
        point_at(&mut svg, width * as_float(at), width, says);
    }
    end(svg, HEIGHT, labels.iter().map(|(at, label)| (width * (as_float(*at) + 0.5), label.as_str())))
}

fn head(About { id, title, says }: &About<'_>, class: &str, height: f64) -> String {
    format!(
        "<svg class=\"{class}\" role=\"img\" aria-labelledby=\"{id}-title {id}-says\" style=\"--height:{height}px\">\
         <title id=\"{id}-title\">{}</title><desc id=\"{id}-says\">{}</desc>\n",
        text(title),
        text(says)
    )
}

/// Begins a plot with a scale from 0 to `highest`; answers where the scale ends.
fn begin(about: &About<'_>, highest: f64) -> (f64, String) {
    let step = round_step(highest);
    let top = highest.max(step);
    let mut svg = head(about, "plot", HEIGHT);
    let marks = (0..).map(|mark| step * as_float(mark)).take_while(|at| *at <= top * 1.001);
    for at in marks {
        let y = HEIGHT - at / top * HEIGHT;
        let shown = if step < 1.0 { format!("{at:.1}") } else { whole(at) };
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"label\" x=\"-8\" y=\"{y:.1}\">{shown}</text>"
        );
    }
    (top, svg)
}

fn end<'l>(mut svg: String, height: f64, labels: impl Iterator<Item = (f64, &'l str)>) -> String {
    // A label is as wide as an eighth of a phone.
    const ROOM: f64 = 14.0;
    let mut free_from = f64::MIN;
    for (at, label) in labels {
        // On the left there is room beside the scale; on the right there is none.
        let at = at.min(100.0 - ROOM / 3.0);
        if at >= free_from {
            let y = height + 16.0;
            let _ = write!(svg, "<text class=\"day\" x=\"{at:.2}%\" y=\"{y}\">{}</text>", text(label));
            free_from = at + ROOM;
        }
    }
    svg + "</svg>\n"
}

/// Something to point at, over the whole height.
fn point_at(svg: &mut String, left: f64, width: f64, says: &str) {
    let _ = writeln!(
        svg,
        "<rect class=\"point\" x=\"{left:.2}%\" width=\"{width:.2}%\" y=\"0\" height=\"{HEIGHT}\"><title>{}</title></rect>",
        text(says)
    );
}

/// One, two or five of a power of ten: a few of it reach to `highest`.
fn round_step(highest: f64) -> f64 {
    const FEW: f64 = 4.0;
    let least = (highest / FEW).clamp(0.1, f64::MAX);
    let power = 10.0_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| step * FEW >= highest * 0.999).unwrap_or(least)
}

/// A count as something to draw.
#[expect(clippy::cast_precision_loss, reason = "what is counted is far below 2^52")]
pub(super) fn as_float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: About<'_> = About { id: "it", title: "A <title>", says: "what it says" };

    fn column(parts: &[f64]) -> Column {
        Column { parts: parts.to_vec(), says: "a & b".to_owned() }
    }

    #[test]
    fn a_scale_has_few_round_steps() {
        for (highest, step) in [(0.0, 0.1), (1.0, 0.5), (4.0, 1.0), (7.0, 2.0), (23.0, 10.0), (5_000.0, 2_000.0)] {
            assert!((round_step(highest) - step).abs() < 1e-9, "{highest}: {}", round_step(highest));
        }
        assert!(round_step(f64::MAX).is_finite());
    }

    #[test]
    fn a_plot_is_named_and_all_text_in_it_is_escaped() {
        let plots = [
            columns(&ABOUT, &[column(&[1.0, 2.0])], &[(0, "<label>".to_owned())]),
            strip(
                &ABOUT,
                &[Part { begins: 0.0, ends: 1.0, says: "<part>".to_owned() }],
                1,
                &[(0, "<label>".to_owned())],
            ),
            rows(&ABOUT, &[Row { label: "<region>".to_owned(), value: 1.0, shown: "1 & 2".to_owned() }]),
        ];
        for plot in plots {
            assert!(plot.contains("role=\"img\" aria-labelledby=\"it-title it-says\""), "{plot}");
            assert!(
                plot.contains("A &lt;title&gt;") && !plot.contains("<label>") && !plot.contains("<region>"),
                "{plot}"
            );
        }
    }

    #[test]
    fn labels_keep_their_distance() {
        let days: Vec<Column> = (0..90).map(|_| column(&[1.0])).collect();
        let labels: Vec<(usize, String)> = (0..90).map(|at| (at, at.to_string())).collect();
        assert!(columns(&ABOUT, &days, &labels).matches("class=\"day\"").count() <= 8);
    }

    #[test]
    fn nothing_at_all_is_drawn_without_a_flaw() {
        let empty = Line { known: Vec::new(), expected: Vec::new(), days: 0, limit: None, says: Vec::new() };
        for plot in
            [columns(&ABOUT, &[], &[]), strip(&ABOUT, &[], 0, &[]), rows(&ABOUT, &[]), line(&ABOUT, &empty, &[])]
        {
            assert!(!plot.contains("NaN") && !plot.contains("inf"), "{plot}");
        }
    }
}
