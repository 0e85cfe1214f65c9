//! `Retention`: the bounds of a history.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Debug, Clone, Copy)]
pub(super) struct Retention {
    /// The greatest age of an event.
    pub(super) age: Duration,
    /// The most events.
    pub(super) count: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            age: Duration::from_secs(30 * 24 * 60 * 60),
            count: 100_000,
        }
    }
}

impl Retention {
    /// The time of the oldest event that is kept, 1970 at the earliest.
    pub(super) fn oldest(self, now: SystemTime) -> SystemTime {
        let oldest = now.checked_sub(self.age).unwrap_or(UNIX_EPOCH);
        oldest.max(UNIX_EPOCH)
    }
}
