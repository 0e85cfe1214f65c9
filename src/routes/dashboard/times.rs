//! `Times`: the moments of the last frames.

use std::collections::VecDeque;

/// Rates and quantiles are over this many seconds. One second alone would show noise, and more would hide the latest changes.
pub(super) const WINDOW: f64 = 10.0;

/// The moments that the window holds, oldest first, in seconds.
#[derive(Default)]
pub(super) struct Times(VecDeque<f64>);

impl Times {
    /// Adds a moment, and drops those that the window does not need.
    pub(super) fn push(&mut self, now: f64) {
        self.0.push_back(now);
        while self.0.get(1).is_some_and(|second| now - second >= WINDOW) {
            self.0.pop_front();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn oldest(&self) -> f64 {
        self.0.front().copied().unwrap_or_default()
    }

    pub(super) fn latest(&self) -> f64 {
        self.0.back().copied().unwrap_or_default()
    }

    /// The time from the oldest to the latest moment; zero for the first one.
    pub(super) fn seconds(&self) -> f64 {
        self.latest() - self.oldest()
    }
}
