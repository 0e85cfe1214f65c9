//! [`FileSinkBuilder`]: the settings of a log file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::active_files::ActiveFile;
use super::backup_name::MAX_NUMBER;
use super::chunk::CHUNK;
use super::file_sink::FileSink;
use super::limits::Limits;
use super::loss::Loss;
use super::lost_lines::LostLines;
use super::period::Period;
use super::queue::Queue;
use super::reports::{LossLine, Reports};
use super::rotating_file::RotatingFile;
use super::rotation::Rotation;
use super::shared::Shared;
use super::writer::Writer;
use crate::error::{Error, ErrorKind};
use crate::recorder::RecorderRef;
use crate::thread;

/// The settings of a [`FileSink`]. Mistakes are reported by [`open`](Self::open).
#[must_use]
pub struct FileSinkBuilder {
    path: PathBuf,
    name: Option<String>,
    rotation: Rotation,
    limits: Limits,
    loss_line: LossLine,
    recorder: RecorderRef,
}

debug_fields!(FileSinkBuilder {
    path,
    name,
    rotation,
    limits
});

impl FileSinkBuilder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            name: None,
            rotation: Rotation::default(),
            limits: Limits::default(),
            loss_line: Box::new(Loss::text),
            recorder: RecorderRef::default(),
        }
    }

    /// Sets the label `sink` of the metric. Defaults to the name of the file without its extension: `alerts` for `alerts.log`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the size that a file stays below: a line that would reach it goes to a new file. A longer line is written whole. Defaults
    /// to 5 MB, which are 5 * 1024 * 1024 bytes. With 0, files are not rotated by size.
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.rotation.max_bytes = max_bytes;
        self
    }

    /// Sets the number of backups. Defaults to 5. With 0, the file is not rotated at all.
    ///
    /// The newest backup is `alerts.log.1`, the oldest `alerts.log.5`.
    pub fn backups(mut self, backups: u32) -> Self {
        self.rotation.backups = backups;
        self
    }

    /// Rotates before the first line of a day, in UTC, as well as by size. The backup is called `alerts.log.2026-11-28`, the next
    /// ones of the same day `alerts.log.2026-11-28.1` and so on, with the newest last.
    pub fn daily(mut self) -> Self {
        self.rotation.period = Some(Period::Day);
        self
    }

    /// Like [`daily`](Self::daily), for each hour: `alerts.log.2026-11-28_13`.
    pub fn hourly(mut self) -> Self {
        self.rotation.period = Some(Period::Hour);
        self
    }

    /// Compresses backups with gzip: `alerts.log.1.gz`.
    ///
    /// The thread that writes the file does it, a piece at a time between lines. `alerts.log.gz.tmp` is the file in the making.
    pub fn gzip(mut self) -> Self {
        self.rotation.compresses = true;
        self
    }

    /// Sets the memory of the queue. Defaults to 32 MiB, and is at least 64 KiB. The buffer of the lines that are just written is
    /// a part of it.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Sets the most lines in the queue. Defaults to 1,000,000.
    pub fn queue_lines(mut self, lines: usize) -> Self {
        self.limits.lines = lines;
        self
    }

    /// Lets a full queue delay the threads that log, each line for at most this time. Lines that find no room by then are
    /// dropped.
    ///
    /// It blocks threads of an async runtime, too, and with them all of their tasks. So this is for programs that must not lose lines
    /// while the disk is slow. While the file cannot be written at all, a full queue drops lines at once.
    pub fn block_when_full(mut self, timeout: Duration) -> Self {
        self.limits.wait = Some(timeout);
        self
    }

    /// Sets the line that reports lost lines in the file. Defaults to a line of text.
    pub fn loss_line(mut self, line: impl Fn(&Loss) -> String + Send + 'static) -> Self {
        self.loss_line = Box::new(line);
        self
    }

    recorder_setter!(recorder);

    /// Sets the recorder that another builder was given.
    pub(in super::super) fn recorder_ref(mut self, recorder: &RecorderRef) -> Self {
        self.recorder = recorder.clone();
        self
    }

    /// Opens the file and starts the thread that writes it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if a setting is wrong or another sink of this process writes the file,
    /// [`ErrorKind::Io`] if the file cannot be opened or the thread cannot be started.
    pub fn open(self) -> Result<FileSink, Error> {
        Error::combine(self.mistakes())?;
        let failed = |error| {
            let message = format!("the log file {} cannot be opened", self.path.display());
            Error::new(ErrorKind::Io, message).with_source(error)
        };
        let file = RotatingFile::open(&self.path, self.rotation).map_err(failed)?;
        let Some(active) = ActiveFile::new(&self.path) else {
            let path = self.path.display();
            let message = format!("the log file {path} has a sink already: clone that one");
            return Err(Error::invalid(message));
        };
        let name = self.name.unwrap_or_else(|| stem(&self.path));
        let lost = LostLines::new(&self.recorder, &name);
        let shared = Shared::new(self.path, Queue::new(self.limits), lost);
        let shared = Arc::new(shared);
        let reports = Reports::new(self.loss_line);
        let writer = Writer::new(Arc::clone(&shared), file, reports, active);
        thread::spawn("log-writer", || writer.run())?;
        Ok(FileSink::new(shared))
    }

    fn mistakes(&self) -> Vec<Error> {
        let mut mistakes = Vec::new();
        if self.path.file_name().is_none() {
            let path = self.path.display();
            mistakes.push(format!("the log file {path:?} has no name"));
        }
        if self.rotation.backups > MAX_NUMBER {
            let backups = self.rotation.backups;
            mistakes.push(format!(
                "a log file has at most {MAX_NUMBER} backups, not {backups}"
            ));
        }
        if self.limits.bytes < CHUNK {
            let bytes = self.limits.bytes;
            mistakes.push(format!(
                "the queue of a log needs at least {CHUNK} bytes, not {bytes}"
            ));
        }
        if self.limits.lines == 0 {
            mistakes.push("the queue of a log needs room for a line at least".to_owned());
        }
        mistakes.into_iter().map(Error::invalid).collect()
    }
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
