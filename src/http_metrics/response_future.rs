//! `ResponseFuture`: from the request to the response head.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;

use super::body::{ResponseBody, UNKNOWN_LENGTH};
use super::ending::Ending;
use super::head::{Head, NoBody};
use super::layer_state::LayerState;
use super::mark::Mark;
use super::observe::{ClientSpan, Observation, Observers, RequestHead};
use super::outcome::Outcome;
use super::record::{Pending, RequestBytes, UNTIL_END};
use super::series::Series;
use super::templates::Templates;
use crate::measure::{Instant, RecordGuard};
use crate::trace_context;

pin_project! {
    /// The future of [`HttpMetrics`](super::HttpMetrics).
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        guard: RecordGuard<Pending>,
        request_bytes: Option<Arc<RequestBytes>>,
        no_body: NoBody,
    }
}

/// Whether to count the bytes of the request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CountBody {
    No,
    Yes,
}

impl<F> ResponseFuture<F> {
    /// Starts to record `request` and passes it to the service with `call`, together with a counter for the bytes of its
    /// body if they are to be counted.
    ///
    /// A request is large, so it is moved into its parts only if they are needed: for the user's functions, for a new
    /// series, or for layers around each other. That path is not inlined, to keep the other one small.
    #[inline]
    pub(crate) fn begin<B>(
        state: &Arc<LayerState>,
        request: Request<B>,
        count_body: CountBody,
        call: impl FnOnce(Request<B>, Option<Arc<RequestBytes>>) -> F,
    ) -> Self {
        let started = Instant::now();
        match state.known_series(&request) {
            Some(series) => {
                let pending = Pending::begin(Some(series));
                Self::call(pending, started, request, count_body, call)
            }
            None => Self::begin_with_parts(state, started, request, count_body, call),
        }
    }

    #[inline(never)]
    fn begin_with_parts<B>(
        state: &Arc<LayerState>,
        started: Instant,
        request: Request<B>,
        count_body: CountBody,
        call: impl FnOnce(Request<B>, Option<Arc<RequestBytes>>) -> F,
    ) -> Self {
        let (mut parts, body) = request.into_parts();
        let pending = Self::pending(state, &mut parts);
        let request = Request::from_parts(parts, body);
        Self::call(pending, started, request, count_body, call)
    }

    /// Starts to record and to observe `request`, and passes it to the service with `call`, inside the request's span.
    pub(crate) fn begin_observed<B>(
        metrics: Option<&Arc<LayerState>>,
        observers: &Arc<Observers>,
        templates: &Templates,
        mut request: Request<B>,
        call: impl FnOnce(Request<B>) -> F,
    ) -> (Self, Option<Arc<Observation>>) {
        let started = Instant::now();
        let id = observers.identify(&mut request);
        let mut measured = None;
        if let Some(state) = metrics {
            measured = state.known_series(&request);
            if measured.is_none() {
                (measured, request) = Self::new_series(state, request);
            }
        }
        let head = RequestHead::of(&request);
        let endpoint = measured.as_ref().map(|series| series.endpoint());
        let observation = Observation::begin(observers, &head, id, endpoint.as_deref());
        let series = match &observation {
            Some(observation) if observation.awaits_end() => {
                let observer = Arc::clone(observation) as _;
                Some(templates.observed(&head, measured, observer))
            }
            _ => measured,
        };
        if let Some(observation) = &observation {
            observation.mark(request.extensions_mut());
        }
        let pending = Pending::begin(series);
        let future = Self::call(pending, started, request, CountBody::No, |request, _| {
            let _entered = observation.as_deref().map(Observation::enter);
            call(request)
        });
        (future, observation)
    }

    /// Starts to record a request that is sent, and to trace it: `call` gets it with the headers of the trace, inside its span.
    pub(crate) fn begin_traced<B>(
        state: &Arc<LayerState>,
        templates: &Templates,
        mut request: Request<B>,
        call: impl FnOnce(Request<B>) -> F,
    ) -> (Self, Option<Arc<ClientSpan>>) {
        let started = Instant::now();
        let mut measured = state.known_series(&request);
        if measured.is_none() {
            (measured, request) = Self::new_series(state, request);
        }
        let head = RequestHead::of(&request);
        let endpoint = measured.as_ref().map(|series| series.endpoint());
        let span = ClientSpan::begin(&head, endpoint.as_deref());
        let series = match &span {
            Some(span) => Some(templates.observed(&head, measured, Arc::clone(span) as _)),
            None => measured,
        };
        match &span {
            Some(span) => span.inject(request.headers_mut()),
            None => trace_context::inject_current(request.headers_mut()),
        }
        let pending = Pending::begin(series);
        let future = Self::call(pending, started, request, CountBody::No, |request, _| {
            let _entered = span.as_deref().map(ClientSpan::enter);
            call(request)
        });
        (future, span)
    }

    /// The series of a request that has no known one. Not inlined, because a request is large and is moved here.
    #[inline(never)]
    fn new_series<B>(
        state: &Arc<LayerState>,
        request: Request<B>,
    ) -> (Option<Arc<Series>>, Request<B>) {
        let (mut parts, body) = request.into_parts();
        let series = Self::series(state, &mut parts);
        (series, Request::from_parts(parts, body))
    }

    #[inline]
    fn pending(state: &Arc<LayerState>, parts: &mut Parts) -> Pending {
        Pending::begin(Self::series(state, parts))
    }

    #[inline]
    fn series(state: &Arc<LayerState>, parts: &mut Parts) -> Option<Arc<Series>> {
        let group = state.group();
        let has_marks = group.is_some_and(|group| group.has_marks());
        if let Some(group) = group
            && has_marks
            && let Some(mark) = Mark::find(&parts.extensions, group)
        {
            group.set_nested();
            mark.report(state, parts);
            return None;
        }
        let found = state.series(parts)?;
        if let Some(group) = group
            && (found.is_new || has_marks)
            && group.marks(found.is_new)
        {
            return Some(Mark::put(&mut parts.extensions, state, group, &found));
        }
        Some(found.series)
    }

    #[inline]
    fn call<B>(
        pending: Pending,
        started: Instant,
        request: Request<B>,
        count_body: CountBody,
        call: impl FnOnce(Request<B>, Option<Arc<RequestBytes>>) -> F,
    ) -> Self {
        let no_body = NoBody::of(request.method());
        let mut guard = RecordGuard::since(started, pending);
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

    /// Polls to the response head. `classify` maps an error and returns how the request ended.
    #[inline]
    pub(crate) fn poll_head<B: Body, E, M>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        classify: impl FnOnce(E) -> (Outcome, M),
    ) -> Poll<Result<Response<ResponseBody<B>>, M>>
    where
        F: Future<Output = Result<Response<B>, E>>,
    {
        let this = self.project();
        let guard = this.guard;
        match guard.watch(Outcome::Panic, || this.inner.poll(cx)) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(response)) => {
                let (parts, body) = response.into_parts();
                let mut head = Head::of(&parts, &body, *this.no_body);
                let is_skipped = head.has_skip_metrics && guard.recording().allows_skip();
                let (ending, nanos) = if guard.recording().reads_head() {
                    if guard.recording().awaits_trailers(&parts) {
                        head.is_complete = body.is_end_stream();
                        head.remaining = UNKNOWN_LENGTH;
                    }
                    let started = guard.started();
                    let read = guard
                        .watch_with(Outcome::Panic, |pending| pending.read_head(&parts, started));
                    if !is_skipped {
                        guard.recording().decide(&parts);
                    }
                    read
                } else {
                    (Ending::new(parts.status.as_u16()), UNTIL_END)
                };
                if let Some(bytes) = this.request_bytes.take() {
                    bytes.set_skipped(is_skipped);
                }
                let next = |pending: &mut Pending| pending.on_head(ending, nanos, is_skipped);
                let mut sending = guard.hand_over(next);
                if head.is_complete {
                    sending.finish(Outcome::Complete);
                }
                let body = ResponseBody::new(body, sending, head.remaining);
                Poll::Ready(Ok(Response::from_parts(parts, body)))
            }
            Poll::Ready(Err(error)) => {
                let (outcome, error) = guard.watch(Outcome::Panic, || classify(error));
                guard.finish(outcome);
                Poll::Ready(Err(error))
            }
        }
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
        self.poll_head(cx, |error| (Outcome::ServiceError, error))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
