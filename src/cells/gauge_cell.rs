//! [`GaugeCell`].

use super::float_cell::FloatCell;
use super::sync::{AtomicBool, Ordering::Relaxed};

/// A gauge that knows how it was written.
pub(crate) struct GaugeCell {
    value: FloatCell,
    /// Since somebody last asked.
    written: AtomicBool,
    was_set: AtomicBool,
}

impl GaugeCell {
    /// A gauge of 0, not written.
    pub(crate) fn new() -> Self {
        Self {
            value: FloatCell::new(0.0),
            written: AtomicBool::new(false),
            was_set: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn set(&self, value: f64) {
        self.value.set(value);
        mark(&self.written);
        mark(&self.was_set);
    }

    #[inline]
    pub(crate) fn add(&self, value: f64) {
        self.value.add(value);
        mark(&self.written);
    }

    #[inline]
    pub(crate) fn get(&self) -> f64 {
        self.value.get()
    }

    /// Whether it was written since the last [`take_written`](Self::take_written).
    pub(crate) fn is_written(&self) -> bool {
        self.written.load(Relaxed)
    }

    /// Whether it was written since the last call.
    pub(crate) fn take_written(&self) -> bool {
        self.written.swap(false, Relaxed)
    }

    /// Whether it was ever set, rather than only added to.
    pub(crate) fn was_set(&self) -> bool {
        self.was_set.load(Relaxed)
    }
}

/// Loads first, because a store would take the cache line from other threads that write.
#[inline]
fn mark(flag: &AtomicBool) {
    if !flag.load(Relaxed) {
        flag.store(true, Relaxed);
    }
}
