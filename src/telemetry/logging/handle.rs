//! [`LoggingHandle`]: the log that runs.

use std::time::Duration;

use super::log_files::LogFiles;
use super::log_level::LogLevel;
use crate::error::Error;

/// How long a dropped handle waits for the files.
const DROP_DEADLINE: Duration = Duration::from_secs(1);

/// The log of a service that runs. Keep it until the end of `main`.
///
/// Dropping it waits until all lines are in the files, at most 1 s. The log goes on, so lines that are logged later are written as
/// long as the process lives. [`shutdown`](Self::shutdown) waits longer and reports the lines that were lost.
#[derive(Debug)]
#[must_use = "dropping the handle waits for the files, so keep it until the end of main"]
pub struct LoggingHandle {
    level: LogLevel,
    files: LogFiles,
    is_shut_down: bool,
}

impl LoggingHandle {
    pub(super) fn new(level: LogLevel, files: LogFiles) -> Self {
        Self {
            level,
            files,
            is_shut_down: false,
        }
    }

    pub(super) fn files(&self) -> &LogFiles {
        &self.files
    }

    /// The control of the filter, for [`Routes::log_level`](crate::Routes::log_level) and for code.
    #[must_use]
    pub fn level(&self) -> LogLevel {
        self.level.clone()
    }

    /// Waits until all lines so far are in the files, but no longer than the deadline.
    ///
    /// This blocks the thread: in async code, call it by `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) names the files that may lack lines.
    pub fn flush(&self, deadline: Duration) -> Result<(), Error> {
        self.files.flush(deadline)
    }

    /// Writes all lines to the files and closes them, no later than the deadline. Lines that are logged later reach the console
    /// only. Files drop them and count them in `monitoring_log_lines_dropped_total`.
    ///
    /// This blocks the thread, which is right at the end of `main`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) names the files that lost lines, and their numbers.
    pub fn shutdown(mut self, deadline: Duration) -> Result<(), Error> {
        self.is_shut_down = true;
        self.files.shutdown(deadline)
    }

    /// Opens the files at their paths again, for programs that move them, such as `logrotate`. Does not wait.
    ///
    /// Without this call, lines go to a new file at the path as soon as there is one. While there is none, they go to the moved file for
    /// up to 100 ms, and then to a new one. After [`init`](super::LoggingBuilder::init), SIGHUP does this.
    pub fn reopen(&self) {
        self.files.reopen();
    }
}

impl Drop for LoggingHandle {
    fn drop(&mut self) {
        if !self.is_shut_down {
            // There is nobody to tell.
            let _ = self.files.flush(DROP_DEADLINE);
        }
    }
}
