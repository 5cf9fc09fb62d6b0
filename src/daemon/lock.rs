//! One daemon a catalog: two would spend the calls twice.
//!
//! The lock is the kernel's, on a file beside the catalog, so that it ends with the process however that ends. The file
//! itself stays: removing it would let two daemons hold locks on two files of one name.
//!
//! It says whose it is, in a second line what its owner waits for, and in a third why it did not take the configuration
//! that it was told to read: when the catalog cannot be written, that cannot stand in the catalog.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The right to work on a catalog, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// The process that works on a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub pid: u32,
    /// What its owner says.
    pub told: Told,
}

/// What a daemon says where it cannot say it in the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What it waits for, if the catalog keeps it from working.
    pub waits_for: Option<String>,
    /// What is wrong with the configuration that it was last told to read: it goes by the one before.
    pub refused: Option<String>,
}

/// The most that is said of either.
const LINE_BYTES: usize = 480;

/// How long the file is: a full disk still lets that much be overwritten.
const FILE_BYTES: usize = 1024;

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
            Err(TryLockError::WouldBlock) => return Err(Error::Held(read(&mut file).map(|holder| holder.pid))),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let lock = Self { file };
        lock.say(&Told::default()).map_err(io)?;
        Ok(lock)
    }

    /// Says what its owner has to say.
    pub fn say(&self, told: &Told) -> io::Result<()> {
        let (waits_for, refused) = (line(told.waits_for.as_deref()), line(told.refused.as_deref()));
        let mut text = format!("{}\n{waits_for}\n{refused}", std::process::id()).into_bytes();
        text.resize(FILE_BYTES - 1, b' ');
        text.push(b'\n');
        (&self.file).rewind()?;
        (&self.file).write_all(&text)
    }

    /// The process that works on `catalog`, if one does and says which it is.
    #[must_use]
    pub fn holder(catalog: &Path) -> Option<Holder> {
        let mut file = File::open(lock_path(catalog)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => read(&mut file),
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

fn read(file: &mut File) -> Option<Holder> {
    let mut bytes = Vec::new();
    file.rewind().ok()?;
    file.take(FILE_BYTES as u64).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().map(str::trim);
    let pid = lines.next()?.parse().ok()?;
    let mut said = || lines.next().filter(|line| !line.is_empty()).map(str::to_owned);
    Some(Holder { pid, told: Told { waits_for: said(), refused: said() } })
}

/// `words` in one line, as far as there is room.
fn line(words: Option<&str>) -> String {
    let words = words.unwrap_or_default().replace('\n', " ");
    let end = words.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= LINE_BYTES).last();
    words[..end.unwrap_or(0)].to_owned()
}
