//! One daemon a catalog: two would spend the calls twice.
//!
//! Two files beside the catalog. `….lock` is held by the kernel's lock, which ends with the process however that ends.
//! Only its owner may open it: whoever can open a file can lock it, and would keep a daemon from starting. `….daemon` is
//! for everybody who may read the catalog. It holds the daemon's note: its process id, what it waits for, why it
//! refused a configuration, and how many it has read anew. When the catalog cannot be written, none of that can stand in
//! the catalog.
//!
//! Both files stay when the daemon ends: removing the lock file would let two daemons lock two files of one name.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// The right to work on a catalog, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _lock: File,
    note: File,
}

/// What a daemon says where it cannot say it in the catalog.
#[derive(Default)]
pub struct Note {
    /// What it waits for, if the catalog keeps it from working.
    pub waits_for: Option<String>,
    /// Why it refused the configuration that it read last; the one before is in force.
    pub refused: Option<String>,
    /// What it has read anew; `None`: this process works with one configuration to its end.
    pub reloads: Option<Reloads>,
}

/// How many configurations a daemon began to read anew, and on how many of them it has a verdict.
#[derive(Clone, Copy, Default)]
pub struct Reloads {
    pub begun: u64,
    pub done: u64,
}

/// The longest line of a note.
const LINE_BYTES: usize = 480;

/// The length of a note's file, whatever it says: on a full disk, what is there can be overwritten.
const NOTE_BYTES: usize = 1024;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("another recording-archiver{0} works on this catalog already: stop it, or name another catalog")]
    Held(String),
    #[error(
        "the lock file {path} could not be used: {source}; it must be a file and no link, and its folder must exist and be writable"
    )]
    Io { path: PathBuf, source: io::Error },
}

impl Lock {
    /// Takes the lock of `catalog`, and leaves this process's id in its note.
    pub fn acquire(catalog: &Path) -> Result<Self, Error> {
        let path = beside(catalog, ".lock");
        let failed = |source| Error::Io { path: path.clone(), source };
        let lock = open(&path, 0o600).map_err(failed)?;
        // An earlier version let others read it. Where this process is not its owner, it stays as it is.
        let _ = lock.set_permissions(Permissions::from_mode(0o600));
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = Self::holder(catalog).map(|(pid, _)| format!(" (pid {pid})"));
                return Err(Error::Held(pid.unwrap_or_default()));
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let path = beside(catalog, ".daemon");
        let failed = |source| Error::Io { path: path.clone(), source };
        let lock = Self { _lock: lock, note: open_note(&path).map_err(failed)? };
        lock.write(&Note::default()).map_err(failed)?;
        Ok(lock)
    }

    pub fn write(&self, note: &Note) -> io::Result<()> {
        let (waits_for, refused) = (line(note.waits_for.as_deref()), line(note.refused.as_deref()));
        let reloads = note.reloads.map(|Reloads { begun, done }| format!("{begun} {done}")).unwrap_or_default();
        let mut text = format!("{}\n{waits_for}\n{refused}\n{reloads}\n", std::process::id()).into_bytes();
        text.resize(NOTE_BYTES - 1, b' ');
        text.push(b'\n');
        (&self.note).rewind()?;
        (&self.note).write_all(&text)
    }

    /// The id of the process that works on `catalog`, if one does, and its note.
    pub fn holder(catalog: &Path) -> Option<(u32, Note)> {
        let mut note = options().read(true).open(beside(catalog, ".daemon")).ok()?;
        match note.try_lock_shared() {
            Err(TryLockError::WouldBlock) => read(&mut note),
            _ => None,
        }
    }
}

/// A file beside the catalog's own file, which may be named by links and need not be there yet.
fn beside(catalog: &Path, suffix: &str) -> PathBuf {
    let mut path = catalog.to_owned();
    // The kernel follows no more links.
    for _ in 0..40 {
        let Ok(target) = path.read_link() else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        path = folder.canonicalize().map_or_else(|_| path.clone(), |folder| folder.join(name));
    }
    let mut path = path.into_os_string();
    path.push(suffix);
    path.into()
}

/// Follows no link, and waits for nobody at the other end of a pipe.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    options
}

fn open(path: &Path, mode: u32) -> io::Result<File> {
    let file = options().read(true).write(true).create(true).truncate(false).mode(mode).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// Opens the note for the process that holds the lock, and locks it, so that readers can tell that it is in force. A lock on
/// it is a reader's: it stays with the old file.
fn open_note(path: &Path) -> io::Result<File> {
    let note = open(path, 0o666)?;
    if note.try_lock().is_ok() {
        return Ok(note);
    }
    let mode = note.metadata()?.permissions();
    fs::remove_file(path)?;
    // Nobody else can open it before it is locked.
    let note = open(path, 0o600)?;
    note.try_lock()?;
    note.set_permissions(mode)?;
    Ok(note)
}

fn read(note: &mut File) -> Option<(u32, Note)> {
    let mut bytes = Vec::new();
    note.take(NOTE_BYTES as u64).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().map(str::trim);
    let pid = lines.next()?.parse().ok()?;
    let mut next = || lines.next().filter(|line| !line.is_empty()).map(str::to_owned);
    let (waits_for, refused) = (next(), next());
    let reloads = next().and_then(|numbers| {
        let (begun, done) = numbers.split_once(' ')?;
        Some(Reloads { begun: begun.parse().ok()?, done: done.parse().ok()? })
    });
    Some((pid, Note { waits_for, refused, reloads }))
}

/// `words` in one line, as far as there is room.
fn line(words: Option<&str>) -> String {
    let mut words = words.unwrap_or_default().replace('\n', " ");
    words.truncate(words.floor_char_boundary(LINE_BYTES));
    words
}
