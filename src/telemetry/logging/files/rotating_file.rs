//! `RotatingFile`: a log file that becomes a backup when it is full or old, and that is opened again when others move it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::backups::Backups;
use super::compressor::Compressor;
use super::open_file::{OpenFile, Place, last_line_end};
use super::rotation::Rotation;
use crate::measure::Instant;

/// The time between attempts to rotate a file or to open it again, while the old one is still written.
const RETRY: Duration = Duration::from_secs(1);

/// A file that was moved is written further for this long if there is no new one, because programs such as `logrotate` make that
/// themselves, and put away one that they find.
const GRACE: Duration = Duration::from_millis(100);

/// How often one write opens a file that somebody deletes at once.
const MAX_DELETIONS: u32 = 3;

/// A log file with its backups.
///
/// It rotates like Python's `RotatingFileHandler`: before a write that would reach the limit, never an empty file, and regular
/// files only. A longer line is written whole.
pub(super) struct RotatingFile {
    path: PathBuf,
    rotation: Rotation,
    backups: Backups,
    compressor: Option<Compressor>,
    open: Option<OpenFile>,
    /// When it was noticed that there is no file at the path.
    missing: Option<Instant>,
    /// Why the file cannot be rotated or opened again, and since when.
    trouble: Option<(io::Error, Instant)>,
}

impl RotatingFile {
    pub(super) fn open(path: &Path, rotation: Rotation) -> io::Result<Self> {
        let open = OpenFile::open(path)?;
        Ok(Self {
            path: path.to_owned(),
            backups: Backups::new(path, rotation.backups),
            compressor: rotation.compresses.then(|| Compressor::new(path)),
            rotation,
            open: Some(open),
            missing: None,
            trouble: None,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The error that keeps the file from being rotated or opened again. Lines are written all the same.
    pub(super) fn trouble(&self) -> Option<&io::Error> {
        self.trouble.as_ref().map(|(error, _)| error)
    }

    /// Whether others write to the file, too.
    pub(super) fn is_shared(&self) -> bool {
        self.open.as_ref().is_some_and(OpenFile::is_shared)
    }

    /// Opens the file again if others moved or deleted it.
    pub(super) fn follow(&mut self) {
        let Some(open) = &mut self.open else { return };
        let is_moved = match open.place(&self.path) {
            Place::Here => {
                self.missing = None;
                false
            }
            Place::Elsewhere => true,
            Place::Nowhere => {
                let since = *self.missing.get_or_insert_with(Instant::now);
                since.elapsed() >= GRACE || !open.was_changed_within(GRACE)
            }
        };
        if is_moved && self.may_try() {
            self.missing = None;
            self.reopen();
        }
    }

    /// Opens the file at the path. If that is impossible, the one that was open is written further.
    pub(super) fn reopen(&mut self) {
        match OpenFile::open(&self.path) {
            Ok(open) => {
                self.open = Some(open);
                self.trouble = None;
            }
            Err(error) => self.trouble = Some((error, Instant::now())),
        }
    }

    fn may_try(&self) -> bool {
        let is_over = |since: Instant| since.elapsed() >= RETRY;
        self.trouble
            .as_ref()
            .is_none_or(|(_, since)| is_over(*since))
    }

    /// Appends whole lines. Returns the bytes of those that are in a file, and the error that kept the others out.
    pub(super) fn write(&mut self, lines: &[u8]) -> (usize, io::Result<()>) {
        let (mut written, mut deletions) = (0, 0);
        self.roll_if_old();
        while written < lines.len() {
            let rest = &lines[written..];
            if let Err(error) = self.make_room(rest) {
                return (written, Err(error));
            }
            // No room is left only where the file cannot be rotated.
            let fitting = Some(self.fitting(rest)).filter(|fitting| *fitting > 0);
            let fitting = fitting.unwrap_or(rest.len());
            let Some(open) = &mut self.open else { continue };
            let (count, result) = open.append(&rest[..fitting]);
            if open.is_deleted() {
                // Nobody can read these lines, so they are written again.
                self.open = None;
                deletions += 1;
                if deletions > MAX_DELETIONS {
                    return (written, Err(io::ErrorKind::NotFound.into()));
                }
                continue;
            }
            written += count;
            if result.is_err() {
                return (written, result);
            }
        }
        (written, Ok(()))
    }

    /// Opens the file if it is not open, and rotates it if it has no room.
    fn make_room(&mut self, lines: &[u8]) -> io::Result<()> {
        self.open_if_closed()?;
        // The file that others put in the place of a full one may be full, too.
        for _ in 0..2 {
            if self.fitting(lines) == 0 {
                self.roll();
                self.open_if_closed()?;
            }
        }
        Ok(())
    }

    fn open_if_closed(&mut self) -> io::Result<()> {
        if self.open.is_none() {
            self.open = Some(OpenFile::open(&self.path)?);
        }
        Ok(())
    }

    /// The bytes of those first lines that the file has room for. An empty file has room for one line at least.
    fn fitting(&self, lines: &[u8]) -> usize {
        let position = match &self.open {
            Some(open) if self.is_bounded(open) => open.position(),
            Some(_) => return lines.len(),
            None => 0,
        };
        let limit = self.rotation.max_bytes.saturating_sub(position);
        let end = usize::try_from(limit.saturating_sub(1)).unwrap_or(usize::MAX);
        if lines.len() <= end {
            return lines.len();
        }
        match last_line_end(&lines[..end]) {
            Some(fitting) => fitting,
            None if position == 0 => first_line(lines),
            None => 0,
        }
    }

    fn is_bounded(&self, open: &OpenFile) -> bool {
        self.rotation.max_bytes > 0 && self.is_rotated(open)
    }

    fn is_rotated(&self, open: &OpenFile) -> bool {
        open.is_regular() && self.backups.are_kept()
    }

    fn roll_if_old(&mut self) {
        if let (Some(period), Some(open)) = (self.rotation.period, &self.open)
            && self.is_rotated(open)
            && open.position() > 0
            && period.name(open.written()) != period.name(SystemTime::now())
        {
            self.roll();
        }
    }

    /// Makes the file a backup. If that fails, it is written further.
    fn roll(&mut self) {
        if !self.may_try() {
            return;
        }
        let Some(open) = &mut self.open else { return };
        let written = open.written();
        // A file that others moved or deleted meanwhile is no longer at the path.
        if open.place(&self.path) == Place::Here
            && let Err(error) = self.roll_backups(written)
        {
            self.trouble = Some((error, Instant::now()));
            return;
        }
        self.open = None;
        self.trouble = None;
    }

    fn roll_backups(&mut self, written: SystemTime) -> io::Result<()> {
        let compressor = &mut self.compressor;
        let note = |moved| {
            if let Some(compressor) = compressor {
                compressor.note(moved);
            }
        };
        match self.rotation.period {
            Some(period) => self.backups.roll_period(&period.name(written), note)?,
            None => self.backups.roll_numbers(note)?,
        }
        if let Some(compressor) = &mut self.compressor {
            compressor.add();
        }
        Ok(())
    }

    /// Whether [`compress`](Self::compress) has something to do.
    pub(super) fn is_compressing(&self) -> bool {
        self.compressor.as_ref().is_some_and(Compressor::has_work)
    }

    /// Compresses a piece of a backup.
    pub(super) fn compress(&mut self) -> io::Result<()> {
        match &mut self.compressor {
            Some(compressor) => compressor.step(&self.backups),
            None => Ok(()),
        }
    }

    /// Ends the compression of a backup half way. The next start begins again.
    pub(super) fn stop_compressing(&mut self) {
        if let Some(compressor) = &mut self.compressor {
            compressor.abandon();
        }
    }
}

/// The bytes of the first line.
fn first_line(lines: &[u8]) -> usize {
    let end = lines.iter().position(|byte| *byte == b'\n');
    end.map_or(lines.len(), |end| end + 1)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A file in a new folder.
    fn open(name: &str) -> (PathBuf, RotatingFile) {
        let folder = format!("vitals-rotating-file-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(folder).join("a.log");
        let file = RotatingFile::open(&path, Rotation::default()).unwrap();
        (path, file)
    }

    #[track_caller]
    fn write(file: &mut RotatingFile, lines: &str) {
        let (written, result) = file.write(lines.as_bytes());
        result.unwrap();
        assert_eq!(written, lines.len());
    }

    #[test]
    fn lines_that_went_to_a_deleted_file_are_written_again() {
        let (path, mut file) = open("deleted");
        write(&mut file, "one\n");
        // Between the look at the path and the write.
        file.follow();
        fs::remove_file(&path).unwrap();
        write(&mut file, "two\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
        // A file with another name is read by somebody.
        let moved = path.with_file_name("moved");
        fs::rename(&path, &moved).unwrap();
        write(&mut file, "three\n");
        assert_eq!(fs::read_to_string(&moved).unwrap(), "two\nthree\n");
        // Whoever moved it may be about to make a new one.
        file.follow();
        assert!(!path.exists());
        fs::write(&path, "").unwrap();
        file.follow();
        write(&mut file, "four\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "four\n");
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_file_that_others_moved_is_not_rotated_in_their_stead() {
        let (path, mut file) = open("moved");
        file.rotation.max_bytes = 10;
        write(&mut file, "12345678\n");
        let text = |name| fs::read_to_string(path.with_file_name(name)).ok();
        let move_it = |other| {
            fs::rename(&path, path.with_file_name("moved")).unwrap();
            fs::write(&path, other).unwrap();
        };
        // The one at the path has room.
        move_it("abc\n");
        write(&mut file, "def\n");
        assert_eq!(text("moved").unwrap(), "12345678\n");
        assert_eq!(text("a.log").unwrap(), "abc\ndef\n");
        assert_eq!(text("a.log.1"), None);
        // That one is full, too.
        move_it("87654321\n");
        write(&mut file, "ghi\n");
        assert_eq!(text("moved").unwrap(), "abc\ndef\n");
        assert_eq!(text("a.log.1").unwrap(), "87654321\n");
        assert_eq!(text("a.log").unwrap(), "ghi\n");
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }
}
