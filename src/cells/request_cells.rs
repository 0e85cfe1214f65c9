//! [`RequestCells`].

use std::sync::Arc;

use super::bounds::{Bounds, seconds};
use super::exemplar_gate::Gate;
use super::line::{add_alone, add_float, add_float_alone, at};
use super::own_cells::OwnCells;
use super::sync::{
    AtomicU64, OnceLock, Ordering,
    Ordering::{Acquire, Relaxed, Release},
};

/// Endings that have a cell here.
pub(crate) const ENDINGS: usize = 4;

/// The requests of one HTTP series: how many began, how they ended, and their durations.
///
/// A request may begin on one thread and end on another.
pub(crate) struct RequestCells {
    bounds: Arc<Bounds>,
    /// The ending slots in use.
    slots: AtomicU64,
    /// Requests that are no longer in progress and have no ending here.
    left: AtomicU64,
    /// Laid out as a thread's own cells: `STARTED`, `SECONDS` (the bits of an `f64`, because whole nanoseconds end after 584
    /// years, which 10,000 long streams reach in three weeks), the endings, the buckets.
    shared: Box<[AtomicU64]>,
    own: OwnCells,
    gates: Option<Box<Gates>>,
}

/// The gates of the series that show the cells.
struct Gates {
    durations: Gate,
    endings: [OnceLock<Gate>; ENDINGS],
}

impl Gates {
    #[inline]
    fn is_open(&self, ending_slot: usize, bucket: usize) -> bool {
        let ending = self.endings[ending_slot].get();
        self.durations.is_open(bucket) || ending.is_some_and(|counter| counter.is_open(0))
    }
}

/// How often a reader looks for a moment in which no request ends.
const READINGS: usize = 4;

const STARTED: usize = 0;
const SECONDS: usize = 1;
const FINISHED: usize = 2;
const BUCKETS: usize = FINISHED + ENDINGS;

impl RequestCells {
    pub(crate) fn new(bounds: Arc<Bounds>) -> Self {
        let shared = (0..BUCKETS + bounds.buckets())
            .map(|_| AtomicU64::new(0))
            .collect();
        Self {
            bounds,
            slots: AtomicU64::new(0),
            left: AtomicU64::new(0),
            shared,
            own: OwnCells::new(),
            gates: None,
        }
    }

    /// Offers the durations as exemplars to the gate of the histogram that shows them.
    pub(crate) fn with_exemplars(mut self, durations: Gate) -> Self {
        self.gates = Some(Box::new(Gates {
            durations,
            endings: std::array::from_fn(|_| OnceLock::new()),
        }));
        self
    }

    /// Offers the endings in a slot to the gate of the counter that shows them, if durations are offered.
    pub(crate) fn offer_endings(&self, ending_slot: usize, gate: Gate) {
        let endings = self.gates.as_ref().map(|gates| &gates.endings);
        if let Some(ending) = endings.and_then(|endings| endings.get(ending_slot)) {
            // A slot has one counter, so a gate that is there already is the same.
            ending.get_or_init(|| gate);
        }
    }

    /// Takes the next free ending slot, if there is one.
    pub(crate) fn take_slot(&self) -> Option<usize> {
        let slot = usize::try_from(self.slots.fetch_add(1, Relaxed)).ok();
        slot.filter(|slot| *slot < ENDINGS)
    }

    /// A request begins.
    #[inline]
    pub(crate) fn begin(&self) {
        // Release: a reader that sees this start sees the ends before it, so it does not count one request too many.
        match self.own.get() {
            Some(own) => add_alone(at(own, STARTED), 1, Release),
            None => self.add_shared(STARTED, Release),
        }
    }

    /// A request ends in one of `ENDINGS` ways, after `nanos`.
    #[expect(clippy::inline_always, reason = "a call costs 1 ns of 5")]
    #[inline(always)]
    pub(crate) fn end(&self, ending_slot: usize, nanos: u64) {
        if ending_slot >= ENDINGS {
            self.record_duration(nanos);
            self.leave();
            return;
        }
        let bucket = BUCKETS + self.bounds.index_of_nanos(nanos);
        match &self.gates {
            Some(gates) if gates.is_open(ending_slot, bucket - BUCKETS) => {
                self.end_with_exemplars(gates, ending_slot, bucket, nanos);
            }
            _ => self.add_end(ending_slot, bucket, nanos),
        }
    }

    #[expect(clippy::inline_always, reason = "a call costs 1 ns of 5")]
    #[inline(always)]
    fn add_end(&self, ending_slot: usize, bucket: usize, nanos: u64) {
        let finished = FINISHED + ending_slot;
        if let Some(own) = self.own.get() {
            add_alone(at(own, bucket), 1, Relaxed);
            add_float_alone(at(own, SECONDS), seconds(nanos));
            // Release: a reader that sees this end sees the start of the request, perhaps on another thread.
            add_alone(at(own, finished), 1, Release);
        } else {
            self.record_shared(bucket, nanos);
            self.add_shared(finished, Release);
        }
    }

    #[cold]
    #[inline(never)]
    fn end_with_exemplars(&self, gates: &Gates, ending_slot: usize, bucket: usize, nanos: u64) {
        self.add_end(ending_slot, bucket, nanos);
        gates
            .durations
            .offer_shown(bucket - BUCKETS, seconds(nanos));
        if let Some(counter) = gates.endings[ending_slot].get() {
            counter.offer_shown(0, 1.0);
        }
    }

    /// A request is no longer in progress, but its ending is counted elsewhere.
    pub(crate) fn leave(&self) {
        self.left.fetch_add(1, Release);
    }

    /// Records the duration of a request whose ending is counted elsewhere.
    pub(crate) fn record_duration(&self, nanos: u64) {
        let bucket = BUCKETS + self.bounds.index_of_nanos(nanos);
        if let Some(own) = self.own.get() {
            add_alone(at(own, bucket), 1, Relaxed);
            add_float_alone(at(own, SECONDS), seconds(nanos));
        } else {
            self.record_shared(bucket, nanos);
        }
        if let Some(gates) = &self.gates {
            gates
                .durations
                .offer_shown(bucket - BUCKETS, seconds(nanos));
        }
    }

    #[cold]
    fn record_shared(&self, bucket: usize, nanos: u64) {
        add_float(&self.shared[SECONDS], seconds(nanos));
        self.add_shared(bucket, Relaxed);
    }

    #[cold]
    fn add_shared(&self, cell: usize, order: Ordering) {
        let old = self.shared[cell].fetch_add(1, order);
        self.own.promote_if_due(old, 1, self.shared.len());
    }

    /// The requests that began and have neither finished nor left.
    pub(crate) fn in_progress(&self) -> f64 {
        let mut ended = self.ended();
        let (mut in_progress, mut least) = (0, u64::MAX);
        for _ in 0..READINGS {
            // Each request that `ended` counts is among the starts, which are read after it. So the difference is never negative.
            let started = self.sum(STARTED, Acquire);
            // Too high by the requests that began and ended meanwhile, as when the reader loses its processor.
            let ended_now = self.ended();
            let error = ended_now.wrapping_sub(ended);
            if error < least {
                (in_progress, least) = (started.saturating_sub(ended), error);
            }
            if error == 0 {
                break;
            }
            ended = ended_now;
        }
        in_progress as f64
    }

    /// A number that differs after each begin and each end.
    pub(crate) fn activity(&self) -> u64 {
        self.sum(STARTED, Relaxed).wrapping_add(self.ended())
    }

    // Acquire: pairs with the release of the ends.
    fn ended(&self) -> u64 {
        let finished = (0..ENDINGS).map(|slot| self.sum(FINISHED + slot, Acquire));
        finished.fold(self.left.load(Acquire), u64::wrapping_add)
    }

    /// The requests that ended in this way.
    pub(crate) fn finished(&self, ending_slot: usize) -> u64 {
        if ending_slot < ENDINGS {
            self.sum(FINISHED + ending_slot, Relaxed)
        } else {
            0
        }
    }

    fn sum(&self, cell: usize, order: Ordering) -> u64 {
        let shared = self.shared[cell].load(order);
        self.own.all().fold(shared, |sum, own| {
            sum.wrapping_add(at(own, cell).load(order))
        })
    }

    /// Replaces `counts` by the requests per bucket of their durations, not cumulative, and gives the sum in seconds.
    pub(crate) fn read_into(&self, counts: &mut Vec<u64>) -> f64 {
        counts.clear();
        counts.extend(
            self.shared[BUCKETS..]
                .iter()
                .map(|bucket| bucket.load(Relaxed)),
        );
        for own in self.own.all() {
            for (bucket, count) in counts.iter_mut().enumerate() {
                *count = count.wrapping_add(at(own, BUCKETS + bucket).load(Relaxed));
            }
        }
        let seconds = |cell: &AtomicU64| f64::from_bits(cell.load(Relaxed));
        let own = self.own.all().map(|own| seconds(at(own, SECONDS)));
        seconds(&self.shared[SECONDS]) + own.sum::<f64>()
    }

    /// Without the bounds, which the family's series share.
    #[cfg(test)]
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.shared) + self.own.heap_bytes()
    }
}
