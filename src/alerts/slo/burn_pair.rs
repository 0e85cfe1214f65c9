//! `BurnPair`: two windows, and the burn rate that both must exceed.

use super::burn_window::BurnWindow;

/// Two windows, and the burn rate that both must exceed.
///
/// The long window shows that much of the budget is gone. The short one shows that it still burns, so that an alert ends soon
/// after its cause.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct BurnPair {
    /// The long window.
    pub long: BurnWindow,
    /// The short window.
    pub short: BurnWindow,
    /// The burn rate: 1 uses up the budget in exactly the period.
    pub factor: f64,
}

impl BurnPair {
    pub(super) const fn new(long: BurnWindow, short: BurnWindow, factor: f64) -> Self {
        Self {
            long,
            short,
            factor,
        }
    }

    /// The share of bad events that both windows must exceed.
    #[must_use]
    pub fn max_error_ratio(&self, objective: f64) -> f64 {
        self.factor * (1.0 - objective)
    }
}
