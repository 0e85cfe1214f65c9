//! [`cleanup_old_logs`] and [`cleanup_old_backups`].

use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::active_files::is_active;
use super::backup_name::BackupName;
use super::backups::folder_of;
use super::pattern::Pattern;
use crate::error::{Error, ErrorKind};

/// The result of a clean-up.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Cleanup {
    /// The files that were deleted, in the order of their deletion.
    pub deleted: Vec<PathBuf>,
    /// The files that could not be deleted or read. Those of other files are deleted all the same.
    pub errors: Vec<Error>,
}

/// Deletes the backups of a log that were last written longer ago than `max_age`.
///
/// Only files with exactly the names of [`FileSink`](super::FileSink)'s backups are deleted: for `alerts.log`, these are
/// `alerts.log.1`, `alerts.log.2026-11-28`, `alerts.log.2026-11-28.1` and `alerts.log.2026-11-28_13`, and the same with `.gz`. The log
/// itself is never deleted. Links are not followed, and neither they nor folders are deleted.
///
/// It reads the folder, so call it on a thread that may wait.
///
/// # Errors
///
/// [`ErrorKind::Io`] if the folder cannot be read. A missing folder has no old logs.
pub fn cleanup_old_logs(log: impl AsRef<Path>, max_age: Duration) -> Result<Cleanup, Error> {
    let log = log.as_ref();
    let name = log.file_name().unwrap_or_default();
    let mut cleanup = Cleanup::default();
    let now = SystemTime::now();
    let is_backup = |file: &DirEntry| BackupName::parse(name, &file.file_name()).is_some();
    let mut files = files(folder_of(log), is_backup, &mut cleanup)?;
    // A time in the future has no age.
    files.retain(|file| {
        now.duration_since(file.written)
            .is_ok_and(|age| age > max_age)
    });
    delete(files, &mut cleanup);
    Ok(cleanup)
}

/// Deletes the files of a folder that fit the pattern, except the `max` ones that were last written.
///
/// In the pattern, `*` stands for any text and `?` for any character: `shop-*.sql.gz`. It is for the names of files in this folder, so
/// it has no `/`; `[`, `{` and `**` are errors, too. As in a shell, only a pattern that begins with a dot fits names that do. Upper and
/// lower case differ.
///
/// Links are not followed, and neither they nor folders are deleted. Nor is a log that a [`FileSink`](super::FileSink) of this process
/// writes, which does not count for `max`.
///
/// It reads the folder, so call it on a thread that may wait.
///
/// # Errors
///
/// [`ErrorKind::InvalidConfig`] if the pattern is wrong, [`ErrorKind::Io`] if the folder cannot be read. A missing folder has no
/// files.
pub fn cleanup_old_backups(
    folder: impl AsRef<Path>,
    pattern: &str,
    max: usize,
) -> Result<Cleanup, Error> {
    let pattern = Pattern::parse(pattern)?;
    let mut cleanup = Cleanup::default();
    let fits = |file: &DirEntry| {
        let name = file.file_name();
        name.to_str().is_some_and(|name| pattern.matches(name))
    };
    let mut files = files(folder.as_ref(), fits, &mut cleanup)?;
    files.sort_by(|a, b| (b.written, &b.path).cmp(&(a.written, &a.path)));
    let mut files = files.split_off(max.min(files.len()));
    files.reverse();
    delete(files, &mut cleanup);
    Ok(cleanup)
}

/// Whether [`cleanup_old_backups`] takes this pattern.
pub(in super::super) fn check_pattern(pattern: &str) -> Result<(), Error> {
    Pattern::parse(pattern).map(drop)
}

struct Found {
    path: PathBuf,
    written: SystemTime,
}

/// The regular files of a folder that may be deleted.
fn files(
    folder: &Path,
    fits: impl Fn(&DirEntry) -> bool,
    cleanup: &mut Cleanup,
) -> Result<Vec<Found>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| failed("the folder", folder, "read", error))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed("the folder", folder, "read", error))?;
        if !fits(&entry) || is_active(&entry.path()) {
            continue;
        }
        let path = entry.path();
        // Of the entry itself, also if it is a link.
        let written = entry.metadata().and_then(|metadata| {
            let written = metadata.modified()?;
            Ok(metadata.is_file().then_some(written))
        });
        match written {
            Ok(Some(written)) => files.push(Found { path, written }),
            Ok(None) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => cleanup
                .errors
                .push(failed("the file", &path, "read", error)),
        }
    }
    Ok(files)
}

fn delete(files: Vec<Found>, cleanup: &mut Cleanup) {
    for Found { path, .. } in files {
        match fs::remove_file(&path) {
            Ok(()) => cleanup.deleted.push(path),
            // The log was rotated meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => cleanup
                .errors
                .push(failed("the file", &path, "deleted", error)),
        }
    }
}

fn failed(kind: &str, path: &Path, act: &str, error: std::io::Error) -> Error {
    let message = format!("{kind} {} cannot be {act}", path.display());
    Error::new(ErrorKind::Io, message).with_source(error)
}
