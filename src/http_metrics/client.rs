//! `ClientMetricsLayer`: the layer around a client.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::body::ResponseBody;
use super::config::Config;
use super::in_client_span::InClientSpan;
use super::layer_state::LayerState;
use super::naming::Naming;
use super::outcome::Outcome;
use super::per_thread::PerThread;
use super::response_future::{CountBody, ResponseFuture};
use super::state_handle::StateHandle;
use super::templates::Templates;
use crate::error::BoxError;

/// A [`tower::Layer`](tower_layer::Layer) that measures the requests that an HTTP client sends.
///
/// It records these metrics once per request, at the end of the response body or when the request ends earlier:
///
/// | metric | |
/// |---|---|
/// | `external_api_requests_total{service, endpoint, status}` | `status` is the code, or else `error`, `timeout` or `cancelled` |
/// | `external_api_duration_seconds{service}` | seconds from the call to the end of the response body |
///
/// `timeout` is an error with an [`io::ErrorKind::TimedOut`], or with the message of a timeout of tower, tokio or
/// hyper, in its chain of sources. `cancelled` is a call that was dropped before its response: the caller gave up, or a
/// timeout around this layer did. A timeout inside, as `tower::timeout` added after this layer, counts as `timeout`. All
/// other calls without a response, and panics, are an `error`.
///
/// A request is measured from its `call` on. Requests that wait or fail in `poll_ready` are not recorded.
///
/// `endpoint` is `unmatched` unless [`endpoint`](super::ClientMetricsBuilder::endpoint) names it, because each path would be a series.
///
/// The error type is the boxed one of tower's timeout and limits.
///
/// Around `reqwest::Client`, it measures requests of reqwest, in its own types: see [`reqwest`](super::reqwest). Around
/// tonic's `Channel`, it measures gRPC calls: see [`grpc`](super::ClientMetricsBuilder::grpc).
///
/// ```
/// use hyper_util::{client::legacy::Client, rt::TokioExecutor};
/// use http_body_util::Empty;
/// use tower::ServiceBuilder;
/// use tower_vitals::ClientMetricsLayer;
///
/// let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&'static [u8]>>();
/// let stripe = ServiceBuilder::new()
///     .layer(ClientMetricsLayer::new("stripe"))
///     .service(client);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientMetricsLayer {
    state: Arc<PerThread<LayerState>>,
    traced: Option<Arc<Templates>>,
}

impl ClientMetricsLayer {
    /// Creates a layer with the defaults for calls to `service`, which is the value of the `service` label.
    pub fn new(service: impl Into<Cow<'static, str>>) -> Self {
        Self::from_config(default_config(service.into()))
    }

    pub(crate) fn from_config(config: Config) -> Self {
        Self {
            state: Arc::new(PerThread::new(LayerState::new(config))),
            traced: None,
        }
    }

    /// Makes a span for each request, and sends the headers of its trace along: `traceparent`, `tracestate` and `baggage`. Headers of
    /// these names that are there already are replaced. Defaults to off, because other services see the ids.
    ///
    /// The span has the attributes of OpenTelemetry's conventions for HTTP clients (1.44), and for gRPC calls those of RPC. It ends with the
    /// metric, and its `error.type` is that of [`Naming::open_telemetry_client`](super::Naming::open_telemetry_client). A retry makes
    /// one span for each attempt if it is around this layer. The headers need the feature `otel` and the layer of
    /// `telemetry::otel::Tracing`.
    ///
    /// ```
    /// use tower_vitals::ClientMetricsLayer;
    ///
    /// let layer = ClientMetricsLayer::new("payments").traces();
    /// ```
    pub fn traces(mut self) -> Self {
        self.traced = Some(Arc::new(Templates::new(Some(self.state.shared().config()))));
        self
    }
}

pub(crate) fn default_config(service: Cow<'static, str>) -> Config {
    Config {
        service: Some(service),
        ..Config::new(Naming::external_api())
    }
}

impl<S> Layer<S> for ClientMetricsLayer {
    type Service = ClientMetrics<S>;

    fn layer(&self, inner: S) -> ClientMetrics<S> {
        ClientMetrics {
            inner,
            state: StateHandle::new(&self.state),
            traced: self.traced.clone(),
        }
    }
}

/// The service of [`ClientMetricsLayer`].
#[derive(Debug, Clone)]
pub struct ClientMetrics<S> {
    pub(crate) inner: S,
    pub(crate) state: StateHandle,
    pub(crate) traced: Option<Arc<Templates>>,
}

impl<S> ClientMetrics<S> {
    inner_service_accessors!(inner: S);
}

impl<S, B, C> Service<Request<B>> for ClientMetrics<S>
where
    S: Service<Request<B>, Response = Response<C>>,
    S::Error: Into<BoxError>,
    C: Body,
{
    type Response = Response<ResponseBody<C>>;
    type Error = BoxError;
    type Future = ClientResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = match &self.traced {
            None => {
                let call = |request, _| self.inner.call(request);
                let inner = ResponseFuture::begin(&self.state, request, CountBody::No, call);
                (inner, None)
            }
            Some(traced) => {
                let call = |request| self.inner.call(request);
                ResponseFuture::begin_traced(&self.state, traced, request, call)
            }
        };
        ClientResponseFuture {
            inner: InClientSpan::new(inner),
        }
    }
}

pin_project! {
    /// The future of [`ClientMetrics`].
    pub struct ClientResponseFuture<F> {
        #[pin]
        inner: InClientSpan<ResponseFuture<F>>,
    }
}

impl<F, C, E> Future for ClientResponseFuture<F>
where
    F: Future<Output = Result<Response<C>, E>>,
    E: Into<BoxError>,
    C: Body,
{
    type Output = Result<Response<ResponseBody<C>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll_with(|inner| {
            inner.poll_head(cx, |error: E| {
                let error = error.into();
                (outcome_of(&*error), error)
            })
        })
    }
}

debug_fields!(ClientResponseFuture<F> {});

/// How a call without a response ended.
pub(crate) fn outcome_of(error: &(dyn StdError + 'static)) -> Outcome {
    if is_timeout(error) {
        Outcome::TimedOut
    } else {
        Outcome::ServiceError
    }
}

/// Errors of other crates are recognized by their messages, because their types would need these crates as
/// dependencies: tower "request timed out", tonic "Timeout expired", hyper-util and reqwest "operation timed out", tokio "deadline has elapsed".
fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    let reports_timeout = |error: &(dyn StdError + 'static)| {
        let kind = error.downcast_ref().map(io::Error::kind);
        kind == Some(io::ErrorKind::TimedOut) || {
            let message = error.to_string();
            let timeouts = ["timed out", "Timeout expired", "deadline has elapsed"];
            timeouts.iter().any(|timeout| message.contains(timeout))
        }
    };
    std::iter::successors(Some(error), |error| source(*error)).any(reports_timeout)
}

/// The cause of an error. An [`io::Error`] that wraps another error skips it and returns the wrapped error's source.
fn source<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let wrapped = error.downcast_ref().and_then(io::Error::get_ref);
    wrapped.map_or_else(|| error.source(), |wrapped| Some(wrapped))
}
