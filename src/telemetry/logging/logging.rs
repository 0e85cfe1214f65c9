//! `Logging`: where the builder begins.

use super::builder::LoggingBuilder;

/// The log of the service. [`builder`](Self::builder) has what it can do.
#[derive(Debug, Clone, Copy)]
pub struct Logging;

impl Logging {
    /// Creates a builder: lines on standard output, level INFO.
    pub fn builder() -> LoggingBuilder {
        LoggingBuilder::new()
    }
}
