//! [`ExemplarGate`].

use std::sync::Arc;

use super::bounds::seconds;
use super::coarse_clock::CoarseClock;
use super::sync::{AtomicU64, Ordering::Relaxed};

/// Takes the exemplars that a gate lets through.
pub(crate) trait ExemplarSink: Send + Sync {
    /// Neither waits nor allocates, because it runs on the recording path. It may record in turn, to any series.
    fn offer(&self, place: usize, value: f64);
}

/// Lets at most one value a second through to each place of an exemplar: a bucket, or a counter.
pub(crate) struct ExemplarGate<S: ?Sized> {
    clock: Arc<CoarseClock>,
    /// The time from which on a value passes, for each place.
    due: Box<[AtomicU64]>,
    sink: S,
}

/// Nanoseconds.
pub(crate) const EXEMPLAR_INTERVAL: u64 = 1_000_000_000;

impl<S: ExemplarSink> ExemplarGate<S> {
    pub(crate) fn new(clock: Arc<CoarseClock>, places: usize, sink: S) -> Self {
        Self {
            clock,
            due: (0..places).map(|_| AtomicU64::new(0)).collect(),
            sink,
        }
    }

    pub(crate) fn sink(&self) -> &S {
        &self.sink
    }
}

impl<S: ExemplarSink + ?Sized> ExemplarGate<S> {
    /// Offers a value that was recorded.
    #[inline]
    pub(crate) fn offer(&self, place: usize, value: f64) {
        if self.is_due(place) {
            self.offer_due(place, value);
        }
    }

    /// Offers a duration that was recorded.
    #[inline]
    pub(crate) fn offer_nanos(&self, place: usize, nanos: u64) {
        if self.is_due(place) {
            self.offer_due(place, seconds(nanos));
        }
    }

    #[inline]
    fn is_due(&self, place: usize) -> bool {
        let due = self.due.get(place);
        due.is_some_and(|due| due.load(Relaxed) <= self.clock.now())
    }

    #[cold]
    #[inline(never)]
    fn offer_due(&self, place: usize, value: f64) {
        let Some(due) = self.due.get(place) else {
            return;
        };
        let since = due.load(Relaxed);
        // The exact time, because after a late one the next value would pass too early.
        let now = self.clock.advance();
        let next = now.saturating_add(EXEMPLAR_INTERVAL);
        // One of several threads passes. It closes the gate before it offers, because the sink may record to this place.
        if since <= now && due.compare_exchange(since, next, Relaxed, Relaxed).is_ok() {
            self.sink.offer(place, value);
        }
    }
}
