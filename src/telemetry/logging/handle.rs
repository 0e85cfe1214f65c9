//! `LoggingHandle`: the log that runs.

use super::log_level::LogLevel;

#[derive(Debug)]
pub struct LoggingHandle {
    level: LogLevel,
}

impl LoggingHandle {
    pub(super) fn new(level: LogLevel) -> Self {
        Self { level }
    }

    /// The control of the filter, for [`Routes::log_level`](crate::Routes::log_level) and for code.
    #[must_use]
    pub fn level(&self) -> LogLevel {
        self.level.clone()
    }
}
