//! A copy of the catalog beside a running daemon: whole, checked, and never in another file's place.
//!
//! `VACUUM INTO` reads one instant of the catalog, as any reader does: it needs no right to write there and keeps no
//! writer waiting. What it writes is one file in rollback mode. It is written under another name, checked like any
//! catalog, and gets its own name when nothing can go wrong any more.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::rows::verify::Finding;
use super::{Catalog, Error as CatalogError};

/// How the names end that SQLite and the daemon take for theirs: the catalog, and what lies beside it.
const TAKEN: [&str; 6] = ["", "-wal", "-shm", "-journal", ".lock", ".daemon"];

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    pub conferences: u64,
    pub recordings: u64,
    /// The size of the copy.
    pub bytes: u64,
}

/// Why there is no copy. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "this catalog is no file but the schema {0} in PostgreSQL, which has tools for that: run `pg_dump --schema={0}`"
    )]
    NotAFile(String),
    #[error("{0} is there already, and a backup replaces nothing: name another file")]
    Exists(PathBuf),
    #[error("{0} is the name of a file that belongs to the catalog: name another file")]
    Taken(PathBuf),
    #[error(
        "the backup {path} could not be written: {source}; its folder must exist, be writable and have room for it"
    )]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "the catalog {catalog} could not be copied to {path}: {source}; the catalog must be readable, and the copy's folder have room for it"
    )]
    Copy { catalog: PathBuf, path: PathBuf, source: sqlx::Error },
    #[error("the copy could not be checked, and was removed: {0}")]
    Unchecked(#[source] CatalogError),
    /// So the catalog is not valid either.
    #[error("the copy is not valid, and was removed: repair the catalog, or put an older backup in its place")]
    Unsound(Vec<Finding>),
}

impl Catalog {
    /// Copies the catalog, as it is now, to a new file, and checks the copy before it gets its name. Whoever may read the
    /// catalog may read the copy, and nobody else, as far as the caller's rights go.
    pub async fn backup(&self, path: &Path) -> Result<Copied, Error> {
        let io = |source| Error::Io { path: path.to_owned(), source };
        // SQLite takes a name that begins with `file:` for an address, but never one that begins at the root.
        let whole = std::path::absolute(path).map_err(io)?;
        if whole.symlink_metadata().is_ok() {
            return Err(Error::Exists(path.to_owned()));
        }
        if self.owns(&whole) {
            return Err(Error::Taken(path.to_owned()));
        }
        let unfinished = Unfinished::beside(&whole).map_err(io)?;
        self.copy_into(&unfinished).await.map_err(|source| Error::Copy {
            catalog: self.path().to_owned(),
            path: path.to_owned(),
            source,
        })?;
        let (conferences, recordings) = check(&unfinished.path()).await?;
        let bytes = unfinished.finish(self.path()).map_err(io)?;
        unfinished.publish(&whole).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists(path.to_owned()),
            _ => io(source),
        })?;
        Ok(Copied { conferences, recordings, bytes })
    }

    /// Whether `copy` has the name of the catalog, or of a file that SQLite or the daemon may make beside it.
    pub fn owns(&self, copy: &Path) -> bool {
        let place = |path: &Path| Some((path.parent()?.canonicalize().ok()?, path.file_name()?.to_owned()));
        let (Some((folder, name)), Ok(catalog)) = (place(copy), self.path().canonicalize()) else { return false };
        place(&catalog).is_some_and(|(catalogs_folder, catalog)| {
            let end = name.as_bytes().strip_prefix(catalog.as_bytes());
            folder == catalogs_folder && TAKEN.iter().any(|taken| Some(taken.as_bytes()) == end)
        })
    }

    async fn copy_into(&self, unfinished: &Unfinished) -> Result<(), sqlx::Error> {
        let path = unfinished.path();
        let name = path.to_str().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "SQLite can write to no path that is not UTF-8")
        })?;
        let mut connection = self.readers().acquire().await?;
        sqlx::query("VACUUM INTO ?").bind(name).execute(&mut *connection).await?;
        Ok(())
    }
}

/// Whether the copy is a valid catalog; how many conferences and recordings there are in it.
async fn check(path: &Path) -> Result<(u64, u64), Error> {
    let copy = Catalog::open_read_only(path).await.map_err(Error::Unchecked)?;
    let checked = async { Ok((copy.verify().await?, copy.size().await?)) }.await;
    copy.close().await;
    let (findings, size) = checked.map_err(Error::Unchecked)?;
    if findings.is_empty() { Ok(size) } else { Err(Error::Unsound(findings)) }
}

/// A copy that does not have its name yet, in a folder of its own that nobody else can look into. Both are removed when
/// it is dropped, and whoever still writes there then writes to nowhere.
#[derive(Debug)]
struct Unfinished(TempDir);

impl Unfinished {
    /// Makes place for it in the folder where `copy` will lie.
    fn beside(copy: &Path) -> io::Result<Self> {
        let (Some(parent), Some(name)) = (copy.parent(), copy.file_name()) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is not the name of a file"));
        };
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(".");
        let mut folder = tempfile::Builder::new();
        folder.prefix(&hidden).suffix(".unfinished").permissions(Permissions::from_mode(0o700));
        folder.tempdir_in(parent).map(Self)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("copy.db")
    }

    /// Gives it the catalog's owner, group and rights, and sees it onto the disk; how long it is.
    fn finish(&self, catalog: &Path) -> io::Result<u64> {
        let (original, file) = (catalog.metadata()?, File::open(self.path())?);
        if fchown(&file, Some(original.uid()), Some(original.gid())).is_err() {
            // Only root may give a file away; to a group, its members may.
            let _ = fchown(&file, None, Some(original.gid()));
        }
        let copy = file.metadata()?;
        let mode = rights(original.mode(), original.gid() == copy.gid());
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()?;
        Ok(copy.len())
    }

    /// Gives it its name, unless there is something of that name.
    fn publish(self, path: &Path) -> io::Result<()> {
        match fs::hard_link(self.path(), path) {
            Ok(()) => {}
            // A file system without links. The name is taken first, so that what is replaced is this empty file.
            Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => {
                self.replace_empty(path)?;
            }
            Err(error) => return Err(error),
        }
        if let Some(folder) = path.parent() {
            match File::open(folder).and_then(|folder| folder.sync_all()) {
                // Some network file systems know no such thing.
                Err(error) if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
                    fs::remove_file(path)?;
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn replace_empty(&self, path: &Path) -> io::Result<()> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        fs::rename(self.path(), path).inspect_err(|_| {
            let _ = fs::remove_file(path);
        })
    }
}

/// The rights of a copy of a file with `mode`. A group that is not the catalog's is given no more than everybody has.
fn rights(mode: u32, is_same_group: bool) -> u32 {
    let others = mode & 0o007;
    let group = if is_same_group { mode & 0o070 } else { mode & 0o070 & (others << 3) };
    (mode & 0o700) | group | others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_is_not_the_catalogs_reads_no_more_than_everybody() {
        assert_eq!(rights(0o100_640, true), 0o640);
        assert_eq!(rights(0o100_640, false), 0o600);
        assert_eq!(rights(0o100_644, false), 0o644);
        assert_eq!(rights(0o100_604, true), 0o604);
    }

    #[test]
    fn what_came_to_be_meanwhile_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.db");
        let unfinished = Unfinished::beside(&path).unwrap();
        fs::write(unfinished.path(), "copy").unwrap();
        fs::write(&path, "theirs").unwrap();
        assert_eq!(unfinished.publish(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn without_links_a_name_is_taken_before_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.db");
        let unfinished = Unfinished::beside(&path).unwrap();
        fs::write(unfinished.path(), "whole").unwrap();
        unfinished.replace_empty(&path).unwrap();
        drop(unfinished);
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");

        let second = Unfinished::beside(&path).unwrap();
        assert_eq!(second.replace_empty(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        drop(second);
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
