//! The manual: what it takes from elsewhere is what stands there, and nothing is documented in two places.

mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::harness::{Place, column, text};
use crate::package::{REGENERATE, files, house};
use sources::{Relation, Relations};

const SAMPLE: &str = "config/recording-archiver.toml";
const DATASETTE: &str = "config/datasette.yaml";

/// How a part begins that is generated; then comes its source.
const BEGIN: &str = "<!-- Generated from ";
const END: &str = "<!-- The end of what is generated. -->";

/// The pages that are written in Markdown, by name.
fn pages() -> BTreeMap<String, String> {
    let mut pages = files(&house("systemd/package/man"));
    pages.retain(|name, _| Path::new(name).extension().is_some_and(|end| end == "md"));
    pages
}

/// The text of a page, without what is generated in it.
fn by_hand(page: &str) -> String {
    let mut parts = page.split(BEGIN);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once(END).expect("a part that ends").1)
}

/// The page with each generated part made anew.
fn regenerated(page: &str, part: impl Fn(&str) -> String) -> String {
    let mut parts = page.split(BEGIN);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, rest| {
        let (head, body) = rest.split_once('\n').unwrap();
        let (_, after) = body.split_once(END).expect("a part that ends");
        let source = head.split(';').next().unwrap();
        format!("{text}{BEGIN}{head}\n\n{}\n\n{END}{after}", part(source).trim())
    })
}

fn schema() -> Relations {
    let migrations = files(&house("migrations"));
    sources::schema(migrations.values().map(String::as_str))
}

/// The tables, and the views with the columns that Datasette's configuration describes.
fn relations() -> [Relations; 2] {
    let described = sources::described(&text(&house(DATASETTE)));
    let (views, tables): (Relations, Relations) =
        schema().into_iter().partition(|(_, relation)| relation.columns.is_empty());
    let described = |(name, view): (String, Relation)| {
        let columns = described[&name].iter().map(|(column, says)| (column.clone(), String::new(), says.clone()));
        let columns = columns.collect();
        (name, Relation { columns, ..view })
    };
    [tables, views.into_iter().map(described).collect()]
}

/// What stands under a heading of the manual, by the source that the heading names.
fn part(source: &str) -> String {
    let [tables, views] = relations();
    let toml = text(&house(SAMPLE));
    let [of_dingtalk, own] = sources::codes();
    match source {
        "the head of config/recording-archiver.toml" => sources::sample(&toml).0,
        "config/recording-archiver.toml" => sources::keys(&toml),
        "migrations" => sources::columns(&tables),
        "migrations and config/datasette.yaml" => sources::columns(&views),
        "src/dingtalk/error.rs and src/domain/failure.rs" => of_dingtalk,
        "src/domain/explanation.rs" => own,
        "src/cli" => sources::commands(),
        other => panic!("nothing is generated from {other}"),
    }
}

/// Holds a file against what it should say, or writes it.
#[track_caller]
fn is_up_to_date(path: &str, wanted: &str) {
    let file = house(path);
    if std::env::var_os(REGENERATE).is_some() {
        std::fs::write(&file, wanted).unwrap();
    }
    let is_same = text(&file).replace("\r\n", "\n") == wanted;
    assert!(is_same, "{path} is not what its sources say; `{REGENERATE}=1 cargo test --test binary manual` writes it");
}

#[test]
fn what_is_generated_is_what_its_source_says() {
    is_up_to_date(DATASETTE, &sources::datasette(&text(&house(DATASETTE)), &schema()));
    for (name, page) in pages() {
        is_up_to_date(&format!("systemd/package/man/{name}"), &regenerated(&page, part));
    }
}

#[test]
fn the_columns_that_are_described_are_the_columns_that_are_there() {
    let place = Place::with("");
    place.run(&["demo", "--days", "1", "--meetings", "1"]).done();
    let catalog = place.path("demo.db");
    let described: BTreeMap<String, Relation> = relations().into_iter().flatten().collect();
    let there = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')
                 AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_sqlx*'";
    assert_eq!(described.keys().cloned().collect::<BTreeSet<_>>(), column(&catalog, there).into_iter().collect());
    for (name, relation) in described {
        let columns = column(&catalog, &format!("SELECT name FROM pragma_table_info('{name}')"));
        assert_eq!(relation.columns.iter().map(|(column, ..)| column.clone()).collect::<Vec<_>>(), columns, "{name}");
        for (column, _, says) in relation.columns {
            assert!(!says.is_empty(), "no comment says what {name}.{column} is");
        }
    }
}

/// Keys, columns and codes: what may be documented in one place only.
fn documented() -> BTreeSet<String> {
    let headings = |page: &str| -> Vec<String> {
        let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
        headings.flat_map(|heading| heading.split(", ")).map(str::to_owned).collect()
    };
    let (_, settings) = sources::sample(&text(&house(SAMPLE)));
    let keys = settings.into_iter().flat_map(|setting| setting.keys);
    let columns = relations().into_iter().flatten().flat_map(|(_, relation)| relation.columns).map(|(name, ..)| name);
    let codes = sources::codes().into_iter().flat_map(|codes| headings(&codes));
    keys.chain(columns).chain(codes).collect()
}

#[test]
fn no_key_column_or_code_is_documented_in_a_second_place() {
    let documented = documented();
    let mut texts: Vec<(String, String)> = pages().into_iter().map(|(name, page)| (name, by_hand(&page))).collect();
    for name in ["README.md", "src/README.md", "tests/README.md"] {
        texts.push((name.to_owned(), text(&house(name))));
    }
    let mut found = Vec::new();
    for (name, page) in texts {
        for line in page.lines() {
            // What a heading, a row of a table or an item of a list begins with is what it is about.
            let about = ["#", "| ", "- ", "* "].iter().find_map(|mark| line.trim_start().strip_prefix(mark));
            let about = about.map(|about| about.trim_start_matches(['#', ' ', '*']));
            let Some(code) = about.and_then(|about| about.strip_prefix('`')) else { continue };
            let code = code.split('`').next().unwrap_or_default();
            if documented.contains(code) {
                found.push(format!("{name}: {line}"));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn what_a_page_refers_to_is_there() {
    let pages = pages();
    let commands: Vec<String> = sources::names().iter().map(|name| name.replace(' ', "-")).collect();
    for (name, page) in &pages {
        for (before, after) in page.match_indices("**(").map(|(at, _)| (&page[..at], &page[at + 3..])) {
            let referred = before.rsplit("**").next().unwrap();
            let section = after.split(')').next().unwrap();
            let is_command = |name: &str| section == "1" && commands.iter().any(|command| command.starts_with(name));
            let is_there = !referred.starts_with("recording-archiver")
                || pages.contains_key(&format!("{referred}.{section}.md"))
                || referred.strip_prefix("recording-archiver-").is_some_and(is_command);
            assert!(is_there, "{name} refers to {referred}({section})");
        }
    }
}

#[test]
fn the_chinese_page_names_every_command() {
    let page = &pages()["recording-archiver.1.zh_CN.md"];
    let missing: Vec<_> = sources::names().into_iter().filter(|name| !page.contains(&format!("| `{name}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_readme_is_short_and_its_links_lead_somewhere() {
    let readme = text(&house("README.md"));
    assert!(readme.lines().count() <= 250, "{} lines", readme.lines().count());
    for link in readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let is_there = link.starts_with("http") || path.is_empty() || house(path).exists();
        assert!(is_there, "{link}");
        let slug = |line: &str| line.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-");
        let has_anchor = || readme.lines().any(|line| line.starts_with('#') && slug(line) == anchor);
        assert!(!path.is_empty() || has_anchor(), "#{anchor}");
    }
}
