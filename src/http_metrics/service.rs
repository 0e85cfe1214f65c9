//! `HttpMetrics`: the service that the layer wraps around another.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::{RequestBody, ResponseBody};
use super::response_future::{CountBody, ResponseFuture};
use super::state_handle::StateHandle;

/// Marker of a layer that passes request bodies on unchanged. The default.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct PassThrough;

/// Marker of a layer that wraps request bodies to measure them; see
/// [`request_body_size`](super::HttpMetricsBuilder::request_body_size).
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct CountRequestBody;

/// The service of [`HttpMetricsLayer`](super::HttpMetricsLayer).
#[derive(Debug, Clone)]
pub struct HttpMetrics<S, R = PassThrough> {
    inner: S,
    state: StateHandle,
    _mode: R,
}

impl<S, R> HttpMetrics<S, R> {
    pub(crate) fn new(inner: S, state: StateHandle, mode: R) -> Self {
        Self {
            inner,
            state,
            _mode: mode,
        }
    }

    inner_service_accessors!(inner: S);
}

impl<S, B, C> Service<Request<B>> for HttpMetrics<S, PassThrough>
where
    S: Service<Request<B>, Response = Response<C>>,
    C: Body,
{
    type Response = Response<ResponseBody<C>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        ResponseFuture::begin(&self.state, request, CountBody::No, |request, _| {
            self.inner.call(request)
        })
    }
}

impl<S, B, C> Service<Request<B>> for HttpMetrics<S, CountRequestBody>
where
    S: Service<Request<RequestBody<B>>, Response = Response<C>>,
    C: Body,
{
    type Response = Response<ResponseBody<C>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ResponseFuture::begin(&self.state, request, CountBody::Yes, |request, bytes| {
            let request = request.map(|body| RequestBody::new(body, bytes));
            self.inner.call(request)
        })
    }
}
