use std::time::{Duration, SystemTime};

use crate::catalog::Kind;

/// The content and size of a [`MetricsHistory`](super::MetricsHistory).
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct HistoryStats {
    /// When recording began: at the start of the process or at the last [`clear`](super::MetricsHistory::clear). Ticks
    /// older than the window are gone nevertheless.
    pub since: SystemTime,
    /// The time between ticks.
    pub interval: Duration,
    /// The age at which ticks are dropped.
    pub window: Duration,
    /// The number of ticks.
    pub ticks: usize,
    /// The number of series.
    pub series: usize,
    /// The number of series that the latest tick dropped because of the series limit.
    pub series_dropped: usize,
    /// The approximate memory use in bytes, without the allocator's overhead.
    pub bytes: usize,
    /// The names and kinds of the metrics that have series, by name.
    pub metrics: Vec<(String, Kind)>,
}

debug_redacted!(HistoryStats {
    since,
    interval,
    window,
    ticks,
    series,
    series_dropped,
    bytes,
    metrics
});
