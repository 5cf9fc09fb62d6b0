//! Reads a text file, but not an endless one such as `/dev/zero`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The text of the file at `path`; an error if it is longer than `most_bytes`.
pub(super) fn read(path: &Path, most_bytes: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(most_bytes + 1).read_to_string(&mut text)?;
    if text.len() as u64 > most_bytes {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {most_bytes} bytes")));
    }
    Ok(text)
}
