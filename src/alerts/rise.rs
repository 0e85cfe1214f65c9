//! `Rise`: the increase of a counter in a window.

/// The increase of a counter from its first point in a window to its last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rise {
    measured: f64,
    /// Extrapolates it to the whole window.
    factor: f64,
}

impl Rise {
    /// `factor` is asked for if it matters.
    #[inline]
    pub(super) fn new(measured: f64, factor: impl FnOnce() -> f64) -> Self {
        // The most usual one is none.
        let factor = if measured == 0.0 { 1.0 } else { factor() };
        Self { measured, factor }
    }

    /// The increase over the whole window, as `PromQL`'s `increase`.
    #[inline]
    pub(super) fn increase(self) -> f64 {
        self.measured * self.factor
    }

    /// The increase per second of a window of this length, as `PromQL`'s `rate`.
    #[inline]
    pub(super) fn rate(self, seconds: f64) -> f64 {
        if self.measured == 0.0 {
            return 0.0;
        }
        self.measured * (self.factor / seconds)
    }
}
