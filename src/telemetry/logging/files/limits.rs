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
            // Less than 32 MiB with all that belongs to it.
            bytes: 31 * 1024 * 1024,
            lines: 1_000_000,
            wait: None,
        }
    }
}
