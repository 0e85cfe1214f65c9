//! `TimeSeries`: the points of one series over time.

use std::time::SystemTime;

/// The result of a [`HistoryQuery`](super::HistoryQuery) for one series, or for the sum of all matching series.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct TimeSeries {
    /// The labels of the series. For a [`sum`](super::HistoryQuery::sum), the labels of the query.
    pub labels: Vec<(String, String)>,
    /// Times and values, oldest first. Ticks without a value have no point.
    pub points: Vec<(SystemTime, f64)>,
}

debug_redacted!(TimeSeries { labels, points });
