//! `Observe`: a future whose end is recorded.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::measure::{Instant, RecordGuard, Recording};

/// How what was observed ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Success,
    Failure,
    Cancelled,
    Panic,
}

impl Ended {
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

/// Who writes down the end of what was observed.
pub(super) trait Ends {
    fn end(&self, ended: Ended, nanos: u64);
}

impl<T: Ends + ?Sized> Ends for &T {
    fn end(&self, ended: Ended, nanos: u64) {
        (**self).end(ended, nanos);
    }
}

impl<T: Ends + ?Sized> Ends for Arc<T> {
    fn end(&self, ended: Ended, nanos: u64) {
        (**self).end(ended, nanos);
    }
}

/// Something under way, until its end is told.
pub(super) struct Call<E> {
    ends: Option<E>,
}

impl<E: Ends> Recording for Call<E> {
    type Outcome = Ended;
    const DROPPED: Ended = Ended::Cancelled;

    fn is_armed(&self) -> bool {
        self.ends.is_some()
    }

    #[inline]
    fn record(&mut self, ended: Ended, started: Instant) {
        if let Some(ends) = self.ends.take() {
            ends.end(ended, started.nanos());
        }
    }
}

pin_project! {
    /// A future that tells `ends` how it ended.
    pub(super) struct Timed<F, E: Ends> {
        #[pin]
        inner: F,
        guard: RecordGuard<Call<E>>,
    }
}

impl<F, E: Ends> Timed<F, E> {
    /// Its time begins now.
    #[inline]
    pub(super) fn begin(ends: E, inner: impl FnOnce() -> F) -> Self {
        let mut guard = RecordGuard::start(Call { ends: Some(ends) });
        Self {
            inner: guard.watch(Ended::Panic, inner),
            guard,
        }
    }
}

impl<F, E, T, X> Future for Timed<F, E>
where
    F: Future<Output = Result<T, X>>,
    E: Ends,
{
    type Output = Result<T, X>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let output = ready!(this.guard.watch(Ended::Panic, || this.inner.poll(cx)));
        this.guard.finish(match output {
            Ok(_) => Ended::Success,
            Err(_) => Ended::Failure,
        });
        Poll::Ready(output)
    }
}

pin_project! {
    /// The future that `observe` makes: the same output, and its end is recorded, whatever ends it.
    ///
    /// The time begins with `observe`, not with the first poll.
    #[must_use = "a future that is not awaited is cancelled"]
    pub struct Observe<'a, F> {
        #[pin]
        timed: Timed<F, &'a (dyn Ends + Sync)>,
    }
}

impl<'a, F> Observe<'a, F> {
    #[inline]
    pub(super) fn begin(ends: &'a (dyn Ends + Sync), future: F) -> Self {
        Self {
            timed: Timed::begin(ends, || future),
        }
    }
}

impl<F, T, X> Future for Observe<'_, F>
where
    F: Future<Output = Result<T, X>>,
{
    type Output = Result<T, X>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().timed.poll(cx)
    }
}

impl<F> fmt::Debug for Observe<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observe").finish_non_exhaustive()
    }
}
