//! The layers to compare with: one that does nothing, one that wraps the body, and one that records the floor.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use tower::Service;

use crate::floor::Floor;

/// A service that passes everything through: the cost of any layer.
#[derive(Clone)]
pub(crate) struct Noop<S>(pub(crate) S);

impl<S: Service<R>, R> Service<R> for Noop<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}

/// A service that wraps the body, so that axum boxes it once more.
#[derive(Clone)]
pub(crate) struct Wrap<S>(pub(crate) S);

impl<S, B, C> Service<Request<B>> for Wrap<S>
where
    S: Service<Request<B>, Response = Response<C>>,
{
    type Response = Response<Wrapped<C>>;
    type Error = S::Error;
    type Future = futures_util::future::MapOk<S::Future, fn(Response<C>) -> Response<Wrapped<C>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        use futures_util::TryFutureExt;
        self.0
            .call(request)
            .map_ok(|response| response.map(|inner| Wrapped { inner }))
    }
}

pin_project_lite::pin_project! {
    pub(crate) struct Wrapped<C> { #[pin] inner: C }
}

impl<C: Body> Body for Wrapped<C> {
    type Data = C::Data;
    type Error = C::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<C::Data>, C::Error>>> {
        self.project().inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The least a layer can do: the floor's records around each request, with prebuilt handles. It looks up no route and
/// distinguishes no method, status or abort reason.
#[derive(Clone)]
pub(crate) struct Least<S> {
    pub(crate) inner: S,
    pub(crate) floor: &'static Floor,
}

/// Records once, at the end of the body or when it is dropped.
pub(crate) struct LeastGuard {
    floor: Option<&'static Floor>,
    started: quanta::Instant,
}

impl LeastGuard {
    #[inline]
    fn end(&mut self) {
        if let Some(floor) = self.floor.take() {
            end(floor, self.started);
        }
    }
}

#[inline(never)]
fn end(floor: &Floor, started: quanta::Instant) {
    floor.end(started);
}

impl Drop for LeastGuard {
    #[inline]
    fn drop(&mut self) {
        self.end();
    }
}

pin_project_lite::pin_project! {
    pub(crate) struct LeastFuture<F> { #[pin] inner: F, guard: LeastGuard }
}

pin_project_lite::pin_project! {
    pub(crate) struct LeastBody<C> { #[pin] inner: C, guard: LeastGuard }
}

impl<S, B, C> Service<Request<B>> for Least<S>
where
    S: Service<Request<B>, Response = Response<C>>,
{
    type Response = Response<LeastBody<C>>;
    type Error = S::Error;
    type Future = LeastFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let started = quanta::Instant::now();
        self.floor.in_progress.increment(1.0);
        LeastFuture {
            inner: self.inner.call(request),
            guard: LeastGuard {
                floor: Some(self.floor),
                started,
            },
        }
    }
}

impl<F, C, E> Future for LeastFuture<F>
where
    F: Future<Output = Result<Response<C>, E>>,
{
    type Output = Result<Response<LeastBody<C>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.inner.poll(cx).map_ok(|response| {
            let (parts, inner) = response.into_parts();
            let guard = LeastGuard {
                floor: this.guard.floor.take(),
                started: this.guard.started,
            };
            Response::from_parts(parts, LeastBody { inner, guard })
        })
    }
}

impl<C: Body> Body for LeastBody<C> {
    type Data = C::Data;
    type Error = C::Error;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<C::Data>, C::Error>>> {
        let this = self.project();
        let polled = this.inner.poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) {
            this.guard.end();
        }
        polled
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    #[inline]
    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
