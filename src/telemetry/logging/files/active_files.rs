//! `ActiveFile`: a log that this process writes.

use std::fs;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::backups::folder_of;

/// The logs that this process writes. Clean-ups spare them, whatever pattern they are given, and each has one sink only.
static ACTIVE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The path of a log, active until this is dropped.
#[derive(Debug)]
pub(super) struct ActiveFile(PathBuf);

impl ActiveFile {
    /// `None` if the log is active already. The folder of the log must be there.
    pub(super) fn new(path: &Path) -> Option<Self> {
        let path = absolute(path);
        let mut active = ACTIVE.lock();
        if active.contains(&path) {
            return None;
        }
        active.push(path.clone());
        Some(Self(path))
    }
}

impl Drop for ActiveFile {
    fn drop(&mut self) {
        ACTIVE.lock().retain(|path| *path != self.0);
    }
}

/// Whether a sink of this process writes the file.
pub(super) fn is_active(path: &Path) -> bool {
    ACTIVE.lock().contains(&absolute(path))
}

fn absolute(path: &Path) -> PathBuf {
    let folder = fs::canonicalize(folder_of(path));
    let name = path.file_name().unwrap_or_default();
    folder.map_or_else(|_| path.to_owned(), |folder| folder.join(name))
}
