//! Which backups of a folder are kept: those that bear the names given here, the newest of them.
//!
//! The name tells what is whose. A file with any other name is somebody else's and is left alone, and so is whatever is
//! no file.

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;

use crate::domain::clock::Timestamp;

/// `catalog-2026-06-01T031500Z.db`. UTC, so that names are in the order of time.
const DATED: &str = "-%Y-%m-%dT%H%M%SZ.db";

/// The name of a backup of the catalog at `catalog` that is made now.
pub fn dated_name(catalog: &Path, now: Timestamp) -> String {
    let date = now.to_utc().unwrap_or_default().format(DATED);
    format!("{}{date}", stem(catalog))
}

/// The backups of the catalog in `folder` that are too many beside the newest, `made`: the oldest of them.
pub fn superfluous(catalog: &Path, folder: &Path, made: &str, keep: NonZeroUsize) -> io::Result<Vec<PathBuf>> {
    let stem = stem(catalog);
    let is_dated = |name: &str| name.strip_prefix(&stem).is_some_and(is_date);
    let mut others = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string()
            && name != made
            && is_dated(&name)
            && entry.file_type()?.is_file()
        {
            others.push(name);
        }
    }
    others.sort();
    // What bears a date to come is from a clock that was wrong: the one that was just made is the newest all the same.
    others.truncate(others.len().saturating_sub(keep.get() - 1));
    Ok(others.into_iter().map(|name| folder.join(name)).collect())
}

/// Whether a name ends like this to the letter: what chrono reads with a sign or without zeros is not written here.
fn is_date(end: &str) -> bool {
    NaiveDateTime::parse_from_str(end, DATED).is_ok_and(|date| date.format(DATED).to_string() == end)
}

/// How the names begin: two catalogs in one folder do not share their backups.
fn stem(catalog: &Path) -> String {
    catalog.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOG: &str = "/var/lib/recording-archiver/catalog.db";
    const NEWEST: &str = "catalog-2026-06-03T031500Z.db";

    /// What of a folder with these files is too many.
    fn superfluous_of(files: &[&str], keep: usize) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for name in files.iter().chain([&NEWEST]) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("catalog-2020-01-01T000000Z.db")).unwrap();
        let found = superfluous(Path::new(CATALOG), folder.path(), NEWEST, NonZeroUsize::new(keep).unwrap()).unwrap();
        found.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_name_says_when_and_of_what() {
        let instant = Timestamp::from_millis(1_780_283_700_000);
        assert_eq!(dated_name(Path::new(CATALOG), instant), "catalog-2026-06-01T031500Z.db");
    }

    #[test]
    fn the_oldest_are_too_many_and_never_the_one_that_was_just_made() {
        let (first, second) = ("catalog-2026-06-01T031500Z.db", "catalog-2026-06-02T031500Z.db");
        assert_eq!(superfluous_of(&[second, first], 1), [first, second]);
        assert_eq!(superfluous_of(&[second, first], 2), [first]);
        assert_eq!(superfluous_of(&[second, first], 3), [""; 0]);
        let to_come = "catalog-2099-01-01T000000Z.db";
        assert_eq!(superfluous_of(&[first, to_come], 1), [first, to_come]);
        assert_eq!(superfluous_of(&[first, to_come], 2), [first]);
    }

    #[test]
    fn what_bears_another_name_is_somebody_elses() {
        let others = [
            "catalog.db",
            "catalog-before-the-upgrade.db",
            "catalog-2026-06-01.db",
            "catalog-2026-13-01T031500Z.db",
            "catalog-2026-6-1T031500Z.db",
            "catalog-2026-06-01T031500Z.db.gz",
            "catalog-2026-06-01T031500Z.db-wal",
            "acme-2026-06-01T031500Z.db",
            "2026-06-01.db",
        ];
        assert_eq!(superfluous_of(&others, 1), [""; 0]);
    }
}
