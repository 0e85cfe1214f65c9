//! `HttpMetrics`: the service around the service.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::RequestBody;
use super::future::{CountBody, ResponseFuture};
use super::layer::{CountRequestBody, PassThrough};
use super::shared::Shared;

/// The service that [`HttpMetricsLayer`](super::HttpMetricsLayer) makes.
#[derive(Clone)]
pub struct HttpMetrics<S, R = PassThrough> {
    inner: S,
    shared: Arc<Shared>,
    _mode: R,
}

impl<S, R> HttpMetrics<S, R> {
    pub(crate) fn new(inner: S, shared: Arc<Shared>, mode: R) -> Self {
        Self {
            inner,
            shared,
            _mode: mode,
        }
    }

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

impl<S: fmt::Debug, R> fmt::Debug for HttpMetrics<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpMetrics")
            .field("inner", &self.inner)
            .field("config", self.shared.config())
            .finish_non_exhaustive()
    }
}

impl<S, B, C> Service<Request<B>> for HttpMetrics<S, PassThrough>
where
    S: Service<Request<B>, Response = Response<C>>,
    C: Body,
{
    type Response = Response<super::ResponseBody<C>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        ResponseFuture::begin(&self.shared, request, CountBody::No, |request, _| {
            self.inner.call(request)
        })
    }
}

impl<S, B, C> Service<Request<B>> for HttpMetrics<S, CountRequestBody>
where
    S: Service<Request<RequestBody<B>>, Response = Response<C>>,
    C: Body,
{
    type Response = Response<super::ResponseBody<C>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ResponseFuture::begin(&self.shared, request, CountBody::Yes, |request, bytes| {
            let request = request.map(|body| RequestBody::new(body, bytes));
            self.inner.call(request)
        })
    }
}
