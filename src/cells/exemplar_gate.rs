//! [`ExemplarGate`].

use std::sync::Arc;

use super::sync::{AtomicU64, Ordering::Relaxed};

/// Takes the values that a gate lets through.
pub(crate) trait ExemplarSink: Send + Sync {
    /// Closes the place of the gate, which is its own, and takes the value. It neither waits nor allocates, because it runs on the
    /// recording path. Once the place is closed, it may record in turn, to any series.
    fn offer(&self, gate: Gate, place: usize, value: f64);
}

/// Lets at most one value a second through to each place of an exemplar: a bucket, or a counter.
pub(crate) struct ExemplarGate<S: ?Sized> {
    /// A bit for each place. Further places share the bits.
    open: AtomicU64,
    sink: S,
}

pub(crate) type Gate = Arc<ExemplarGate<dyn ExemplarSink>>;

impl<S: ExemplarSink + 'static> ExemplarGate<S> {
    pub(crate) fn new(sink: S) -> Self {
        Self {
            open: AtomicU64::new(u64::MAX),
            sink,
        }
    }

    pub(crate) fn sink(&self) -> &S {
        &self.sink
    }

    /// Offers a value that was recorded, if the place is open.
    #[cold]
    pub(crate) fn offer(self: &Arc<Self>, place: usize, value: f64) {
        if self.is_open(place) {
            self.sink.offer(Arc::clone(self) as _, place, value);
        }
    }
}

impl ExemplarGate<dyn ExemplarSink> {
    /// Offers a value that was recorded, if the place is open.
    #[cold]
    pub(super) fn offer_shown(self: &Arc<Self>, place: usize, value: f64) {
        if self.is_open(place) {
            self.sink.offer(Arc::clone(self), place, value);
        }
    }

    /// Returns whether the place was open.
    pub(super) fn close(&self, place: usize) -> bool {
        let bit = bit(place);
        self.open.fetch_and(!bit, Relaxed) & bit != 0
    }

    pub(super) fn open(&self, place: usize) {
        self.open.fetch_or(bit(place), Relaxed);
    }
}

impl<S: ?Sized> ExemplarGate<S> {
    /// Whether the next value of a place is to be offered. A record asks first and has another path then, so that its usual path
    /// ends with the record.
    #[inline]
    pub(crate) fn is_open(&self, place: usize) -> bool {
        self.open.load(Relaxed) & bit(place) != 0
    }
}

#[inline]
fn bit(place: usize) -> u64 {
    1 << (place % u64::BITS as usize)
}
