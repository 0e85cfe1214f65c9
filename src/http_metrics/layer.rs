//! `HttpMetricsLayer`: the layer around a server.

use std::sync::Arc;

use tower_layer::Layer;

use super::config::Config;
use super::layer_state::LayerState;
use super::naming::Naming;
use super::per_thread::PerThread;
use super::service::{HttpMetrics, PassThrough};
use super::state_handle::StateHandle;

/// A [`tower::Layer`](tower_layer::Layer) that measures every HTTP request through the `metrics` facade.
///
/// It wraps any `Service<http::Request<B>, Response = http::Response<C>>`, with or without axum, and changes only the
/// type of the response body. Constructing it has no side effects. Each handle is registered at its first use and
/// belongs to the recorder of that moment, so the layer may be built before a recorder is installed. Requests that end
/// before are not measured.
///
/// It records these metrics, under the names of [`Naming::prometheus`] by default:
///
/// | metric | recorded |
/// |---|---|
/// | `http_requests_total{method, endpoint, status}` | once per request, however it ends |
/// | `http_request_duration_seconds{method, endpoint}` | at the same moment, in seconds |
/// | `http_requests_in_progress{method, endpoint}` | from the request's arrival to the end of its response body |
/// | `http_requests_aborted_total{method, endpoint, reason}` | together with the first, if the request ended early |
///
/// `reason` is `cancelled` (dropped before the head, by a timeout or because the client left; status 499), `panic` or
/// `service_error` (status 500 unless the head was sent), `body_error` or `body_dropped` (status as sent). `method` is
/// one of the nine standard methods, `QUERY` or `_OTHER`. `endpoint` is axum's `MatchedPath`, or `unmatched`. With
/// [`grpc`](super::HttpMetricsBuilder::grpc), it is the method of gRPC calls, which have the label `grpc_status`, too.
///
/// A request is measured from its `call` on. tower's limits make requests wait in `poll_ready`: that time is not
/// included, and requests abandoned there are not counted.
///
/// Layers with the same recorder and the same metric names may be around each other, as in a library's router inside an
/// app: a request counts once. The outermost layer records it, under the innermost endpoint that is known, unless its
/// own [`endpoint`](super::HttpMetricsBuilder::endpoint) function named one. A request that a handler sends to a service
/// in the same process is a request of its own. A recorder is the same if both layers use the facade's, clones of one
/// [`Prometheus`](crate::Prometheus), or are clones of one layer. One request counts twice if it is the first that reaches
/// the inner layer after more than a thousand that did not, as behind an authentication that rejected them all.
///
/// The counter of requests with status 500 begins at 0 with an endpoint's first request; see
/// [`zero_statuses`](super::HttpMetricsBuilder::zero_statuses). A handler excludes its request with
/// [`SkipMetrics`](super::SkipMetrics) in the response.
///
/// In axum, merge routers first and add the layer last, with `Router::layer`, where `MatchedPath` is known.
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_vitals::HttpMetricsLayer;
///
/// let app: Router = Router::new()
///     .route("/users/{id}", get(|| async { "user" }))
///     .layer(HttpMetricsLayer::new());
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct HttpMetricsLayer<R = PassThrough> {
    state: Arc<PerThread<LayerState>>,
    mode: R,
}

impl HttpMetricsLayer {
    /// Creates a layer with the defaults. [`HttpMetricsLayer::builder`] has the settings.
    pub fn new() -> Self {
        let config = Config::new(Naming::prometheus());
        Self::from_config(config, PassThrough)
    }
}

impl<R> HttpMetricsLayer<R> {
    pub(crate) fn from_config(config: Config, mode: R) -> Self {
        Self {
            state: Arc::new(PerThread::new(LayerState::new(config))),
            mode,
        }
    }
}

impl<R> HttpMetricsLayer<R> {
    /// The state for the services of a layer that measures and observes.
    pub(crate) fn into_state(self) -> Arc<PerThread<LayerState>> {
        self.state
    }
}

default_is_new!(HttpMetricsLayer);

impl<S, R: Clone> Layer<S> for HttpMetricsLayer<R> {
    type Service = HttpMetrics<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        HttpMetrics::new(inner, StateHandle::new(&self.state), self.mode.clone())
    }
}
