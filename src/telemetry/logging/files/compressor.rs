//! `Compressor`: compresses backups, a piece at a time.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::backup_name::GZ;
use super::backups::{Backups, Moved};

/// The bytes that one step compresses, in a few milliseconds. Lines wait no longer.
const STEP: usize = 128 * 1024;

/// Compresses one backup after the other between the writes of the same thread.
///
/// It writes to `NAME.gz.tmp` and gives that file the backup's name when it is complete and on the disk. So a crash leaves the
/// backup, and the next start compresses it.
pub(super) struct Compressor {
    temporary: PathBuf,
    job: Option<Job>,
    buffer: Vec<u8>,
    /// There may be backups that are not compressed.
    has_work: bool,
}

struct Job {
    /// The backup, which goes on under other names when the log is rotated.
    path: PathBuf,
    source: File,
    target: GzEncoder<File>,
}

impl Compressor {
    pub(super) fn new(log: &Path) -> Self {
        Self {
            temporary: with_end(log, ".gz.tmp"),
            job: None,
            buffer: Vec::new(),
            has_work: true,
        }
    }

    pub(super) fn has_work(&self) -> bool {
        self.has_work
    }

    /// There is a new backup.
    pub(super) fn add(&mut self) {
        self.has_work = true;
    }

    /// A backup got another name.
    pub(super) fn note(&mut self, moved: Moved) {
        if let Some(job) = &mut self.job
            && job.path == moved.from
        {
            match moved.to {
                Some(to) => job.path = to,
                None => self.abandon(),
            }
        }
    }

    /// Compresses a piece. After an error, it goes on with the next new backup.
    pub(super) fn step(&mut self, backups: &Backups) -> io::Result<()> {
        let result = self.try_step(backups);
        if result.is_err() {
            self.abandon();
            self.has_work = false;
        }
        result
    }

    fn try_step(&mut self, backups: &Backups) -> io::Result<()> {
        let Some(job) = &mut self.job else {
            match backups.uncompressed() {
                Some(path) => self.job = Some(self.begin(path)?),
                None => self.has_work = false,
            }
            return Ok(());
        };
        self.buffer.resize(STEP, 0);
        let count = job.source.read(&mut self.buffer)?;
        if count > 0 {
            return job.target.write_all(&self.buffer[..count]);
        }
        if let Some(job) = self.job.take() {
            job.finish(&self.temporary)?;
        }
        self.buffer = Vec::new();
        Ok(())
    }

    fn begin(&self, path: PathBuf) -> io::Result<Job> {
        let source = File::open(&path)?;
        // Left by a crash. It is not opened, because it may be a link.
        let _ = fs::remove_file(&self.temporary);
        let target = create_private(&self.temporary)?;
        Ok(Job {
            path,
            source,
            target: GzEncoder::new(target, Compression::default()),
        })
    }

    /// Leaves the backup as it is.
    pub(super) fn abandon(&mut self) {
        if self.job.take().is_some() {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

impl Job {
    fn finish(self, temporary: &Path) -> io::Result<()> {
        let target = self.target.finish()?;
        let metadata = self.source.metadata()?;
        target.set_permissions(metadata.permissions())?;
        // Its age counts when old logs are cleaned up.
        target.set_modified(metadata.modified()?)?;
        target.sync_all()?;
        fs::rename(temporary, with_end(&self.path, GZ))?;
        fs::remove_file(&self.path)
    }
}

/// Makes a file that nobody else reads, until it gets the permissions of the backup.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut path = OsString::from(path);
    path.push(end);
    path.into()
}
