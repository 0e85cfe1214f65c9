//! `Source`: the recorder that metrics are read from.

use super::snapshot::Snapshot;

/// The current values of a recorder: the crate's own, or an exporter that the service installed itself.
///
/// None of these functions runs the hooks of [`Gatherer`](super::gatherer::Gatherer).
pub(super) trait Source: Send + Sync {
    /// Returns all metrics in text format 0.0.4.
    fn text(&self) -> String;

    /// Returns all metrics as `OpenMetrics` 1.0 text.
    fn openmetrics(&self) -> String;

    /// Returns all metrics as typed values, with the families sorted by name.
    fn snapshot(&self) -> Snapshot;

    /// Returns the same with the series that are idle, as the start of a delta: a series that returns would count in full.
    fn snapshot_with_idle(&self) -> Snapshot {
        self.snapshot()
    }

    /// Does the periodic work that the recorder needs. Called at every upkeep interval.
    fn upkeep(&self) {}
}
