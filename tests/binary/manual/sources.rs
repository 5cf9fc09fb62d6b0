//! What the manual takes from elsewhere, as Markdown: the keys from the commented sample, the columns from the comments
//! of the migrations and of Datasette's configuration, the codes from the table of failures, the commands from the
//! command line.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::CommandFactory;
use recording_archiver::cli::Cli;
use recording_archiver::cli::explain_code::explanations;
use recording_archiver::domain::explanation::Explanation;

/// How wide the columns of a table are, by how many there are. The longest name of a column has 22 letters.
const WIDTHS: [&[usize]; 4] = [&[], &[70], &[23, 44], &[22, 13, 29]];

/// A part of the commented sample.
pub(super) struct Setting {
    /// The names of the keys, with their section.
    pub(super) keys: Vec<String>,
    /// What is said of them.
    text: String,
    /// The lines that set them.
    lines: Vec<String>,
}

/// What the sample says at its head, and every setting.
pub(super) fn sample(toml: &str) -> (String, Vec<Setting>) {
    let mut section = String::new();
    let (mut head, mut settings) = (String::new(), Vec::new());
    for block in toml.split("\n\n") {
        let (mut text, mut lines, mut keys) = (String::new(), Vec::new(), Vec::new());
        for line in block.trim_matches('\n').lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                name.clone_into(&mut section);
                continue;
            }
            let line = line.strip_prefix('#').expect(line);
            let line = line.strip_prefix(' ').unwrap_or(line);
            match line.split_once(" = ") {
                Some((key, _)) if key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_') => {
                    keys.push(format!("{section}.{key}"));
                    lines.push(line.to_owned());
                }
                _ => writeln!(text, "{}", marked(line)).unwrap(),
            }
        }
        match (section.is_empty(), keys.is_empty()) {
            (true, true) => writeln!(head, "{text}").unwrap(),
            (false, false) => settings.push(Setting { keys, text, lines }),
            (_, _) => assert!(text.is_empty(), "this explains no key: {text}"),
        }
    }
    (head, settings)
}

/// The sample's keys: a heading each, and a setting.
pub(super) fn keys(toml: &str) -> String {
    let mut text = String::new();
    let mut last = String::new();
    for setting in sample(toml).1 {
        let section = setting.keys[0].split_once('.').unwrap().0;
        if section != last {
            section.clone_into(&mut last);
            write!(text, "# [{section}]\n\n").unwrap();
        }
        let lines = setting.lines.join("\n");
        write!(text, "## {}\n\n```toml\n{lines}\n```\n\n{}\n", setting.keys.join(", "), setting.text).unwrap();
    }
    text
}

/// A table or a view of the catalog.
#[derive(Clone, Debug, Default)]
pub(super) struct Relation {
    /// What a row is.
    pub(super) text: String,
    /// Each column: its name, its type, and what it says.
    pub(super) columns: Vec<(String, String, String)>,
}

/// Tables and views, by name.
pub(super) type Relations = Vec<(String, Relation)>;

/// The tables and the views that the migrations leave, in the order in which they are made; views without their columns.
pub(super) fn schema<'a>(migrations: impl IntoIterator<Item = &'a str>) -> Relations {
    let mut schema = Relations::new();
    for migration in migrations {
        let (mut comment, mut inside) = (Vec::new(), false);
        for line in migration.lines() {
            let trimmed = line.trim();
            if inside {
                inside = !line.starts_with(')');
                if let Some((_, table)) = schema.last_mut().filter(|_| inside) {
                    column(table, trimmed);
                }
                continue;
            }
            let words: Vec<_> = trimmed.split([' ', ';']).collect();
            match *words.as_slice() {
                ["--", ..] => comment.push(trimmed.trim_start_matches("--").trim().to_owned()),
                ["CREATE", kind @ ("TABLE" | "VIEW"), name, ..] => {
                    schema.push((name.to_owned(), Relation { text: comment.join(" "), columns: Vec::new() }));
                    inside = kind == "TABLE";
                    comment.clear();
                }
                ["DROP", "TABLE" | "VIEW", name, ..] => {
                    schema.retain(|(other, _)| other != name);
                }
                _ => comment.clear(),
            }
        }
    }
    schema
}

/// Takes a line inside `CREATE TABLE`: a column, or more about the last one.
fn column(table: &mut Relation, line: &str) {
    let (definition, comment) = line.split_once("--").unwrap_or((line, ""));
    let comment = comment.trim();
    let mut words = definition.split_whitespace().map(|word| word.trim_end_matches(','));
    match (words.next(), words.next()) {
        (Some(name), Some(kind @ ("TEXT" | "INTEGER" | "REAL" | "BLOB"))) => {
            let null = if definition.contains("NOT NULL") { "" } else { ", NULL" };
            table.columns.push((name.to_owned(), format!("{kind}{null}"), comment.to_owned()));
        }
        (None, _) => {
            let (_, _, text) = table.columns.last_mut().expect(line);
            let gap = if text.is_empty() { "" } else { " " };
            write!(text, "{gap}{comment}").unwrap();
        }
        // A constraint of the table.
        _ => {}
    }
}

/// A heading and a table for each of `relations`.
pub(super) fn columns(relations: &Relations) -> String {
    let mut text = String::new();
    for (name, relation) in relations {
        write!(text, "## {name}\n\n{}\n\n", marked(&relation.text)).unwrap();
        let typed = relation.columns.iter().any(|(_, kind, _)| !kind.is_empty());
        let rows = relation.columns.iter().map(|(name, kind, says)| {
            let cells = [format!("`{name}`"), kind.clone(), marked(says)];
            cells.into_iter().enumerate().filter(|(n, _)| typed || *n != 1).map(|(_, cell)| cell).collect()
        });
        text.push_str(&if typed {
            table(&["column", "type", "what it says"], rows)
        } else {
            table(&["column", "what it says"], rows)
        });
        text.push('\n');
    }
    text
}

fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let row = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
    let mut text = row(heads);
    let rule = WIDTHS[heads.len()].iter().map(|width| "-".repeat(*width));
    writeln!(text, "|{}|", rule.collect::<Vec<_>>().join("|")).unwrap();
    for cells in rows {
        text.push_str(&row(&cells.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    text
}

/// What follows from each of DingTalk's codes, and from each of ours.
pub(super) fn codes() -> [String; 2] {
    let (of_dingtalk, own) = explanations();
    [of_dingtalk, own].map(|explanations| {
        let entry = |Explanation { codes, means, daemon, person }: Explanation| {
            format!(
                "## {}\n\n{}\n\nThe daemon: {}\n\nYou: {}\n\n",
                codes.join(", "),
                marked(means),
                marked(&daemon),
                marked(&person)
            )
        };
        explanations.into_iter().map(entry).collect()
    })
}

/// The options that every command takes, and every command that does something, with what it does.
pub(super) fn commands() -> String {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut rows = Vec::new();
    leaves(&command, "", &mut rows);
    table(&["command", "what it does"], rows.into_iter())
}

/// The names of all commands that do something.
pub(super) fn names() -> Vec<String> {
    let mut rows = Vec::new();
    leaves(&Cli::command().disable_help_subcommand(true), "", &mut rows);
    rows.into_iter().map(|row| row[0].trim_matches('`').to_owned()).collect()
}

fn leaves(command: &clap::Command, path: &str, rows: &mut Vec<Vec<String>>) {
    for below in command.get_subcommands() {
        let path = format!("{path} {}", below.get_name()).trim().to_owned();
        if below.has_subcommands() {
            leaves(below, &path, rows);
        } else {
            let about = below.get_about().unwrap_or_default().to_string();
            rows.push(vec![format!("`{path}`"), marked(&about)]);
        }
    }
}

/// Text with what is typed, and what Markdown would read as its own, in backticks.
pub(super) fn marked(text: &str) -> String {
    if text.starts_with("    ") {
        return text.to_owned();
    }
    let mut is_code = false;
    let mark = |word: &str| {
        let marks = word.matches('`').count();
        let was_code = is_code || marks > 0;
        is_code ^= marks % 2 == 1;
        let end = word.trim_end_matches(['.', ',', ';', ':', ')']);
        let core = end.trim_start_matches('(');
        if was_code || core.is_empty() || !is_typed(core) {
            return word.to_owned();
        }
        format!("{}`{core}`{}", &end[..end.len() - core.len()], &word[end.len()..])
    };
    text.split(' ').map(mark).collect::<Vec<_>>().join(" ")
}

fn is_typed(word: &str) -> bool {
    let is_key = word.split_once('.').is_some_and(|(section, key)| {
        [section, key].iter().all(|part| part.len() > 2 && part.chars().all(|letter| letter.is_ascii_lowercase()))
    });
    is_key || word.starts_with(['$', '/']) || word.contains(['_', '=', '*', '<', '|']) || word.contains("://")
}

// ---- Datasette's configuration

/// What Datasette's configuration says of each column: by table, in its order.
pub(super) fn described(yaml: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut described: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let (mut table, mut is_columns) = (String::new(), false);
    for line in yaml.lines().skip_while(|line| *line != "    tables:") {
        let indent = line.len() - line.trim_start().len();
        match (indent, line.trim()) {
            (6, name) if name.ends_with(':') => name.trim_end_matches(':').clone_into(&mut table),
            (8, key) => is_columns = key == "columns:",
            (10, column) if is_columns => {
                let (name, text) = column.split_once(": ").expect(line);
                let text = if text == ">-" { "" } else { text.trim_matches('"') };
                described.entry(table.clone()).or_default().push((name.to_owned(), text.to_owned()));
            }
            (12, more) if is_columns => {
                let (_, text) = described.get_mut(&table).and_then(|columns| columns.last_mut()).expect(line);
                let gap = if text.is_empty() { "" } else { " " };
                write!(text, "{gap}{more}").unwrap();
            }
            _ => {}
        }
    }
    described
}

/// Datasette's configuration with the columns of tables as `schema` describes them. What it says of views is its own.
pub(super) fn datasette(yaml: &str, schema: &Relations) -> String {
    let mut text = String::new();
    let (mut table, mut is_generated, mut is_tables) = (None, false, false);
    for line in yaml.lines() {
        let indent = line.len() - line.trim_start().len();
        is_tables |= line == "    tables:";
        if is_tables && indent <= 8 && !line.trim().is_empty() {
            is_generated = false;
        }
        if is_tables && indent == 6 {
            let name = line.trim().trim_end_matches(':');
            let made = schema.iter().find(|(other, relation)| other == name && !relation.columns.is_empty());
            table = made.map(|(_, relation)| relation);
        }
        if !is_generated || line.trim().is_empty() {
            writeln!(text, "{line}").unwrap();
        }
        if is_tables && line == "        columns:" {
            for (name, _, says) in table.iter().flat_map(|table| &table.columns) {
                is_generated = true;
                text.push_str(&yaml_entry(name, &with_unit(name, says)));
            }
        }
    }
    text
}

/// A column's text for whoever sees the raw number beside it.
fn with_unit(name: &str, says: &str) -> String {
    let says = capitalised(&says.replace("NULL:", "empty:"));
    let is_instant =
        name == "at" || name == "since" || ["_at", "_until", "_since"].iter().any(|end| name.ends_with(end));
    let unit = if is_instant {
        "in milliseconds since the epoch"
    } else if name.ends_with("_ms") {
        "in milliseconds"
    } else {
        return says;
    };
    let comma = if says.contains(';') { ';' } else { ',' };
    format!("{says}{comma} {unit}")
}

/// The text with a capital, unless it begins with a name or a value.
fn capitalised(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let is_word = first.chars().all(|letter| letter.is_ascii_lowercase());
    text.chars()
        .enumerate()
        .map(|(n, letter)| if n == 0 && is_word { letter.to_ascii_uppercase() } else { letter })
        .collect()
}

fn yaml_entry(name: &str, says: &str) -> String {
    let line = format!("          {name}: {says:?}\n");
    if line.chars().count() <= 121 && !says.contains('"') {
        return line;
    }
    let mut text = format!("          {name}: >-\n");
    let mut width = usize::MAX;
    for word in says.split(' ') {
        let letters = word.chars().count();
        if width.saturating_add(letters) >= 108 {
            text.push_str(if width == usize::MAX { "            " } else { "\n            " });
            width = 0;
        } else {
            text.push(' ');
        }
        text.push_str(word);
        width += letters + 1;
    }
    text + "\n"
}
