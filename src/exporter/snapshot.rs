//! `Snapshot`: all metrics as typed values, from which JSON and the history are made.

use std::time::SystemTime;

use super::histogram_snapshot::HistogramSnapshot;
use super::labels::Labels;
use crate::catalog::Kind;
use crate::measure::Instant;

/// All metrics at one moment: families, series and values.
///
/// ```
/// use metrics::Recorder;
/// # use metrics::{Key, Level, Metadata};
/// use tower_vitals::Prometheus;
///
/// let prometheus = Prometheus::builder().build()?;
/// # let metadata = Metadata::new("doc", Level::INFO, None);
/// let key = Key::from_parts("orders_total", &[("shop", "eu")]);
/// prometheus.register_counter(&key, &metadata).increment(3);
///
/// let snapshot = prometheus.snapshot();
/// let family = snapshot.family("orders_total").unwrap();
/// assert_eq!(family.series[0].value.as_f64(), Some(3.0));
/// assert_eq!(snapshot.sum("orders_total", &[("shop", "eu")]), Some(3.0));
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was taken.
    pub taken_at: SystemTime,
    /// `taken_at` by the monotonic clock.
    pub(super) at: Instant,
    /// The families, by name.
    pub families: Vec<FamilySnapshot>,
}

/// All series of one name.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct FamilySnapshot {
    /// The name that Prometheus reads, with its prefix.
    pub name: String,
    /// The kind of metric.
    pub kind: Kind,
    /// The `# HELP` text. Empty if the metric was not described.
    pub help: String,
    /// The series, in the order in which they were registered or returned from idleness.
    pub series: Vec<Series>,
}

/// One series of a family.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// The labels.
    pub labels: Labels,
    /// The recorded value.
    pub value: Value,
}

/// The value of a series.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A total.
    Counter(f64),
    /// A current value.
    Gauge(f64),
    /// A distribution.
    Histogram(HistogramSnapshot),
}

impl Snapshot {
    /// Returns a snapshot of no metrics, taken now.
    pub(super) fn empty() -> Self {
        Self {
            taken_at: SystemTime::now(),
            at: Instant::now(),
            families: Vec::new(),
        }
    }

    /// Returns the family of this name, which includes the prefix.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&FamilySnapshot> {
        let index = self
            .families
            .binary_search_by(|family| (*family.name).cmp(name));
        index.ok().map(|index| &self.families[index])
    }

    fn series<'a>(
        &'a self,
        name: &str,
        labels: &'a [(&str, &str)],
    ) -> impl Iterator<Item = &'a Series> {
        let series = self.family(name).map(|family| &*family.series);
        series
            .unwrap_or_default()
            .iter()
            .filter(move |series| series.has(labels))
    }

    /// Returns the sum of the counters or gauges of this name that have all of these labels; `None` if there are none.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.series(name, labels)
            .filter_map(|series| series.value.as_f64())
            .reduce(|sum, value| sum + value)
    }

    /// Merges the histograms of this name that have all of these labels; `None` if there are none.
    #[must_use]
    pub fn histogram(&self, name: &str, labels: &[(&str, &str)]) -> Option<HistogramSnapshot> {
        let series = self.series(name, labels);
        let mut histograms = series
            .filter_map(|series| series.value.as_histogram())
            .peekable();
        histograms.peek()?;
        Some(HistogramSnapshot::merged(histograms))
    }
}

impl FamilySnapshot {
    /// Merges all histograms of the family. The result has no samples if there are none.
    #[must_use]
    pub fn histogram(&self) -> HistogramSnapshot {
        let series = self.series.iter();
        HistogramSnapshot::merged(series.filter_map(|series| series.value.as_histogram()))
    }
}

impl Series {
    /// Whether the series has all of these labels.
    #[must_use]
    pub fn has(&self, labels: &[(&str, &str)]) -> bool {
        let has = |(name, value): &(&str, &str)| self.labels.get(name) == Some(*value);
        labels.iter().all(has)
    }
}

impl Value {
    /// Returns the number of a counter or gauge; `None` for a histogram.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Counter(value) | Self::Gauge(value) => Some(*value),
            Self::Histogram(_) => None,
        }
    }

    /// Returns the histogram; `None` for a counter or gauge.
    #[must_use]
    pub fn as_histogram(&self) -> Option<&HistogramSnapshot> {
        match self {
            Self::Histogram(histogram) => Some(histogram),
            Self::Counter(_) | Self::Gauge(_) => None,
        }
    }
}

debug_redacted!(FamilySnapshot {
    name,
    kind,
    help,
    series
});

debug_redacted!(Series { labels, value });
