//! `Limits`: the bounds of a queue.

use std::time::Duration;

/// The bounds of a queue of lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Of all buffers together.
    pub(super) bytes: usize,
    pub(super) lines: usize,
    /// The longest time that a full queue makes a caller wait.
    pub(super) wait: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 32 * 1024 * 1024,
            lines: 1_000_000,
            wait: None,
        }
    }
}
