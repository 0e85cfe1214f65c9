//! `Place`: the place of one viewer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A viewer that has read nothing for this many frames loses its place.
const PATIENCE: u64 = 60;

/// Held by the viewer. The feed counts those that are held.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The feed's frames until the viewer took one the last time.
    taken_at: AtomicU64,
    is_lost: AtomicBool,
    /// Whether the stream has ended, and the client is about to return.
    is_left: AtomicBool,
}

impl Place {
    /// Notes that the viewer reads.
    pub(super) fn take(&self, number: u64) {
        self.taken_at.fetch_max(number, Ordering::Relaxed);
    }

    /// Whether the viewer still reads at this frame. If not, its stream has ended.
    pub(super) fn is_kept(&self, number: u64) -> bool {
        let waits = number.saturating_sub(self.taken_at.load(Ordering::Relaxed));
        if waits > PATIENCE {
            self.is_lost.store(true, Ordering::Relaxed);
        }
        !self.is_lost()
    }

    /// Makes room for another viewer. The feed goes on until the place is dropped.
    pub(super) fn leave(&self) {
        self.is_left.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_left(&self) -> bool {
        self.is_left.load(Ordering::Relaxed)
    }

    pub(super) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }
}
