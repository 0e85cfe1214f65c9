//! [`cleanup_old_logs`] and [`cleanup_old_backups`].

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::active_files::is_active;
use super::backup_name::BackupName;
use super::backups::folder_of;
use super::file_id::FileId;
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
    id: FileId,
    written: SystemTime,
}

impl Found {
    /// `None` if this is not a regular file.
    fn new(path: &Path, metadata: &Metadata) -> io::Result<Option<Self>> {
        if !metadata.is_file() {
            return Ok(None);
        }
        Ok(Some(Self {
            path: path.to_owned(),
            id: FileId::of(metadata),
            written: metadata.modified()?,
        }))
    }

    /// Deletes the file, unless there is another one at its path by now or it was written meanwhile. Returns whether it did.
    fn delete(&self) -> io::Result<bool> {
        let now = Self::new(&self.path, &fs::symlink_metadata(&self.path)?)?;
        let is_same = now.is_some_and(|now| now.id == self.id && now.written == self.written);
        if is_same && !is_active(&self.path) {
            fs::remove_file(&self.path)?;
            return Ok(true);
        }
        Ok(false)
    }
}

/// The regular files of a folder that may be deleted.
fn files(
    folder: &Path,
    fits: impl Fn(&DirEntry) -> bool,
    cleanup: &mut Cleanup,
) -> Result<Vec<Found>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
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
        let found = entry
            .metadata()
            .and_then(|metadata| Found::new(&path, &metadata));
        match found {
            Ok(found) => files.extend(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => cleanup
                .errors
                .push(failed("the file", &path, "read", error)),
        }
    }
    Ok(files)
}

fn delete(files: Vec<Found>, cleanup: &mut Cleanup) {
    for file in files {
        match file.delete() {
            Ok(true) => cleanup.deleted.push(file.path),
            // The log was rotated meanwhile, by its own thread.
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => cleanup
                .errors
                .push(failed("the file", &file.path, "deleted", error)),
        }
    }
}

fn failed(kind: &str, path: &Path, act: &str, error: io::Error) -> Error {
    let message = format!("{kind} {} cannot be {act}", path.display());
    Error::new(ErrorKind::Io, message).with_source(error)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_file_that_changed_since_it_was_found_stays() {
        let name = format!("vitals-logging-cleanup-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        let path = |number: u32| folder.join(format!("a.log.{number}"));
        let old = SystemTime::now() - Duration::from_secs(3600);
        let mut written = Vec::new();
        for number in 1..=4 {
            let file = File::create(path(number)).unwrap();
            file.set_modified(old).unwrap();
            written.push(file);
        }
        let mut cleanup = Cleanup::default();
        let found = files(&folder, |_| true, &mut cleanup).unwrap();
        assert_eq!(found.len(), 4);
        // The log is rotated: another file of the same age has the name, another is written, a folder has the name of a third.
        fs::rename(path(2), path(1)).unwrap();
        written[2].set_modified(SystemTime::now()).unwrap();
        fs::remove_file(path(4)).unwrap();
        fs::create_dir(path(4)).unwrap();
        delete(found, &mut cleanup);
        let left = [1, 2, 3, 4].map(|number| path(number).exists());
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(left, [true, false, true, true]);
        assert!(
            cleanup.deleted.is_empty() && cleanup.errors.is_empty(),
            "{cleanup:?}"
        );
    }
}
