//! `InClientSpan`: a future inside the span of a request that is sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use pin_project_lite::pin_project;

use super::observe::ClientSpan;

pin_project! {
    pub(crate) struct InClientSpan<F> {
        // An option, so that it can be dropped inside the span.
        #[pin]
        inner: Option<F>,
        span: Option<Arc<ClientSpan>>,
    }

    impl<F> PinnedDrop for InClientSpan<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.span.as_deref().map(ClientSpan::enter);
            this.inner.set(None);
        }
    }
}

impl<F> InClientSpan<F> {
    pub(crate) fn new((inner, span): (F, Option<Arc<ClientSpan>>)) -> Self {
        Self {
            inner: Some(inner),
            span,
        }
    }

    /// Polls the future inside the span. An answered future leaves the span to the response.
    #[inline]
    pub(crate) fn poll_with<T>(
        self: Pin<&mut Self>,
        poll: impl FnOnce(Pin<&mut F>) -> Poll<T>,
    ) -> Poll<T> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Pending;
        };
        let entered = this.span.as_deref().map(ClientSpan::enter);
        let polled = poll(inner);
        drop(entered);
        if polled.is_ready() {
            *this.span = None;
        }
        polled
    }
}
