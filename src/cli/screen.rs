//! What results for people are printed on: how wide it is, whether it has colours, and whose clocks are on the wall.

use std::env;
use std::io::{self, IsTerminal};

use console::{Style, Term};

use super::fit::wrap;
use super::zone::Zone;

const HYPHEN: &str = "- ";

/// What is printed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    /// `None`: it is no terminal, and nothing is fitted.
    pub(super) width: Option<usize>,
    pub(super) has_colors: bool,
    pub(super) zone: Zone,
}

/// Only what is wrong has a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Warning,
    Failed,
}

impl Screen {
    /// Where standard output goes; times are shown in the local zone, or in UTC.
    pub(super) fn of_stdout(utc: bool) -> Self {
        let from_environment = || env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0);
        let width = || {
            let asked = Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
            asked.or_else(from_environment).unwrap_or(80)
        };
        let zone = if utc { Zone::Utc } else { Zone::Local };
        Self { width: io::stdout().is_terminal().then(width), has_colors: console::colors_enabled(), zone }
    }

    /// Sentences, each line of them wrapped. What belongs to a line that begins with a hyphen is indented.
    pub(super) fn prose(&self, text: &str) -> String {
        let wrapped = |line: &str| {
            let (hyphen, text) = line.split_at(if line.starts_with(HYPHEN) { HYPHEN.len() } else { 0 });
            let indent = &"  "[..hyphen.len()];
            format!("{hyphen}{}\n", self.wrapped(text, indent.len()).join(&format!("\n{indent}")))
        };
        text.lines().map(wrapped).collect()
    }

    pub(super) fn paint(&self, tone: Tone, text: &str) -> String {
        let style = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Warning => Style::new().yellow(),
            Tone::Failed => Style::new().red(),
        };
        style.force_styling(self.has_colors).apply_to(text).to_string()
    }

    /// A line as lines that leave room for an indentation.
    pub(super) fn wrapped(&self, text: &str, indent: usize) -> Vec<String> {
        wrap(text, self.width.map_or(usize::MAX, |width| width.saturating_sub(indent)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_wrapped_and_what_a_hyphen_begins_is_indented() {
        let screen = Screen { width: Some(20), has_colors: false, zone: Zone::Utc };
        assert_eq!(screen.prose("- one two three four five\nsix"), "- one two three four\n  five\nsix\n");
        let plain = Screen { width: None, ..screen };
        assert_eq!(plain.prose("- one two three four five\nsix"), "- one two three four five\nsix\n");
    }
}
