//! Reading files, never more than a limit.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use crate::error::{Error, Result};

/// The most that is read of one file, in bytes.
pub const READ_LIMIT: u64 = 64 << 20;

/// The whole file.
///
/// # Errors
/// Exit 3 with the file's name; also for a file over 64 MiB.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    read_io(path).map_err(|error| {
        Error::environment(format!("cannot read {}", path.display())).because(error)
    })
}

/// Room for a file whose length nobody knows.
const PAGE: u64 = 4096;

/// The whole file, with the plain error of the system.
pub fn read_io(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // With room for all that is said to be there two reads are enough; `/proc` says nothing, and
    // devices say anything.
    let said = file.metadata().map_or(0, |meta| meta.len().min(READ_LIMIT));
    let room = if said == 0 { PAGE } else { said };
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
    file.take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > READ_LIMIT {
        return Err(io::Error::other("the file is larger than 64 MiB"));
    }
    Ok(bytes)
}

/// The whole file, or nothing when it does not exist.
pub fn read_optional(path: &Path) -> Result<Option<Vec<u8>>> {
    match read_io(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Error::environment(format!("cannot read {}", path.display())).because(error))
        }
    }
}

/// The whole file as text.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|error| {
        Error::environment(format!("{} is not UTF-8", path.display())).because(error)
    })
}

/// The most that is read of a file's end, in bytes.
const TAIL: usize = 64 << 20;

/// The last lines of a file, as text; none when it cannot be read.
pub fn tail(path: &Path, lines: usize) -> Vec<String> {
    last_lines(path, lines).0
}

/// The last lines of a file, and whether it holds more of them than were read: at most [`TAIL`]
/// bytes are.
pub fn last_lines(path: &Path, lines: usize) -> (Vec<String>, bool) {
    use std::io::{Seek, SeekFrom};
    const CHUNK: u64 = 64 << 10;
    let Ok(mut file) = File::open(path) else { return (Vec::new(), false) };
    let mut start = file.metadata().map_or(0, |meta| meta.len());
    let (mut chunks, mut ends, mut length) = (Vec::new(), 0, 0);
    // The end of the last line is not the beginning of one more.
    while start > 0 && ends <= lines && length < TAIL {
        let from = start.saturating_sub(CHUNK);
        let mut chunk = Vec::new();
        if file.seek(SeekFrom::Start(from)).is_err()
            || (&mut file).take(start - from).read_to_end(&mut chunk).is_err()
        {
            break;
        }
        ends += chunk.iter().filter(|byte| **byte == b'\n').count();
        length += chunk.len();
        chunks.push(chunk);
        start = from;
    }
    let bytes: Vec<u8> = chunks.into_iter().rev().flatten().collect();
    let text = String::from_utf8_lossy(&bytes);
    let mut all: Vec<&str> = text.lines().collect();
    // It began somewhere in the middle.
    let part = start > 0 && !all.is_empty();
    if part {
        all.remove(0);
    }
    let cut = part && all.len() < lines;
    (all[all.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect(), cut)
}

/// The length of a file; nothing where there is none.
pub fn length(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |meta| meta.len())
}

/// When a file was written last; the beginning of time where there is none.
pub fn modified(path: &Path) -> SystemTime {
    fs::symlink_metadata(path).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Opens a file for reading.
pub fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}
