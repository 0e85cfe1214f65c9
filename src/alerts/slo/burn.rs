//! `Burn`: the events of a window, and how fast they burn the budget.

use serde::Serialize;

/// The events of a window, and how fast they burn the budget.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Burn {
    /// The number of bad events.
    pub bad: u64,
    /// The number of all events.
    pub total: u64,
    /// The share of bad events divided by the allowed share: 1 uses up the budget in exactly the period. 0 without events.
    pub rate: f64,
}

impl Burn {
    pub(super) fn new(bad: u64, total: u64, budget: f64) -> Self {
        let rate = share(bad, total) / budget;
        Self { bad, total, rate }
    }

    /// The share of bad events, from 0 to 1. 0 without events.
    #[must_use]
    pub fn error_ratio(&self) -> f64 {
        share(self.bad, self.total)
    }
}

fn share(bad: u64, total: u64) -> f64 {
    if total == 0 {
        0.0
    } else {
        bad as f64 / total as f64
    }
}
