//! `Now`: one moment by both clocks.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// One moment by both clocks. Waiting goes by the steady one. The other one is shown and saved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) steady: Instant,
    pub(super) wall: SystemTime,
}

impl Now {
    /// The time since then, or 0.
    pub(super) fn since(&self, then: SystemTime) -> Duration {
        self.wall.duration_since(then).unwrap_or_default()
    }

    /// A saved time by the steady clock, at most this far ahead, because the other clock may have been set back.
    pub(super) fn steady_at(&self, at: SystemTime, most: Duration) -> Instant {
        let ahead = at.duration_since(self.wall).unwrap_or_default();
        self.steady + ahead.min(most)
    }
}
