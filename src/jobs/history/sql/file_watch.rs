//! `FileWatch`: notices that an open file was deleted, moved or replaced.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind};

/// Compares the file that was opened with the file at its path. A write to a file that was deleted succeeds, and is lost.
#[derive(Debug, Clone)]
pub(super) struct FileWatch(Arc<Watched>);

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    opened: Mutex<Option<FileId>>,
}

/// The device and the inode.
type FileId = (u64, u64);

impl FileWatch {
    pub(super) fn new(path: &Path) -> Self {
        Self(Arc::new(Watched {
            path: path.to_owned(),
            opened: Mutex::default(),
        }))
    }

    /// Notes that the file was opened. The first one stays the file of the history.
    pub(super) fn opened(&self) {
        let found = id_of(&self.0.path);
        let mut opened = self.0.opened.lock();
        *opened = opened.or(found);
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let opened = *self.0.opened.lock();
        let Some(opened) = opened else {
            return Ok(());
        };
        let problem = match id_of(&self.0.path) {
            Some(found) if found == opened => return Ok(()),
            Some(_) => "replaced",
            None => "deleted or moved",
        };
        let path = self.0.path.display();
        Err(Error::new(
            ErrorKind::Io,
            format!(
                "the file {path} was {problem} while it was open: move it back, or restart the service to use the file at this path"
            ),
        ))
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
