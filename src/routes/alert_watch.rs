//! Alerts as a source that others watch.

use super::watch::{Watch, version_of};
use crate::alerts::Alerts;
use crate::alerts::state::AlertState;

impl Watch for Alerts {
    fn name(&self) -> &'static str {
        "alerts"
    }

    fn version(&self) -> u64 {
        version_of(&(self.alerts(), self.silences(), self.stats().channels))
    }

    fn counts(&self) -> Vec<(&'static str, usize)> {
        let alerts = self.stats().alerts;
        let count = |state| alerts.get(&state).copied().unwrap_or_default();
        vec![
            ("firing", count(AlertState::Firing)),
            ("pending", count(AlertState::Pending)),
        ]
    }
}
