//! [`FileSink`]: a rotated log file behind a queue.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tracing::Level;

use super::super::line_sink::LineSink;
use super::shared::Shared;

/// A log file, written by a thread of its own and rotated like Python's `RotatingFileHandler`.
///
/// Threads that log copy their lines into a queue in memory. Where that is full, lines are dropped and counted in
/// `monitoring_log_lines_dropped_total`. Lines reach the file within a few milliseconds, and are then safe from the end of the
/// process, but not from a power failure, because the file is not synchronized to the disk.
///
/// The file is opened for appending. A file that was deleted is made again when the next lines are written. Lines of one that was moved
/// go to the new file at its path; while there is none, they go to the moved file for up to 100 ms, and then to a new one. A truncated
/// file goes on from its new end. So `logrotate` may rotate it, too, with `create` or `nocreate`. It loses the lines between
/// its copy and its truncation if it is told to `copytruncate`. While the file cannot be written, because the disk is full for example, lines wait in the queue. Once it can,
/// they are written, and a line reports the number of those that were lost.
///
/// **One process for one file.** Two processes do not tear each other's lines, but when both rotate a file at the same moment, backups can
/// be lost. The sink logs a warning if others write to its file. A second sink of the same file in one process is an error.
///
/// Clones write to the same file. It is closed by [`shutdown`](Self::shutdown), or once the last clone was dropped and the lines are
/// written.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::telemetry::logging::{FileSink, LineSink};
///
/// # let folder = std::env::temp_dir().join(format!("file-sink-{}", std::process::id()));
/// # let path = folder.join("alerts.log");
/// let sink = FileSink::builder(&path).open()?;
/// sink.write(tracing::Level::WARN, b"the disk is nearly full\n");
/// assert_eq!(sink.shutdown(Duration::from_secs(5)), 0);
/// assert_eq!(std::fs::read_to_string(&path)?, "the disk is nearly full\n");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FileSink {
    shared: Arc<Shared>,
    _handle: Arc<Handle>,
}

/// Closes the file when the last clone is dropped.
struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.queue.orphan();
    }
}

impl FileSink {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            _handle: Arc::new(Handle(Arc::clone(&shared))),
            shared,
        }
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The number of lines that were lost so far: dropped because the queue was full, or given up at the shutdown.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.lost.total()
    }

    /// Waits until all lines that were accepted before are in the file, but no longer than the timeout. Returns whether they are.
    ///
    /// This blocks the thread.
    #[must_use = "`false` means that lines may be missing"]
    pub fn flush(&self, timeout: Duration) -> bool {
        self.shared.queue.flush(timeout)
    }

    /// Opens the file at its path again, for programs that move it and then send a signal. Does not wait for it.
    ///
    /// Without this call, the sink notices before its next lines that another file is at the path, and soon after it that there is
    /// none.
    pub fn reopen(&self) {
        self.shared.queue.reopen();
    }

    /// Accepts no more lines. A shutdown of several files begins with this.
    pub(in super::super) fn begin_shutdown(&self) {
        self.shared.queue.begin_shutdown();
    }

    /// Closes the file once all lines are written, but no later than the timeout. Returns the number of lines that were lost.
    ///
    /// This blocks the thread. Lines that are logged afterwards are dropped and counted. Lines of a write that still hangs at the timeout
    /// count as lost, even if it succeeds later.
    #[must_use = "the lines that were lost are gone"]
    pub fn shutdown(&self, timeout: Duration) -> u64 {
        self.shared.shut_down(timeout)
    }
}

impl LineSink for FileSink {
    #[inline]
    fn write(&self, _level: Level, line: &[u8]) {
        self.shared.push(line);
    }
}

/// For writers of other layers, such as `tracing_subscriber::fmt`: `.with_writer(move || sink.clone())`. Each call is one line, or
/// several whole lines.
impl io::Write for FileSink {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.shared.push(lines);
        Ok(lines.len())
    }

    /// Does not wait. See [`FileSink::flush`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Debug for FileSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSink")
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}
