//! [`Loss`]: the lines that a log lost.

use jiff::Timestamp;

/// The lines that a log lost, as a line of the log reports them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Loss {
    /// The number of lines that were lost since the report before.
    pub lines: u64,
    /// Why they were lost: the queue was full, because the file could not be written, for example.
    pub reason: String,
}

impl Loss {
    /// The line of a log that is text.
    pub(super) fn text(&self) -> String {
        let now = Timestamp::now();
        let Self { lines, reason } = self;
        format!(
            "{now:.6}  WARN tower_vitals::telemetry::logging: {lines} lines of this log were lost: {reason}\n"
        )
    }
}
