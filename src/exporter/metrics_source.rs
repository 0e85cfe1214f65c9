//! `MetricsSource`: the metrics that the routes serve.

use std::sync::Arc;

use super::prometheus::Prometheus;
use super::reader::Reader;
use crate::recorder::RecorderRef;

/// The argument of [`Routes::metrics`](crate::Routes::metrics), made from each handle that metrics can be read from: a
/// [`Prometheus`], and with the feature `metrics-exporter-prometheus` an [`ExistingExporter`](super::ExistingExporter) or
/// the `PrometheusHandle` of an exporter that the service installed itself.
#[derive(Debug, Clone)]
#[cfg_attr(
    not(feature = "axum"),
    expect(dead_code, reason = "only the routes read it")
)]
pub struct MetricsSource {
    pub(crate) reader: Arc<Reader>,
    /// Takes the metrics of the routes themselves.
    pub(crate) recorder: RecorderRef,
}

impl From<Prometheus> for MetricsSource {
    fn from(prometheus: Prometheus) -> Self {
        Self {
            reader: prometheus.reader(),
            recorder: RecorderRef::new(prometheus),
        }
    }
}
