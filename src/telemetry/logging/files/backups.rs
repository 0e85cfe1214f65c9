//! `Backups`: makes room for a new backup, and removes the oldest.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::backup_name::BackupName;

/// The backups of one log.
#[derive(Debug)]
pub(super) struct Backups {
    log: PathBuf,
    most: u32,
}

/// A file that got another name.
pub(super) struct Moved {
    pub(super) from: PathBuf,
    /// `None` if it was removed.
    pub(super) to: Option<PathBuf>,
}

impl Backups {
    pub(super) fn new(log: &Path, most: u32) -> Self {
        Self {
            log: log.to_owned(),
            most,
        }
    }

    pub(super) fn are_kept(&self) -> bool {
        self.most > 0
    }

    /// Makes the log the backup number 1, and adds one to the numbers of the others, up to the first number that is free.
    ///
    /// The order is that of Python's `RotatingFileHandler`: the highest number first, so that a crash overwrites nothing.
    pub(super) fn roll_numbers(&self, mut note: impl FnMut(Moved)) -> io::Result<()> {
        let is_free = |number: &u32| {
            let is_there =
                |is_compressed| fs::symlink_metadata(self.numbered(*number, is_compressed)).is_ok();
            ![false, true].into_iter().any(is_there)
        };
        let free = (1..=self.most).find(is_free).unwrap_or(self.most);
        for is_compressed in [false, true] {
            let last = self.numbered(free, is_compressed);
            if remove_if_there(&last)? {
                note(Moved {
                    from: last,
                    to: None,
                });
            }
        }
        for number in (1..free).rev() {
            for is_compressed in [false, true] {
                let from = self.numbered(number, is_compressed);
                let to = self.numbered(number + 1, is_compressed);
                if rename_if_there(&from, &to)? {
                    note(Moved { from, to: Some(to) });
                }
            }
        }
        fs::rename(&self.log, self.numbered(1, false))
    }

    fn numbered(&self, number: u32, is_compressed: bool) -> PathBuf {
        let name = BackupName {
            is_compressed,
            ..BackupName::numbered(number)
        };
        name.path(&self.log)
    }

    /// Makes the log the newest backup of a period, then removes the oldest backups.
    pub(super) fn roll_period(&self, period: &str, mut note: impl FnMut(Moved)) -> io::Result<()> {
        let mut names = self.of_periods()?;
        let of_period = names.iter().filter(|name| name.period == period);
        let number = of_period.map(|name| name.number + 1).max().unwrap_or(0);
        let new = BackupName::of_period(period.to_owned(), number);
        fs::rename(&self.log, new.path(&self.log))?;
        names.push(new);
        names.sort();
        // A crash may leave a backup with and without compression.
        let same =
            |a: &mut BackupName, b: &mut BackupName| (&a.period, a.number) == (&b.period, b.number);
        let mut kept = names.clone();
        kept.dedup_by(same);
        let oldest = kept.iter().rev().nth(self.most.saturating_sub(1) as usize);
        let Some(oldest) = oldest.map(|name| (name.period.clone(), name.number)) else {
            return Ok(());
        };
        for name in names {
            if (&name.period, name.number) < (&oldest.0, oldest.1) {
                let path = name.path(&self.log);
                remove_if_there(&path)?;
                note(Moved {
                    from: path,
                    to: None,
                });
            }
        }
        Ok(())
    }

    fn of_periods(&self) -> io::Result<Vec<BackupName>> {
        let names = self.names()?;
        Ok(names
            .into_iter()
            .filter(|name| !name.period.is_empty())
            .collect())
    }

    /// The names of all backups, in no order. Links and folders are none.
    fn names(&self) -> io::Result<Vec<BackupName>> {
        let log = self.log.file_name().unwrap_or(OsStr::new(""));
        let mut names = Vec::new();
        for entry in fs::read_dir(folder_of(&self.log))? {
            let entry = entry?;
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                names.extend(BackupName::parse(log, &entry.file_name()));
            }
        }
        Ok(names)
    }

    /// A backup that is not compressed.
    pub(super) fn uncompressed(&self) -> Option<PathBuf> {
        let mut names = self.names().ok()?;
        names.sort();
        // Files with higher numbers are not from this log.
        let is_own = |name: &BackupName| !name.period.is_empty() || name.number <= self.most;
        let plain = names
            .into_iter()
            .find(|name| !name.is_compressed && is_own(name))?;
        Some(plain.path(&self.log))
    }
}

/// The folder of a file, which is `.` for a file name alone.
pub(super) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn remove_if_there(path: &Path) -> io::Result<bool> {
    found(fs::remove_file(path))
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<bool> {
    found(fs::rename(from, to))
}

fn found(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
