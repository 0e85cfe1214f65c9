//! `Limits`: the bounds of the state's memory.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The bounds of the state's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Limits {
    /// Alerts that are pending, fire, or were resolved by hand while their condition is true. Defaults to 10,000. Further ones
    /// are counted ([`State::dropped`](super::State::dropped)) and logged once.
    pub active: usize,
    /// Other members of rules, which are known for explanations. Defaults to 10,000.
    pub inactive: usize,
    /// Silences. Defaults to 1,000.
    pub silences: usize,
    /// Transitions in the history. Defaults to 10,000.
    pub history: usize,
    /// The age of the oldest transition in the history. Defaults to 7 days.
    pub history_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            active: 10_000,
            inactive: 10_000,
            silences: 1_000,
            history: 10_000,
            history_age: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}
