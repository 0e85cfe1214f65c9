//! `FileWatch`: notices that an open file was deleted, moved or replaced.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::error::{Error, ErrorKind};

/// Compares the file that was opened with the file at its path. A write to a file that was deleted succeeds, and is lost.
#[derive(Debug, Clone)]
pub(super) struct FileWatch(Arc<Watched>);

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    opened: Mutex<Opened>,
    lost: Notify,
}

#[derive(Debug, Default)]
struct Opened {
    file: Option<FileId>,
    /// The files beside it, by `LOGS`.
    logs: [Option<FileId>; 2],
}

/// The device and the inode.
type FileId = (u64, u64);

/// SQLite finds the write-ahead log and its index by these names, whose ever they are.
const LOGS: [&str; 2] = ["-wal", "-shm"];

impl FileWatch {
    pub(super) fn new(path: &Path) -> Self {
        Self(Arc::new(Watched {
            path: path.to_owned(),
            opened: Mutex::default(),
            lost: Notify::new(),
        }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Notes that the file was opened. The first one stays the file of the history.
    pub(super) fn opened(&self) {
        let found = id_of(&self.0.path);
        let mut opened = self.0.opened.lock();
        opened.file = opened.file.or(found);
    }

    /// Notes the logs of the file, which exist once it was read. They stay the same while a connection is open.
    pub(super) fn used(&self) {
        let logs = LOGS.map(|suffix| id_of(&self.log(suffix)));
        // Afterwards, because another file may get logs of its own as soon as it is at the path.
        let found = id_of(&self.0.path);
        let mut opened = self.0.opened.lock();
        if opened.file == found {
            opened.logs = logs;
        }
    }

    /// The next file that is opened is the file of the history.
    pub(super) fn forget(&self) {
        *self.0.opened.lock() = Opened::default();
    }

    /// Whether the file that was opened is at its path no longer, and how.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let opened = self.0.opened.lock().file?;
        match id_of(&self.0.path) {
            Some(found) if found == opened => None,
            Some(_) => Some("replaced"),
            None => Some("deleted or moved"),
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let Some(problem) = self.problem() else {
            return Ok(());
        };
        let path = self.0.path.display();
        Err(Error::new(
            ErrorKind::Io,
            format!(
                "the file {path} was {problem} while it was open: move it back, or restart the service to use the file at this path"
            ),
        ))
    }

    /// As [`check`](Self::check), for a new connection.
    pub(super) fn check_connection(&self) -> Result<(), Error> {
        let checked = self.check();
        if checked.is_err() {
            self.0.lost.notify_waiters();
        }
        checked
    }

    /// Ends when a new connection finds the file lost.
    pub(super) fn lost(&self) -> Notified<'_> {
        self.0.lost.notified()
    }

    /// Removes the log of the file that was opened, and leaves that of another file.
    pub(super) fn remove_logs(&self) -> io::Result<()> {
        let opened = self.0.opened.lock();
        for (suffix, id) in LOGS.iter().zip(opened.logs) {
            let path = self.log(suffix);
            if id.is_some() && id_of(&path) == id {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn log(&self, suffix: &str) -> PathBuf {
        let mut path = self.0.path.clone().into_os_string();
        path.push(suffix);
        path.into()
    }
}

#[cfg(unix)]
fn id_of(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;

    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Files have no inode here, and an open file cannot be deleted.
#[cfg(not(unix))]
fn id_of(_: &Path) -> Option<FileId> {
    None
}
