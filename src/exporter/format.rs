//! `Format`: a format that scrapers read.

/// A format that scrapers read. A source lists those that it [offers](super::source::Source::formats).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Format {
    /// Prometheus text: 0.0.4, or 1.0.0 for scrapers that ask for an escaping.
    Text,
    /// `OpenMetrics` 1.0 text.
    OpenMetrics,
    /// Messages `io.prometheus.client.MetricFamily`, each with its length before it.
    Protobuf,
}
