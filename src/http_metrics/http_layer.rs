//! `HttpLayer`: metrics, request ids, log lines and spans of requests in one layer.

use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::http_service::HttpService;
use super::layer::HttpMetricsLayer;
use super::layer_state::LayerState;
use super::observe::Observers;
use super::per_thread::PerThread;
use super::request_log_layer::RequestLogLayer;
use super::server_span_layer::ServerSpanLayer;
use super::state_handle::StateHandle;
use super::templates::Templates;

/// A [`tower::Layer`](tower_layer::Layer) that combines several parts of this crate: [metrics](Self::metrics), a
/// [log line](Self::log) and a [span](Self::span) of each request, and (with the feature `request-id`) its id.
///
/// One guard records all of them, with one reading of the clock and one wrapper of the response body. So the metric, the log line
/// and the span of a request have the same duration, status and error, however the request ends. Without parts, the layer passes
/// requests on.
///
/// In axum, add it last, with `Router::layer`, where `MatchedPath` is known.
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_vitals::{HttpLayer, HttpMetricsLayer, RequestLogLayer, ServerSpanLayer};
///
/// let app: Router = Router::new().route("/users/{id}", get(|| async { "user" })).layer(
///     HttpLayer::new()
///         .metrics(HttpMetricsLayer::new())
///         .log(RequestLogLayer::new())
///         .span(ServerSpanLayer::new()),
/// );
/// ```
#[derive(Clone)]
#[must_use]
pub struct HttpLayer {
    metrics: Option<Arc<PerThread<LayerState>>>,
    observers: Arc<Observers>,
    templates: Arc<Templates>,
}

impl HttpLayer {
    /// Creates a layer without parts.
    pub fn new() -> Self {
        Self {
            metrics: None,
            observers: Arc::default(),
            templates: Arc::new(Templates::new(None)),
        }
    }

    /// Measures requests.
    ///
    /// Requests and their duration are the same to all parts. With
    /// [`duration_until`](super::HttpMetricsBuilder::duration_until), the duration ends at the response head for all of them.
    pub fn metrics(mut self, layer: HttpMetricsLayer) -> Self {
        let state = layer.state();
        self.templates = Arc::new(Templates::new(Some(state.shared().config())));
        self.metrics = Some(Arc::clone(state));
        self
    }

    /// Logs requests.
    pub fn log(mut self, layer: RequestLogLayer) -> Self {
        self.set(|observers| observers.log = Some(layer.into_log()));
        self
    }

    /// Makes a span for each request.
    pub fn span(mut self, layer: ServerSpanLayer) -> Self {
        self.set(|observers| observers.span = Some(layer.into_span()));
        self
    }

    pub(crate) fn set(&mut self, set: impl FnOnce(&mut Observers)) {
        let mut observers = Observers::clone(&self.observers);
        set(&mut observers);
        self.observers = Arc::new(observers);
    }
}

default_is_new!(HttpLayer);

impl<S> Layer<S> for HttpLayer {
    type Service = HttpService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let metrics = self.metrics.as_ref().map(StateHandle::new);
        HttpService::new(inner, metrics, &self.observers, &self.templates)
    }
}

impl fmt::Debug for HttpLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpLayer")
            .field(
                "metrics",
                &self
                    .metrics
                    .as_ref()
                    .map(|state| Arc::clone(state.shared())),
            )
            .field("observers", &self.observers)
            .finish_non_exhaustive()
    }
}
