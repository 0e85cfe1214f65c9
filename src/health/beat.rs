//! `LastBeat`: the time of the last heartbeat.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct LastBeat {
    created: Instant,
    /// Nanoseconds from `created` to the last beat.
    nanos: AtomicU64,
}

impl LastBeat {
    pub(super) fn new() -> Self {
        Self {
            created: Instant::now(),
            nanos: AtomicU64::new(0),
        }
    }

    pub(super) fn beat(&self) {
        // 2^64 ns are 584 years.
        let nanos = u64::try_from(self.created.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_max(nanos, Ordering::Release);
    }

    /// The time since the last beat, or since the creation if there was none.
    pub(super) fn age(&self) -> Duration {
        let beat = Duration::from_nanos(self.nanos.load(Ordering::Acquire));
        self.created.elapsed().saturating_sub(beat)
    }

    /// Whether there was a beat.
    pub(super) fn has_begun(&self) -> bool {
        self.nanos.load(Ordering::Acquire) > 0
    }
}
