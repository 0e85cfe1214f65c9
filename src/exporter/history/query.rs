//! `HistoryQuery`: a metric, a measure, and the series to include.

use std::time::Duration;

use super::ring::{Labels, Metric, Ring};

/// A query to a [`MetricsHistory`](super::MetricsHistory): values, rate, average or a quantile of a metric over time.
///
/// Values are those at a tick. The other measures describe the time since the previous tick. A series that is new or
/// has restarted started at zero, so no rate is negative.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::exporter::HistoryQuery;
///
/// let latency = HistoryQuery::quantile("http_request_duration_seconds", 0.95)
///     .label("endpoint", "/orders")
///     .window(Duration::from_secs(5 * 60))
///     .sum();
/// ```
#[derive(Clone, PartialEq)]
#[must_use]
pub struct HistoryQuery {
    pub(super) metric: String,
    pub(super) measure: Measure,
    pub(super) labels: Labels,
    pub(super) window: Option<Duration>,
    pub(super) is_sum: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Measure {
    Values,
    Rate,
    Average,
    Quantile(f64),
}

impl HistoryQuery {
    fn new(metric: impl Into<String>, measure: Measure) -> Self {
        Self {
            metric: metric.into(),
            measure,
            labels: Labels::new(),
            window: None,
            is_sum: false,
        }
    }

    /// Queries the values of a gauge or counter. The name of the metric includes the prefix.
    pub fn values(metric: impl Into<String>) -> Self {
        Self::new(metric, Measure::Values)
    }

    /// Queries the increase per second of a counter or of a histogram's count.
    pub fn rate(metric: impl Into<String>) -> Self {
        Self::new(metric, Measure::Rate)
    }

    /// Queries the mean of a histogram's samples. Ticks without samples have no point.
    pub fn average(metric: impl Into<String>) -> Self {
        Self::new(metric, Measure::Average)
    }

    /// Queries the value below which the share `q` of a histogram's samples lies, see
    /// [`HistogramSnapshot::quantile`](crate::exporter::HistogramSnapshot::quantile). Ticks without samples have no
    /// point.
    pub fn quantile(metric: impl Into<String>, q: f64) -> Self {
        Self::new(metric, Measure::Quantile(q))
    }

    /// Includes only series with this label. Several labels must all match. Defaults to none.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// Includes only this time before the newest tick. Defaults to the whole history.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = Some(window);
        self
    }

    /// Combines all matching series into one: adds up numbers, and merges histograms before measuring them. Defaults to
    /// one result per series.
    pub fn sum(mut self) -> Self {
        self.is_sum = true;
        self
    }

    /// Returns the number of ticks in the window.
    pub(super) fn ticks(&self, ring: &Ring) -> usize {
        let all = ring.ticks.len();
        self.window.map_or(all, |window| ring.ticks_within(window))
    }

    /// Returns the matching series, by id.
    pub(super) fn matching(&self, metric: &Metric) -> Vec<(usize, Labels)> {
        let matches =
            |(_, own): &(usize, Labels)| self.labels.iter().all(|label| own.contains(label));
        let mut matching: Vec<_> = metric.series().filter(matches).collect();
        matching.sort_by_key(|(id, _)| *id);
        matching
    }
}

debug_redacted!(HistoryQuery {
    metric,
    measure,
    labels,
    window,
    is_sum
});
