//! `HttpService`: the service that `HttpLayer` wraps around another.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::http_body::HttpBody;
use super::http_future::HttpFuture;
use super::observe::Observers;
use super::response_future::ResponseFuture;
use super::state_handle::StateHandle;
use super::templates::Templates;

/// The service of [`HttpLayer`](super::HttpLayer), [`RequestLogLayer`](super::RequestLogLayer),
/// [`ServerSpanLayer`](super::ServerSpanLayer) and `RequestIdLayer`.
#[derive(Clone)]
pub struct HttpService<S> {
    inner: S,
    metrics: Option<StateHandle>,
    observers: Arc<Observers>,
    templates: Arc<Templates>,
}

impl<S> HttpService<S> {
    pub(crate) fn new(
        inner: S,
        metrics: Option<StateHandle>,
        observers: &Arc<Observers>,
        templates: &Arc<Templates>,
    ) -> Self {
        Self {
            inner,
            metrics,
            observers: Arc::clone(observers),
            templates: Arc::clone(templates),
        }
    }

    /// A service without metrics.
    pub(crate) fn observing(inner: S, observers: Observers) -> Self {
        Self {
            inner,
            metrics: None,
            observers: Arc::new(observers),
            templates: Arc::new(Templates::new(None)),
        }
    }

    inner_service_accessors!(inner: S);
}

impl<S: fmt::Debug> fmt::Debug for HttpService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, B, C> Service<Request<B>> for HttpService<S>
where
    S: Service<Request<B>, Response = Response<C>>,
    C: Body,
{
    type Response = Response<HttpBody<C>>;
    type Error = S::Error;
    type Future = HttpFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (future, observation) = ResponseFuture::begin_observed(
            self.metrics.as_deref(),
            &self.observers,
            &self.templates,
            request,
            |request| self.inner.call(request),
        );
        HttpFuture::new(future, observation)
    }
}
