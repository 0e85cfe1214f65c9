//! `SqliteFile`: the file of a SQLite database, which may be deleted, moved or replaced while it is open.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::place::Place;
use crate::error::{Error, ErrorKind};

/// Compares the file that was opened with the file at its path. A write to a file that was deleted succeeds, and is lost.
#[derive(Debug, Clone)]
pub(super) struct SqliteFile {
    path: PathBuf,
    opened: Arc<Mutex<Option<FileId>>>,
}

/// The device and the inode.
type FileId = (u64, u64);

impl SqliteFile {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            opened: Arc::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes that the file was opened. The first one stays the file of the store.
    pub(super) fn opened(&self) {
        let mut opened = self.opened.lock();
        *opened = opened.or_else(|| id_of(&self.path));
    }
}

impl Place for SqliteFile {
    fn name(&self) -> String {
        format!("SQLite ({})", self.path.display())
    }

    /// Creates the file for the user of the process alone, because texts of alerts may be confidential. The files beside it
    /// get the same rights. SQLite reports a failure, because it cannot open the file either.
    fn create(&self) {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let _ = options.open(&self.path);
    }

    fn check(&self) -> Result<(), Error> {
        let Some(opened) = *self.opened.lock() else {
            return Ok(());
        };
        let problem = match id_of(&self.path) {
            Some(found) if found == opened => return Ok(()),
            Some(_) => "replaced",
            None => "deleted or moved",
        };
        let path = self.path.display();
        let message = format!(
            "the file {path} of the alert store was {problem} while it was open: move it back, or restart the service to use the \
             file at this path"
        );
        Err(Error::new(ErrorKind::Io, message))
    }
}

#[cfg(unix)]
fn id_of(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;

    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Files have no inode here, and an open file cannot be deleted.
#[cfg(not(unix))]
fn id_of(_: &Path) -> Option<FileId> {
    None
}
