//! [`GaugeCell`].

use super::float_cell::FloatCell;
use super::sync::{AtomicBool, Ordering::Relaxed};

/// A gauge that knows whether it was written since somebody last asked.
pub(crate) struct GaugeCell {
    value: FloatCell,
    written: AtomicBool,
}

impl GaugeCell {
    /// A gauge of 0, not written.
    pub(crate) fn new() -> Self {
        Self {
            value: FloatCell::new(0.0),
            written: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn set(&self, value: f64) {
        self.value.set(value);
        self.mark_written();
    }

    #[inline]
    pub(crate) fn add(&self, value: f64) {
        self.value.add(value);
        self.mark_written();
    }

    #[inline]
    pub(crate) fn get(&self) -> f64 {
        self.value.get()
    }

    /// Whether it was written since the last call.
    pub(crate) fn take_written(&self) -> bool {
        self.written.swap(false, Relaxed)
    }

    // Loads first, because a store would take the cache line from other threads that write.
    #[inline]
    fn mark_written(&self) {
        if !self.written.load(Relaxed) {
            self.written.store(true, Relaxed);
        }
    }
}
