//! `Exemplar`: a recorded value with labels.

use super::exemplar_labels::ExemplarLabels;

#[derive(Debug, Clone, PartialEq)]
pub(in crate::exporter) struct Exemplar {
    pub(in crate::exporter) labels: ExemplarLabels,
    /// The sample of a histogram, or the increment of a counter.
    pub(in crate::exporter) value: f64,
    /// In milliseconds since 1970.
    pub(in crate::exporter) recorded_at: u64,
}
