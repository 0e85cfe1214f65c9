//! `DailyCleanup`: deletes old files at the start and once a day.

use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::files::{Cleanup, check_pattern, cleanup_old_backups, cleanup_old_logs};
use crate::error::Error;
use crate::panics;
use crate::thread;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What to delete.
#[derive(Debug, Clone)]
pub(super) enum OldFiles {
    /// Backups of this log that are older.
    Backups { log: PathBuf, max_age: Duration },
    /// Files of this folder that fit the pattern, except the newest ones.
    Fitting {
        folder: PathBuf,
        pattern: String,
        max: usize,
    },
}

impl OldFiles {
    pub(super) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Backups { .. } => Ok(()),
            Self::Fitting { pattern, .. } => check_pattern(pattern),
        }
    }

    fn delete(&self) {
        let deleted = match self {
            Self::Backups { log, max_age } => cleanup_old_logs(log, *max_age),
            Self::Fitting {
                folder,
                pattern,
                max,
            } => cleanup_old_backups(folder, pattern, *max),
        };
        match deleted {
            Ok(Cleanup { deleted, errors }) => {
                for file in deleted {
                    tracing::info!(file = %file.display(), "an old file was deleted");
                }
                errors.iter().for_each(report);
            }
            Err(error) => report(&error),
        }
    }
}

fn report(error: &Error) {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "old files could not be deleted"
    );
}

/// A thread that ends when this is dropped.
#[derive(Debug)]
pub(super) struct DailyCleanup {
    _alive: mpsc::Sender<()>,
}

impl DailyCleanup {
    pub(super) fn start(files: Vec<OldFiles>) -> Result<Self, Error> {
        Self::every(DAY, files)
    }

    fn every(interval: Duration, files: Vec<OldFiles>) -> Result<Self, Error> {
        let (alive, ended) = mpsc::channel();
        thread::spawn("log-cleanup", move || {
            loop {
                for old in &files {
                    // Logged by the panic hook. The others are deleted all the same.
                    let _ = panics::caught_here(|| old.delete());
                }
                if ended.recv_timeout(interval) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
        })?;
        Ok(Self { _alive: alive })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;
    use std::time::SystemTime;

    use super::*;

    fn write_old(path: &Path) {
        let file = File::create(path).unwrap();
        file.set_modified(SystemTime::now() - 31 * DAY).unwrap();
    }

    #[track_caller]
    fn wait_until_deleted(path: &Path) {
        let deadline = SystemTime::now() + Duration::from_secs(60);
        while path.exists() {
            assert!(SystemTime::now() < deadline, "{path:?} is still there");
            std::thread::yield_now();
        }
    }

    #[test]
    fn old_files_are_deleted_at_the_start_and_again_after_each_interval() {
        let name = format!("vitals-daily-cleanup-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        let log = folder.join("alerts.log");
        let [backup, new, other] =
            ["alerts.log.1", "alerts.log.2", "other.log.1"].map(|name| folder.join(name));
        let [dump, newest] = ["a.dump", "b.dump"].map(|name| folder.join(name));
        for file in [&log, &backup, &other, &dump] {
            write_old(file);
        }
        for file in [&new, &newest] {
            fs::write(file, "").unwrap();
        }
        let files = vec![
            OldFiles::Backups {
                log: log.clone(),
                max_age: 30 * DAY,
            },
            OldFiles::Fitting {
                folder: folder.clone(),
                pattern: "*.dump".into(),
                max: 1,
            },
        ];
        let cleanup = DailyCleanup::every(Duration::from_millis(1), files).unwrap();
        for _ in 0..2 {
            wait_until_deleted(&backup);
            wait_until_deleted(&dump);
            write_old(&backup);
            write_old(&dump);
        }
        drop(cleanup);
        assert!([log, new, other, newest].iter().all(|file| file.exists()));
        fs::remove_dir_all(&folder).unwrap();
    }
}
