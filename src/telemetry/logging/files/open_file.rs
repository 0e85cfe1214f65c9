//! `OpenFile`: appends whole lines to a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::SystemTime;

use super::file_id::{FileId, is_deleted, is_pipe};

/// A file that is open for appending.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: File,
    id: FileId,
    /// Only regular files have a length, can be cut, and are rotated.
    is_regular: bool,
    /// The length of the file, which others may change.
    position: u64,
    /// The last line has no end.
    is_torn: bool,
    /// The file has a name. Some file systems never say so.
    is_linked: bool,
    is_deleted: bool,
    /// When something was last written.
    written: SystemTime,
}

impl OpenFile {
    /// Opens a file, and makes it and its folder if they are missing.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = match Self::options(path).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                path.parent().map_or(Ok(()), fs::create_dir_all)?;
                Self::options(path).open(path)?
            }
            opened => opened?,
        };
        let metadata = file.metadata()?;
        let position = if metadata.is_file() {
            metadata.len()
        } else {
            0
        };
        Ok(Self {
            id: FileId::of(&metadata),
            is_regular: metadata.is_file(),
            position,
            is_linked: !is_deleted(&metadata),
            is_deleted: false,
            is_torn: position > 0 && !ends_with_line(path),
            written: if position > 0 {
                metadata.modified()?
            } else {
                SystemTime::now()
            },
            file,
        })
    }

    fn options(path: &Path) -> OpenOptions {
        let mut options = OpenOptions::new();
        // To open a pipe for writing alone would wait for its reader.
        let is_pipe = fs::metadata(path).is_ok_and(|found| is_pipe(&found));
        options.append(true).create(true).read(is_pipe);
        options
    }

    /// Appends whole lines. Returns the bytes of those that are in the file, and the error that kept the others out.
    ///
    /// A line that was written in part is removed, or ended before the next one.
    pub(super) fn append(&mut self, lines: &[u8]) -> (usize, io::Result<()>) {
        if self.is_torn {
            if let (0, result) = write_all(&mut self.file, b"\n") {
                return (0, result);
            }
            self.is_torn = false;
            self.position += 1;
        }
        let (written, result) = write_all(&mut self.file, lines);
        let whole = match result {
            Ok(()) => written,
            Err(_) => last_line_end(&lines[..written]).unwrap_or(0),
        };
        if written > whole {
            self.is_torn = !self.cut(written, written - whole);
        }
        self.update();
        (whole, result)
    }

    /// Removes the last bytes of those that were just written. Returns whether they are gone.
    fn cut(&mut self, written: usize, bytes: usize) -> bool {
        let end = self.position + written as u64;
        // Others may have appended to the file, or truncated it.
        let is_end = || self.file.metadata().is_ok_and(|found| found.len() == end);
        self.is_regular && is_end() && self.file.set_len(end - bytes as u64).is_ok()
    }

    fn update(&mut self) {
        self.written = SystemTime::now();
        if self.is_regular
            && let Ok(metadata) = self.file.metadata()
        {
            self.position = metadata.len();
            self.is_deleted = self.is_linked && is_deleted(&metadata);
        }
    }

    /// Whether somebody had deleted the file when it was last written, so that nobody will read the lines.
    pub(super) fn is_deleted(&self) -> bool {
        self.is_deleted
    }

    /// Whether the path still leads to this file. `true` if that cannot be seen.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        match fs::metadata(path) {
            Ok(found) => FileId::of(&found) == self.id,
            Err(error) => !matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ),
        }
    }

    pub(super) fn is_regular(&self) -> bool {
        self.is_regular
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn written(&self) -> SystemTime {
        self.written
    }
}

/// Returns the number of bytes that were written, and the error that ended the writing.
fn write_all(file: &mut File, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}

/// The number of bytes up to the end of the last whole line.
pub(super) fn last_line_end(bytes: &[u8]) -> Option<usize> {
    let last = bytes.iter().rposition(|byte| *byte == b'\n')?;
    Some(last + 1)
}

/// Whether the last byte of a file is a line feed. `true` if that cannot be read.
fn ends_with_line(path: &Path) -> bool {
    let last = || {
        let mut last = [0];
        let mut file = File::open(path)?;
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        Ok::<_, io::Error>(last)
    };
    last().map_or(true, |last| last == *b"\n")
}
