//! `ClientMetricsLayer`: the layer around a client.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::body::ResponseBody;
use super::config::{Config, Protocol};
use super::layer_state::LayerState;
use super::naming::Naming;
use super::outcome::{Outcome, Side};
use super::response_future::{CountBody, ResponseFuture};
use crate::error::BoxError;

/// A [`tower::Layer`](tower_layer::Layer) that measures the requests that an HTTP client sends.
///
/// It records these metrics once per request, at the end of the response body or when the request ends earlier:
///
/// | metric | |
/// |---|---|
/// | `external_api_requests_total{service, endpoint, status}` | `status` is the code, or else `error` or `timeout` |
/// | `external_api_duration_seconds{service}` | seconds from the call to the end of the response body |
///
/// `timeout` is an error with an [`io::ErrorKind::TimedOut`], or with the message of a timeout of tower, tokio or
/// hyper, in its chain of sources. A call dropped before its response is a `timeout` too, because that is how an outer
/// timeout ends it. All other calls without a response are an `error`.
///
/// A request is measured from its `call` on. Requests that wait or fail in `poll_ready` are not recorded.
///
/// `endpoint` is `unmatched` unless [`ClientMetricsBuilder::endpoint`] names it, because each path would be a series.
///
/// The error type is the boxed one of tower's timeout and limits.
///
/// Around `reqwest::Client`, it measures requests of reqwest, in its own types: see [`reqwest`](super::reqwest). Around
/// tonic's `Channel`, it measures gRPC calls: see [`grpc`](ClientMetricsBuilder::grpc).
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
    state: Arc<LayerState>,
}

impl ClientMetricsLayer {
    /// Creates a layer with the defaults for calls to `service`, which is the value of the `service` label.
    pub fn new(service: impl Into<Cow<'static, str>>) -> Self {
        Self::builder(service).build()
    }

    /// Starts to configure a layer for calls to `service`.
    ///
    /// ```
    /// use tower_vitals::ClientMetricsLayer;
    ///
    /// let layer = ClientMetricsLayer::builder("stripe")
    ///     .endpoint(|parts| match parts.uri.path() {
    ///         path if path.starts_with("/v1/charges") => Some("/v1/charges"),
    ///         _ => None,
    ///     })
    ///     .build();
    /// ```
    pub fn builder(service: impl Into<Cow<'static, str>>) -> ClientMetricsBuilder {
        let mut config = Config::new(Side::Client, Naming::external_api());
        config.service = Some(service.into());
        ClientMetricsBuilder { config }
    }
}

/// Configures a [`ClientMetricsLayer`]. Made by [`ClientMetricsLayer::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientMetricsBuilder {
    config: Config,
}

impl ClientMetricsBuilder {
    /// Names a request's endpoint. Defaults to `unmatched`.
    pub fn endpoint<T: Into<Cow<'static, str>>>(
        mut self,
        endpoint: impl Fn(&Parts) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        self.config.set_endpoint(endpoint);
        self
    }

    /// Limits the number of endpoints. Requests to further ones are counted as `other`. Defaults to 1000.
    pub fn max_endpoints(mut self, max: usize) -> Self {
        self.config.max_endpoints = max;
        self
    }

    /// Records gRPC calls by method and status, for tonic's channels. Defaults to off.
    ///
    /// Calls have the further label `grpc_status`, as described at
    /// [`HttpMetricsBuilder::grpc`](super::HttpMetricsBuilder::grpc). A call without an answer is `DEADLINE_EXCEEDED` after
    /// a timeout, `CANCELLED` if it was dropped, and else `UNAVAILABLE`. `endpoint` is `/pkg.Service/Method`, or
    /// `unmatched` if the server answers `UNIMPLEMENTED`.
    ///
    /// ```
    /// use tonic::transport::Endpoint;
    /// use tower::Layer;
    /// use tower_vitals::ClientMetricsLayer;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let channel = Endpoint::from_static("http://127.0.0.1:50051").connect_lazy();
    /// let channel = ClientMetricsLayer::builder("carts").grpc().build().layer(channel);
    /// // let carts = CartsClient::new(channel);
    /// # }
    /// ```
    pub fn grpc(mut self) -> Self {
        self.config.protocol = Protocol::Both;
        self
    }

    /// Registers handles again after this time. Defaults to never; see
    /// [`HttpMetricsBuilder::reregister_after`](super::HttpMetricsBuilder::reregister_after).
    pub fn reregister_after(mut self, after: Duration) -> Self {
        self.config.reregister_after = Some(after);
        self
    }

    recorder_setter!(config.recorder);

    /// Builds the layer. No setting can be wrong, so this returns no error.
    pub fn build(self) -> ClientMetricsLayer {
        ClientMetricsLayer {
            state: LayerState::new(self.config),
        }
    }
}

impl<S> Layer<S> for ClientMetricsLayer {
    type Service = ClientMetrics<S>;

    fn layer(&self, inner: S) -> ClientMetrics<S> {
        ClientMetrics {
            inner,
            state: Arc::clone(&self.state),
        }
    }
}

/// The service of [`ClientMetricsLayer`].
#[derive(Debug, Clone)]
pub struct ClientMetrics<S> {
    pub(crate) inner: S,
    pub(crate) state: Arc<LayerState>,
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
        ClientResponseFuture {
            inner: ResponseFuture::begin(&self.state, request, CountBody::No, |request, _| {
                self.inner.call(request)
            }),
        }
    }
}

pin_project! {
    /// The future of [`ClientMetrics`].
    pub struct ClientResponseFuture<F> {
        #[pin]
        inner: ResponseFuture<F>,
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
        self.project().inner.poll_head(cx, |error: E| {
            let error = error.into();
            (outcome_of(&*error), error)
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
