//! One daemon a catalog: two would spend the calls twice.
//!
//! The lock is the kernel's, on a file beside the catalog, so that it ends with the process however that ends. The file
//! itself stays: removing it would let two daemons hold locks on two files of one name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The right to work on a catalog, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why a catalog may not be worked on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else does.
    #[error("another recording-archiver{} works on this catalog already: stop it, or name another catalog", pid(*.0))]
    Held(Option<u32>),
    /// The lock file could not be used.
    #[error("the lock file {path} could not be used: {source}; its folder must exist and be writable")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

fn pid(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

impl Lock {
    /// Takes the lock of `catalog`, and leaves this process's id in it.
    pub fn acquire(catalog: &Path) -> Result<Self, Error> {
        let path = lock_path(catalog);
        let io = |source| Error::Io { path: path.clone(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Held(read_pid(&mut file))),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(io)?;
        Ok(Self { _file: file })
    }

    /// The process that works on `catalog`, if one does and says which it is.
    #[must_use]
    pub fn holder(catalog: &Path) -> Option<u32> {
        let mut file = File::open(lock_path(catalog)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => read_pid(&mut file),
            _ => None,
        }
    }
}

/// Beside the file itself, whatever link it was named by.
fn lock_path(catalog: &Path) -> PathBuf {
    let mut path = catalog.canonicalize().unwrap_or_else(|_| catalog.to_owned()).into_os_string();
    path.push(".lock");
    path.into()
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
