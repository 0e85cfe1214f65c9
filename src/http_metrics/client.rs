//! `ClientMetricsLayer`: outbound calls, by the same guard and the same cache.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use metrics::Recorder;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::body::ResponseBody;
use super::config::Config;
use super::future::{CountBody, ResponseFuture};
use super::naming::Naming;
use super::outcome::{Outcome, Side};
use super::shared::Shared;

type BoxError = Box<dyn StdError + Send + Sync>;

/// A [`tower::Layer`](tower_layer::Layer) that measures the requests an HTTP client sends.
///
/// Recorded, once per request, at the end of the response's body or wherever it ended sooner:
///
/// | metric | |
/// |---|---|
/// | `external_api_requests_total{service, endpoint, status}` | `status` is the code, or `error` or `timeout` when no response came |
/// | `external_api_duration_seconds{service}` | seconds, from the call to the end of the response's body |
///
/// `timeout` is an error that says so (an [`io::ErrorKind::TimedOut`] or the words of tower's, tokio's or hyper's
/// timeouts anywhere in its chain of sources), and a call that its caller dropped before it was answered: that is how a
/// timeout further out ends it. Everything else that is no response is `error`.
///
/// A request is seen from its `call` on: what waits for the client to be ready, or fails there, is not recorded.
///
/// `endpoint` is `unmatched` until [`endpoint`](Self::endpoint) names it: a path would be a series each.
///
/// Like tower's own timeout and limits, the service's error is the boxed one.
///
/// ```
/// use hyper_util::{client::legacy::Client, rt::TokioExecutor};
/// use http_body_util::Empty;
/// use tower::ServiceBuilder;
/// use tower_vitals::ClientMetricsLayer;
///
/// let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&'static [u8]>>();
/// let stripe = ServiceBuilder::new()
///     .layer(ClientMetricsLayer::service("stripe").endpoint(|parts| match parts.uri.path() {
///         path if path.starts_with("/v1/charges") => Some("/v1/charges"),
///         _ => None,
///     }))
///     .service(client);
/// ```
#[derive(Clone)]
#[must_use]
pub struct ClientMetricsLayer {
    shared: Arc<Shared>,
}

impl ClientMetricsLayer {
    /// Measures calls to `service`: the label's value, one per layer.
    pub fn service(service: impl Into<Cow<'static, str>>) -> Self {
        let mut config = Config::new(Side::Client, Naming::external_api());
        config.service = Some(service.into());
        Self {
            shared: Shared::new(config),
        }
    }

    fn with(self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.shared.config().clone();
        change(&mut config);
        Self {
            shared: Shared::new(config),
        }
    }

    /// Names a request's endpoint. Defaults to none: `unmatched`.
    pub fn endpoint<T: Into<Cow<'static, str>>>(
        self,
        endpoint: impl Fn(&Parts) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.set_endpoint(endpoint))
    }

    /// How many endpoints are told apart; those that come later are counted under `other`. Defaults to 1000.
    pub fn max_endpoints(self, max: usize) -> Self {
        self.with(|config| config.max_endpoints = max)
    }

    /// Registers handles again once they are this old. Defaults to never; see
    /// [`HttpMetricsLayer::reregister_after`](super::HttpMetricsLayer::reregister_after).
    pub fn reregister_after(self, after: Duration) -> Self {
        self.with(|config| config.reregister_after = Some(after))
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        self.with(|config| config.set_recorder(recorder))
    }
}

impl fmt::Debug for ClientMetricsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientMetricsLayer")
            .field("service", &self.shared.config().service)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ClientMetricsLayer {
    type Service = ClientMetrics<S>;

    fn layer(&self, inner: S) -> ClientMetrics<S> {
        ClientMetrics {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}

/// The service that [`ClientMetricsLayer`] makes.
#[derive(Clone)]
pub struct ClientMetrics<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> ClientMetrics<S> {
    /// The service inside.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service inside; what is called on it is not recorded.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service inside, by itself.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: fmt::Debug> fmt::Debug for ClientMetrics<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientMetrics")
            .field("inner", &self.inner)
            .field("service", &self.shared.config().service)
            .finish_non_exhaustive()
    }
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
            inner: ResponseFuture::begin(&self.shared, request, CountBody::No, |request, _| {
                BoxErr {
                    inner: self.inner.call(request),
                }
            }),
        }
    }
}

pin_project! {
    /// The future of [`ClientMetrics`].
    pub struct ClientResponseFuture<F> {
        #[pin]
        inner: ResponseFuture<BoxErr<F>>,
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
        self.project().inner.poll_head(cx, |error: &BoxError| {
            if is_timeout(&**error) {
                Outcome::TimedOut
            } else {
                Outcome::ServiceError
            }
        })
    }
}

impl<F> fmt::Debug for ClientResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientResponseFuture")
            .finish_non_exhaustive()
    }
}

pin_project! {
    struct BoxErr<F> {
        #[pin]
        inner: F,
    }
}

impl<F, T, E> Future for BoxErr<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx).map_err(Into::into)
    }
}

/// The types of others' timeout errors would each cost their crate, so beside the standard library's kind it is their
/// words that tell: tower "request timed out", hyper-util and reqwest "operation timed out", tokio "deadline has elapsed".
fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    let is_one = |error: &(dyn StdError + 'static)| {
        let kind = error.downcast_ref().map(io::Error::kind);
        kind == Some(io::ErrorKind::TimedOut) || {
            let words = error.to_string();
            words.contains("timed out") || words.contains("deadline has elapsed")
        }
    };
    std::iter::successors(Some(error), |error| next(*error)).any(is_one)
}

/// What an error came from: an [`io::Error`] that wraps another names that one's source as its own.
fn next<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let wrapped = error.downcast_ref().and_then(io::Error::get_ref);
    wrapped.map_or_else(|| error.source(), |wrapped| Some(wrapped))
}
