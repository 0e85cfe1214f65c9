//! `HttpBody`: the response body, inside the request's span.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::body::ResponseBody;
use super::observe::Observation;

pin_project! {
    /// The response body of [`HttpService`](super::HttpService).
    pub struct HttpBody<B> {
        // An option, so that it can be dropped inside the span.
        #[pin]
        inner: Option<ResponseBody<B>>,
        observation: Option<Arc<Observation>>,
        // Whether the body's guard knows the end of the request.
        is_guarded: bool,
    }

    impl<B> PinnedDrop for HttpBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.observation.as_deref().map(Observation::enter);
            this.inner.set(None);
        }
    }
}

impl<B> HttpBody<B> {
    pub(crate) fn new(inner: ResponseBody<B>, observation: Option<Arc<Observation>>) -> Self {
        let has_end = |observation: &Arc<Observation>| observation.awaits_end();
        let is_guarded = inner.guard.is_armed() || observation.as_ref().is_some_and(has_end);
        Self {
            // The span ends with the request.
            observation: observation.filter(|_| inner.guard.is_armed() || !is_guarded),
            inner: Some(inner),
            is_guarded,
        }
    }

    /// Returns a reference to the inner body.
    pub fn get_ref(&self) -> Option<&B> {
        self.inner.as_ref().map(ResponseBody::get_ref)
    }
}

impl<B: Body> Body for HttpBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let Some(mut inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(None);
        };
        let entered = this.observation.as_deref().map(Observation::enter);
        let frame = ready!(inner.as_mut().poll_frame(cx));
        drop(entered);
        if this.observation.is_some() {
            let is_over = if *this.is_guarded {
                !inner.guard.is_armed()
            } else {
                !matches!(frame, Some(Ok(_))) || inner.is_end_stream()
            };
            if is_over {
                *this.observation = None;
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.inner.as_ref();
        inner.map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B: Default> Default for HttpBody<B> {
    /// A body that records nothing, for services that create empty responses.
    fn default() -> Self {
        Self::new(ResponseBody::default(), None)
    }
}

impl<B: fmt::Debug> fmt::Debug for HttpBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBody")
            .field("inner", &self.get_ref())
            .finish_non_exhaustive()
    }
}
