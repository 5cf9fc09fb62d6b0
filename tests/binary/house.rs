//! The house is what src/README.md draws: imports point down only.

use std::path::Path;

use crate::harness::text;
use crate::package::house;

/// Each room, and the rooms below it that it may know.
const ROOMS: [(&str, &[&str]); 8] = [
    ("cli", &["daemon", "archive", "dingtalk", "catalog", "simulator", "config", "domain"]),
    ("daemon", &["archive", "catalog", "domain"]),
    ("archive", &["dingtalk", "catalog", "domain"]),
    ("dingtalk", &["domain"]),
    ("catalog", &["domain"]),
    ("simulator", &["domain"]),
    ("config", &["domain"]),
    ("domain", &[]),
];

/// The files of a folder, and of all below it.
fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { walk(&entry, visit) } else { visit(&entry) }
    }
}

#[test]
fn no_room_knows_one_beside_or_above_it() {
    let mut found = Vec::new();
    for (room, below) in ROOMS {
        walk(&house("src").join(room), &mut |file| {
            for import in text(file).split("crate::").skip(1) {
                let other = import.split(|letter: char| !letter.is_ascii_lowercase()).next().unwrap_or_default();
                if other != room && ROOMS.iter().any(|(name, _)| *name == other) && !below.contains(&other) {
                    found.push(format!("{} imports {other}", file.display()));
                }
            }
        });
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_room_is_introduced() {
    let readme = text(&house("src/README.md"));
    for (room, _) in ROOMS {
        assert!(readme.contains(&format!("| `{room}/` |")), "src/README.md says nothing about {room}/");
    }
}
