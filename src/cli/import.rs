//! Reads the file of `watch import`: a line for each conference, `ID` or `ID,UNION_ID`.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, ensure};

use crate::catalog::register::Registration;
use crate::domain::conference::{check_conference_id, is_union_id};

/// The most bytes that are read, and the most conferences that are accepted: no organisation has as many.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
const MOST_CONFERENCES: usize = 500_000;

/// The most bad lines that are named; in a file of another kind all are bad.
const NAMED: usize = 20;

/// Reads a list of conferences, named `name` in errors. One bad line refuses the whole list.
pub fn read(content: impl Read, name: &Path) -> anyhow::Result<Vec<Registration>> {
    read_at_most(MOST_CONFERENCES, content, name)
}

fn read_at_most(most: usize, content: impl Read, name: &Path) -> anyhow::Result<Vec<Registration>> {
    let name = name.display();
    let refused = format!("{name}: nothing was imported");
    let (mut registrations, mut bad, mut more, mut read) = (Vec::new(), Vec::new(), 0_u64, 0);
    for (number, line) in (1_u32..).zip(BufReader::new(content.take(MOST_BYTES + 1)).split(b'\n')) {
        let line = line.with_context(|| format!("cannot read {name}"))?;
        read += line.len() as u64 + 1;
        ensure!(read <= MOST_BYTES, "{refused}: the file is longer than {MOST_BYTES} bytes; split it");
        let registration = match record(&line) {
            Ok(None) => continue,
            Ok(Some(record)) if registrations.is_empty() && record.get(0) == Some("conference_id") => continue,
            Ok(Some(record)) => registration(&record),
            Err(why) => Err(why.to_owned()),
        };
        match registration {
            Ok(registration) => registrations.push(registration),
            Err(why) if bad.len() < NAMED => bad.push(format!("  line {number}: {why}")),
            Err(_) => more += 1,
        }
        ensure!(registrations.len() <= most, "{refused}: the file has more than {most} conferences; split it");
    }
    if more > 0 {
        bad.push(format!("  and {more} more"));
    }
    let bad = bad.join("\n");
    ensure!(bad.is_empty(), "{refused}: these lines are not ID or ID,UNION_ID:\n{bad}");
    Ok(registrations)
}

/// The fields of a line; `None` if it is empty or a comment. Each line is parsed by itself: a quote that is not closed
/// makes its own line bad, and not the lines after it.
fn record(line: &[u8]) -> Result<Option<csv::StringRecord>, &'static str> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).trim_ascii();
    if line.is_empty() || line.starts_with(b"#") {
        return Ok(None);
    }
    if line.split(|byte| *byte == b'"').count() % 2 == 0 {
        return Err("a quote that is not closed");
    }
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(line);
    reader.into_records().next().transpose().map_err(|_| "not UTF-8")
}

fn registration(record: &csv::StringRecord) -> Result<Registration, String> {
    if record.len() > 2 {
        return Err(format!("{} fields", record.len()));
    }
    let conference_id = record.get(0).unwrap_or_default();
    check_conference_id(conference_id).map_err(|bad| bad.to_string())?;
    let union_id = record.get(1).filter(|union_id| !union_id.is_empty());
    if union_id.is_some_and(|union_id| !is_union_id(union_id)) {
        return Err("the unionId is too long, or has white space or a control character in it".to_owned());
    }
    Ok(Registration { conference_id: conference_id.to_owned(), union_id: union_id.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::{Path, Registration};

    fn read(content: &str) -> anyhow::Result<Vec<Registration>> {
        super::read(content.as_bytes(), Path::new("meetings.csv"))
    }

    #[test]
    fn a_file_without_end_is_refused_and_so_is_one_without_lines() {
        let error = super::read(std::io::repeat(b'x'), Path::new("/dev/zero")).unwrap_err().to_string();
        assert!(error.contains("longer than"), "{error}");
        let at_most = |most| super::read_at_most(most, "a\nb\nc\n".as_bytes(), Path::new("x"));
        assert_eq!(at_most(3).unwrap().len(), 3);
        let error = at_most(2).unwrap_err().to_string();
        assert!(error.contains("x: nothing was imported: the file has more than 2 conferences"), "{error}");
        let error = super::read("a b\n".repeat(1_000).as_bytes(), Path::new("x")).unwrap_err().to_string();
        assert!(error.lines().count() < 30 && error.ends_with("and 980 more"), "{error}");
    }

    #[test]
    fn a_line_is_an_id_with_or_without_a_union_id() {
        let registrations =
            read("conference_id,union_id\n# last week\n607452e0xxx\n\n 61289f392xxx , WFBkgxxx \n").unwrap();
        assert_eq!(registrations.len(), 2);
        assert_eq!(registrations[0].union_id, None);
        assert_eq!(registrations[1].conference_id, "61289f392xxx");
        assert_eq!(registrations[1].union_id.as_deref(), Some("WFBkgxxx"));
    }

    #[test]
    fn every_bad_line_is_named_with_its_number() {
        let error = read("607452e0xxx\n# week 2\n\na b\n6128,WFBkgxxx,more\n\"\n..\n").unwrap_err().to_string();
        let named = error.lines().filter_map(|line| line.trim().strip_prefix("line ")?.split_once(':'));
        assert_eq!(named.map(|(number, _)| number).collect::<Vec<_>>(), ["4", "5", "6", "7"], "{error}");
    }
}
