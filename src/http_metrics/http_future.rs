//! `HttpFuture`: from the request to the response head, inside the request's span.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::http_body::HttpBody;
use super::observe::Observation;
use super::response_future::ResponseFuture;

pin_project! {
    /// The future of [`HttpService`](super::HttpService).
    pub struct HttpFuture<F> {
        // An option, so that it can be dropped inside the span.
        #[pin]
        inner: Option<ResponseFuture<F>>,
        observation: Option<Arc<Observation>>,
    }

    impl<F> PinnedDrop for HttpFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.observation.as_deref().map(Observation::enter);
            this.inner.set(None);
        }
    }
}

impl<F> HttpFuture<F> {
    pub(crate) fn new(inner: ResponseFuture<F>, observation: Option<Arc<Observation>>) -> Self {
        Self {
            inner: Some(inner),
            observation,
        }
    }
}

impl<F, B, E> Future for HttpFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<HttpBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let entered = this.observation.as_deref().map(Observation::enter);
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Pending;
        };
        let answered = ready!(inner.poll(cx));
        drop(entered);
        let observation = this.observation.take();
        Poll::Ready(answered.map(|mut response| {
            if let Some(observation) = &observation {
                observation.answer(&mut response);
            }
            response.map(|body| HttpBody::new(body, observation))
        }))
    }
}

impl<F> fmt::Debug for HttpFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFuture").finish_non_exhaustive()
    }
}
