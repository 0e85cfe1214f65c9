//! `Tracing`: the handle of running traces.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::running::Running;
use super::sampler::RequestSampler;
use super::span_counts::SpanCounts;
use super::targets::Targets;
use crate::trace_context::Decisions;

/// Traces over OTLP. Clones share one exporter.
///
/// Call [`shutdown`](Self::shutdown) before the process ends: spans in the queue are lost otherwise.
#[derive(Clone)]
pub struct Tracing {
    /// `None` if spans are not exported.
    running: Option<Arc<Running>>,
    /// `None` if there are no spans.
    traces: Option<(SdkTracerProvider, RequestSampler)>,
    targets: Targets,
}

impl Tracing {
    pub(super) fn new(
        running: Option<Arc<Running>>,
        traces: Option<(SdkTracerProvider, RequestSampler)>,
        targets: Targets,
    ) -> Self {
        Self {
            running,
            traces,
            targets,
        }
    }

    pub(super) fn provider(&self) -> Option<&SdkTracerProvider> {
        self.traces.as_ref().map(|(provider, _)| provider)
    }

    /// Returns the layer that makes spans of `tracing` part of traces, with events as events of their spans. It fits beside other
    /// layers of `tracing-subscriber`.
    #[must_use]
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let targets = self.targets.clone();
        let level = targets.level;
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        self.traces.as_ref().map(|(provider, sampler)| {
            let sampler = sampler.clone();
            let decisions =
                Decisions::new(move |parent, id, path| sampler.decide(parent, id, path));
            let spans = tracing_opentelemetry::layer()
                .with_tracer(provider.tracer_with_scope(scope))
                .with_location(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                // Copies of an error, whose name does not tell that it is a secret.
                .with_error_fields_to_exceptions(false)
                .with_error_records_to_exceptions(false);
            // The filter is around both, because a layer without one would enable all spans.
            spans.and_then(decisions).with_filter(
                filter_fn(move |metadata| targets.is_enabled(metadata)).with_max_level_hint(level),
            )
        })
    }

    /// Whether spans are exported: traces are neither disabled nor without an exporter.
    #[must_use]
    pub fn is_exporting(&self) -> bool {
        self.running.is_some()
    }

    /// What became of the spans so far.
    #[must_use]
    pub fn counts(&self) -> SpanCounts {
        let running = self.running.as_ref();
        running.map_or_else(SpanCounts::default, |running| {
            running.queue.counters.counts()
        })
    }

    /// Sends the spans in the queue, and ends the exporter. Spans that end later are lost, and so are those that the collector does
    /// not take within `timeout`. Returns what became of all spans.
    ///
    /// Stop the server first, because spans end with the last requests.
    pub async fn shutdown(&self, timeout: Duration) -> SpanCounts {
        if let Some(running) = &self.running {
            running.shut_down(timeout).await;
        }
        let counts = self.counts();
        if counts.shutdown > 0 {
            let spans = counts.shutdown;
            tracing::warn!(
                spans,
                "spans were lost at the shutdown: the collector did not take them in time"
            );
        }
        counts
    }
}

debug_fields!(Tracing { targets });
