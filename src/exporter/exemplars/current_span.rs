//! The exemplars of traces over OTLP.

use super::exemplar_labels::ExemplarLabels;
use crate::trace_context;

impl ExemplarLabels {
    /// Returns `trace_id` and `span_id` of the current span, if it is sampled. The spans are those of
    /// [`Tracing`](crate::telemetry::otel::Tracing), or of any other layer of tracing-opentelemetry.
    ///
    /// Requests have exemplars if [`ServerSpanLayer`](crate::ServerSpanLayer) is a part of the [`HttpLayer`](crate::HttpLayer) that
    /// measures them.
    ///
    /// ```
    /// use tower_vitals::Prometheus;
    /// use tower_vitals::exporter::ExemplarLabels;
    ///
    /// let prometheus = Prometheus::builder()
    ///     .exemplars(ExemplarLabels::of_current_span)
    ///     .build()?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    #[must_use]
    pub fn of_current_span() -> Option<Self> {
        let ids = trace_context::current_ids()?;
        ids.is_sampled()
            .then(|| Self::trace(ids.trace_id, ids.span_id))
    }
}
