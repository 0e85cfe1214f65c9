//! `SloStatus`: the burn rates of an SLO, and the rest of its budget.

use std::collections::BTreeMap;

use metrics::{Key, Recorder, SharedString};
use serde::Serialize;

use super::burn::Burn;
use super::burn_pair::BurnPair;
use super::burn_window::BurnWindow;
use crate::catalog::{SLO_BURN_RATE, SLO_ERROR_BUDGET_REMAINING, SLO_OBJECTIVE};
use crate::recorder::METADATA;

/// The burn rates of an SLO, and the rest of its budget.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SloStatus {
    /// The name of the SLO.
    pub slo: String,
    /// The promised share of good events.
    pub objective: f64,
    /// The number of events that each window of a pair needs.
    pub min_events: u64,
    /// The burn in each window.
    pub windows: BTreeMap<BurnWindow, Burn>,
    /// The burn over the whole period.
    pub period: Burn,
    /// The share of the period's budget that is left: 1 without bad events, below 0 once more failed than may.
    pub budget_remaining: f64,
    /// The reason that the last snapshot could not be read. The counts go on when it is gone.
    pub problem: Option<String>,
}

impl SloStatus {
    /// Returns the burn in a window.
    #[must_use]
    pub fn burn(&self, window: BurnWindow) -> Burn {
        let none = Burn::new(0, 0, 1.0);
        self.windows.get(&window).copied().unwrap_or(none)
    }

    /// Whether both windows have enough events and burn faster than the factor.
    #[must_use]
    pub fn exceeds(&self, pair: BurnPair) -> bool {
        let allowed = pair.max_error_ratio(self.objective);
        [pair.long, pair.short].into_iter().all(|window| {
            let burn = self.burn(window);
            burn.total >= self.min_events && burn.error_ratio() > allowed
        })
    }

    /// Sets the gauges `slo_objective_ratio`, `slo_error_budget_remaining_ratio` and `slo_burn_rate`.
    pub fn record(&self, recorder: &dyn Recorder) {
        let slo = || SharedString::from(self.slo.clone());
        let set = |key: &Key, value| recorder.register_gauge(key, &METADATA).set(value);
        set(&SLO_OBJECTIVE.key([slo()]), self.objective);
        set(
            &SLO_ERROR_BUDGET_REMAINING.key([slo()]),
            self.budget_remaining,
        );
        for (window, burn) in &self.windows {
            let key = SLO_BURN_RATE.key([slo(), window.as_str().into()]);
            set(&key, burn.rate);
        }
    }
}
