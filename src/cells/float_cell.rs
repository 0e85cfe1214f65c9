//! [`FloatCell`].

use super::line::add_float;
use super::sync::{AtomicU64, Ordering::Relaxed};

/// An `f64` that several threads write.
pub(crate) struct FloatCell(AtomicU64);

impl FloatCell {
    pub(crate) fn new(value: f64) -> Self {
        Self(AtomicU64::new(value.to_bits()))
    }

    #[inline]
    pub(crate) fn add(&self, value: f64) {
        add_float(&self.0, value);
    }

    /// Raises the value to `value`, if it is lower.
    pub(crate) fn raise_to(&self, value: f64) {
        let mut bits = self.0.load(Relaxed);
        while f64::from_bits(bits) < value {
            match self
                .0
                .compare_exchange_weak(bits, value.to_bits(), Relaxed, Relaxed)
            {
                Ok(_) => return,
                Err(now) => bits = now,
            }
        }
    }

    #[inline]
    pub(crate) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }
}
