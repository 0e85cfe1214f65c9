//! Jobs as a source that others watch.

use super::watch::{Watch, version_of};
use crate::jobs::{HistoryStatus, Jobs};

impl Watch for Jobs {
    fn name(&self) -> &'static str {
        "jobs"
    }

    /// Each start and end of a run is a write to the history. The history itself may be a database, which is not asked.
    fn version(&self) -> u64 {
        let history = HistoryStatus {
            // Reads count here, and those of a viewer must not make the next version.
            unreadable_rows: 0,
            ..self.history_status()
        };
        version_of(&(history, self.problems(), self.names()))
    }
}
