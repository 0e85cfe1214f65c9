//! `ResponseFuture`: from the request to the response's head.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::CONTENT_LENGTH;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use super::body::{ResponseBody, UNKNOWN_LENGTH};
use super::outcome::Outcome;
use super::record::{Pending, RequestBytes, UNTIL_END};
use super::series::Series;
use super::shared::Shared;
use crate::measure::{Guard, Instant};

/// Put into a response's extensions, leaves its request out of what
/// [`HttpMetricsLayer`](super::HttpMetricsLayer) records, the gauge of requests in flight aside. To
/// [`ClientMetricsLayer`](super::ClientMetricsLayer) it means nothing.
///
/// In axum it is a response part:
///
/// ```
/// use tower_vitals::http_metrics::SkipMetrics;
///
/// async fn robots() -> (SkipMetrics, &'static str) {
///     (SkipMetrics, "User-agent: *")
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SkipMetrics;

pin_project! {
    /// The future of [`HttpMetrics`](super::HttpMetrics).
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        guard: Guard<Pending>,
        request_bytes: Option<Arc<RequestBytes>>,
        no_body: NoBody,
    }
}

/// Which responses to a method end at their head whatever their body says (RFC 9110, sections 9.3.2 and 9.3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoBody {
    /// By their status alone.
    ByStatus,
    /// All: the request was a HEAD.
    Always,
    /// Successful ones: the request was a CONNECT.
    OnSuccess,
}

#[inline]
fn has_no_body(method: &Method) -> NoBody {
    match *method {
        Method::HEAD => NoBody::Always,
        Method::CONNECT => NoBody::OnSuccess,
        _ => NoBody::ByStatus,
    }
}

impl NoBody {
    /// 1xx (an upgrade among them), 204 and 304 have no body (RFC 9110, section 6.4.1).
    #[inline]
    fn holds_for(self, status: StatusCode) -> bool {
        self == Self::Always
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
            || status.is_informational()
            || (self == Self::OnSuccess && status.is_success())
    }
}

/// Whether the bytes of a request's body are to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CountBody {
    No,
    Yes,
}

impl<F> ResponseFuture<F> {
    /// Begins to record `request` and hands it to the service by `call`, with a counter of its body's bytes if one is
    /// wanted.
    ///
    /// A request is large, so it stays in its place, but where it must be taken apart to be shown to the user's
    /// functions; that way is not inlined, so as not to burden the other.
    #[inline]
    pub(crate) fn begin<B>(
        shared: &Shared,
        request: Request<B>,
        count_body: CountBody,
        call: impl FnOnce(Request<B>, Option<Arc<RequestBytes>>) -> F,
    ) -> Self {
        let started = Instant::now();
        if shared.reads_parts() {
            Self::begin_by_parts(shared, started, request, count_body, call)
        } else {
            Self::call(
                Some(shared.series(&request)),
                started,
                request,
                count_body,
                call,
            )
        }
    }

    #[inline(never)]
    fn begin_by_parts<B>(
        shared: &Shared,
        started: Instant,
        request: Request<B>,
        count_body: CountBody,
        call: impl FnOnce(Request<B>, Option<Arc<RequestBytes>>) -> F,
    ) -> Self {
        let (parts, body) = request.into_parts();
        let series = shared.series_by_parts(&parts);
        Self::call(
            series,
            started,
            Request::from_parts(parts, body),
            count_body,
            call,
        )
    }

    #[inline]
    fn call<B>(
        series: Option<Arc<Series>>,
        started: Instant,
        request: Request<B>,
        count_body: CountBody,
        call: impl FnOnce(Request<B>, Option<Arc<RequestBytes>>) -> F,
    ) -> Self {
        let no_body = has_no_body(request.method());
        let mut guard = Guard::since(started, Pending::begin(series));
        let request_bytes = match count_body {
            CountBody::No => None,
            CountBody::Yes => guard.recording().count_request_bytes(),
        };
        let bytes = request_bytes.clone();
        Self {
            inner: guard.watch(Outcome::Panic, || call(request, bytes)),
            guard,
            request_bytes,
            no_body,
        }
    }

    /// Polls to the head; `failed` says what an error was.
    #[inline]
    pub(crate) fn poll_head<B: Body, E>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        failed: impl FnOnce(&E) -> Outcome,
    ) -> Poll<Result<Response<ResponseBody<B>>, E>>
    where
        F: Future<Output = Result<Response<B>, E>>,
    {
        let this = self.project();
        let guard = this.guard;
        match guard.watch(Outcome::Panic, || this.inner.poll(cx)) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(response)) => {
                let (parts, body) = response.into_parts();
                let head = Head::of(&parts, &body, *this.no_body);
                let is_skipped = head.asks_to_be_skipped && guard.recording().may_be_skipped();
                let nanos = if guard.recording().ends_at_head() {
                    guard.started().nanos()
                } else {
                    UNTIL_END
                };
                if let Some(bytes) = this.request_bytes.take() {
                    bytes.skip(is_skipped);
                }
                let next = |pending: &mut Pending| pending.head(parts.status, nanos, is_skipped);
                let mut sending = guard.hand_over(next);
                if head.is_complete {
                    sending.finish(Outcome::Complete);
                }
                let body = ResponseBody::new(body, sending, head.remaining);
                Poll::Ready(Ok(Response::from_parts(parts, body)))
            }
            Poll::Ready(Err(error)) => {
                guard.finish(failed(&error));
                Poll::Ready(Err(error))
            }
        }
    }
}

/// What a response's head says of the rest.
struct Head {
    asks_to_be_skipped: bool,
    is_complete: bool,
    /// How many bytes the body will have, where that is known. A server stops at the last of them and drops the body without
    /// asking for more, which is an end and no abort.
    remaining: u64,
}

impl Head {
    #[inline]
    fn of<B: Body>(parts: &http::response::Parts, body: &B, no_body: NoBody) -> Self {
        // Whoever knows its length need not be asked for its end.
        let exact = body.size_hint().exact();
        let (remaining, is_empty) = match exact {
            Some(length) => (length, length == 0),
            None => Self::of_unsized(parts, body.is_end_stream()),
        };
        Self {
            asks_to_be_skipped: parts.extensions.get::<SkipMetrics>().is_some(),
            is_complete: is_empty || no_body.holds_for(parts.status),
            remaining,
        }
    }

    /// By what its header says, if it says anything.
    fn of_unsized(parts: &http::response::Parts, is_end: bool) -> (u64, bool) {
        let length = parts.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let remaining = length.unwrap_or(UNKNOWN_LENGTH);
        (remaining, is_end || remaining == 0)
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_head(cx, |_| Outcome::ServiceError)
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
