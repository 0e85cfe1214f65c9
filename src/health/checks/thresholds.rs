//! `Thresholds`: where a check turns degraded and unhealthy.

use super::super::Outcome;

#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds<T> {
    pub(super) degraded: T,
    pub(super) unhealthy: T,
}

impl<T: Copy> Thresholds<T> {
    /// The outcome of a reading that uses `percent`, with `used_percent` as data and `message` unless it is healthy.
    pub(super) fn outcome(
        self,
        percent: f64,
        is_reached: impl Fn(T) -> bool,
        message: impl FnOnce() -> String,
    ) -> Outcome {
        let outcome = if is_reached(self.unhealthy) {
            Outcome::unhealthy().message(message())
        } else if is_reached(self.degraded) {
            Outcome::degraded().message(message())
        } else {
            Outcome::healthy()
        };
        outcome.data("used_percent", (percent * 10.0).round() / 10.0)
    }
}
