//! `Observe`: a future whose outcome is recorded.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use metrics::{Counter, Histogram};
use pin_project_lite::pin_project;

use crate::measure::{Instant, RecordGuard, Recording};
use crate::recorder::LazyHandle;

/// How an observed operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    Failure,
    Cancelled,
    Panic,
}

impl Outcome {
    pub(super) const ALL: [Self; 4] = [Self::Success, Self::Failure, Self::Cancelled, Self::Panic];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Panic => "panic",
        }
    }
}

/// Records the end of an operation.
pub(super) trait Observer {
    fn ended(&self, outcome: Outcome, seconds: f64);
}

impl<P: Deref<Target: Observer>> Observer for P {
    fn ended(&self, outcome: Outcome, seconds: f64) {
        (**self).ended(outcome, seconds);
    }
}

/// Counts operations.
impl Observer for LazyHandle<Counter> {
    fn ended(&self, _outcome: Outcome, _seconds: f64) {
        self.record(|counter| counter.increment(1));
    }
}

/// Records the duration of operations.
impl Observer for LazyHandle<Histogram> {
    fn ended(&self, _outcome: Outcome, seconds: f64) {
        self.record(|histogram| histogram.record(seconds));
    }
}

/// An operation in progress. `None` once its end is recorded.
pub(super) struct Operation<O>(Option<O>);

impl<O: Observer> Recording for Operation<O> {
    type Outcome = Outcome;
    const DROPPED: Outcome = Outcome::Cancelled;

    fn is_armed(&self) -> bool {
        self.0.is_some()
    }

    #[inline]
    fn record(&mut self, outcome: Outcome, started: Instant) {
        if let Some(observer) = self.0.take() {
            observer.ended(outcome, started.nanos() as f64 / 1e9);
        }
    }
}

pin_project! {
    /// A future that reports its outcome to an observer.
    pub(super) struct Observed<F, O: Observer> {
        #[pin]
        inner: F,
        guard: RecordGuard<Operation<O>>,
    }
}

impl<F, O: Observer> Observed<F, O> {
    /// Starts the clock before `inner` is called.
    #[inline]
    pub(super) fn start(observer: O, inner: impl FnOnce() -> F) -> Self {
        let mut guard = RecordGuard::start(Operation(Some(observer)));
        Self {
            inner: guard.watch(Outcome::Panic, inner),
            guard,
        }
    }
}

impl<F, O, T, E> Future for Observed<F, O>
where
    F: Future<Output = Result<T, E>>,
    O: Observer,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let output = ready!(this.guard.watch(Outcome::Panic, || this.inner.poll(cx)));
        this.guard.finish(match output {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure,
        });
        Poll::Ready(output)
    }
}

pin_project! {
    /// The future of `observe`: it returns the output of the inner future and records its outcome.
    ///
    /// The duration is measured from the call of `observe`, not from the first poll.
    #[must_use = "a future that is not awaited is cancelled"]
    pub struct Observe<'a, F> {
        #[pin]
        observed: Observed<F, &'a (dyn Observer + Sync)>,
    }
}

impl<'a, F> Observe<'a, F> {
    #[inline]
    pub(super) fn new(observer: &'a (dyn Observer + Sync), future: F) -> Self {
        Self {
            observed: Observed::start(observer, || future),
        }
    }
}

impl<F, T, E> Future for Observe<'_, F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().observed.poll(cx)
    }
}

debug_fields!(Observe<'a, F> {});
