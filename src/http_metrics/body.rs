//! The bodies that the services wrap around the inner ones.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::outcome::Outcome;
use super::record::{RequestBytes, Sending};
use crate::measure::RecordGuard;

/// Stands for an unknown length, in the eight bytes that an `Option` would double.
pub(crate) const UNKNOWN_LENGTH: u64 = u64::MAX;

pin_project! {
    /// The response body of [`HttpMetrics`](super::HttpMetrics) and [`ClientMetrics`](super::ClientMetrics), which
    /// records how the inner body ends.
    pub struct ResponseBody<B> {
        #[pin]
        pub(crate) inner: B,
        pub(crate) guard: RecordGuard<Sending>,
        pub(crate) remaining: u64,
    }
}

impl<B> ResponseBody<B> {
    /// `remaining` is the length of the body in bytes, or [`UNKNOWN_LENGTH`].
    #[inline]
    pub(crate) fn new(inner: B, guard: RecordGuard<Sending>, remaining: u64) -> Self {
        Self {
            inner,
            guard,
            remaining,
        }
    }

    /// Returns a reference to the inner body.
    pub fn get_ref(&self) -> &B {
        &self.inner
    }
}

/// A body that ends before its announced length is an error, because no server can send it as a complete response.
#[inline]
fn ended(remaining: u64) -> Outcome {
    match remaining {
        0 | UNKNOWN_LENGTH => Outcome::Complete,
        _ => Outcome::BodyError,
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let guard = this.guard;
        // The end is already recorded.
        if !guard.is_armed() {
            return this.inner.poll_frame(cx);
        }
        let polled = ready!(guard.watch(Outcome::Panic, || this.inner.as_mut().poll_frame(cx)));
        match &polled {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    let bytes = data.remaining() as u64;
                    guard.recording().add_bytes(bytes);
                    if *this.remaining != UNKNOWN_LENGTH {
                        *this.remaining = this.remaining.saturating_sub(bytes);
                    }
                } else if let Some(trailers) = frame.trailers_ref() {
                    guard.recording().on_trailers(trailers);
                }
                if frame.is_trailers() || *this.remaining == 0 || this.inner.is_end_stream() {
                    guard.finish(ended(*this.remaining));
                }
            }
            Some(Err(_)) => guard.finish(Outcome::BodyError),
            None => guard.finish(ended(*this.remaining)),
        }
        Poll::Ready(polled)
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

impl<B: Default> Default for ResponseBody<B> {
    /// A body that records nothing, for services that create empty responses.
    fn default() -> Self {
        Self::new(
            B::default(),
            RecordGuard::start(Sending::default()),
            UNKNOWN_LENGTH,
        )
    }
}

impl<B: fmt::Debug> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The request body that the inner service receives under
    /// [`request_body_size`](super::HttpMetricsBuilder::request_body_size). Counts the bytes read of the inner body.
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        bytes: Option<Arc<RequestBytes>>,
    }
}

impl<B> RequestBody<B> {
    pub(crate) fn new(inner: B, bytes: Option<Arc<RequestBytes>>) -> Self {
        Self { inner, bytes }
    }

    /// Returns a reference to the inner body.
    pub fn get_ref(&self) -> &B {
        &self.inner
    }
}

impl<B: Body> Body for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let polled = ready!(this.inner.poll_frame(cx));
        if let (Some(Ok(frame)), Some(bytes)) = (&polled, this.bytes)
            && let Some(data) = frame.data_ref()
        {
            bytes.add(data.remaining() as u64);
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: Default> Default for RequestBody<B> {
    fn default() -> Self {
        Self::new(B::default(), None)
    }
}

impl<B: fmt::Debug> fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
