//! [`HistogramCells`].

use std::sync::Arc;

use super::bounds::Bounds;
use super::float_cell::FloatCell;
use super::line::{add_alone, add_float_alone, at};
use super::own_cells::OwnCells;
use super::sync::{AtomicU64, Ordering::Relaxed};

/// A histogram. Its count is the sum of its buckets, so the two never differ.
pub(crate) struct HistogramCells {
    bounds: Arc<Bounds>,
    /// Samples per bucket, not cumulative.
    buckets: Box<[AtomicU64]>,
    sum: FloatCell,
    /// The sum's bits, then the buckets.
    own: OwnCells,
}

const SUM: usize = 0;
const BUCKETS: usize = 1;

impl HistogramCells {
    pub(crate) fn new(bounds: Arc<Bounds>) -> Self {
        let buckets = (0..bounds.buckets()).map(|_| AtomicU64::new(0)).collect();
        Self {
            bounds,
            buckets,
            sum: FloatCell::new(0.0),
            own: OwnCells::new(),
        }
    }

    /// The bucket of a finite sample.
    #[inline]
    pub(crate) fn bucket(&self, value: f64) -> usize {
        self.bounds.index(value)
    }

    #[cfg(test)]
    pub(crate) fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    #[cfg(test)]
    pub(crate) fn record_many(&self, value: f64, count: u64) {
        self.record_in(self.bucket(value), value * count as f64, count);
    }

    /// Records `count` finite samples of a bucket, and their sum.
    #[inline]
    pub(crate) fn record_in(&self, bucket: usize, sum: f64, count: u64) {
        match self.own.get() {
            Some(own) => {
                add_alone(at(own, BUCKETS + bucket), count, Relaxed);
                add_float_alone(at(own, SUM), sum);
            }
            None => self.record_shared(bucket, sum, count),
        }
    }

    #[cold]
    fn record_shared(&self, bucket: usize, sum: f64, count: u64) {
        let old = self.buckets[bucket].fetch_add(count, Relaxed);
        self.sum.add(sum);
        self.own
            .promote_if_due(old, count, BUCKETS + self.buckets.len());
    }

    /// Replaces `counts` by the samples per bucket, not cumulative, and gives the sum.
    pub(crate) fn read_into(&self, counts: &mut Vec<u64>) -> f64 {
        counts.clear();
        counts.extend(self.buckets.iter().map(|bucket| bucket.load(Relaxed)));
        let mut sum = self.sum.get();
        for own in self.own.all() {
            for (bucket, count) in counts.iter_mut().enumerate() {
                *count = count.wrapping_add(at(own, BUCKETS + bucket).load(Relaxed));
            }
            sum += f64::from_bits(at(own, SUM).load(Relaxed));
        }
        sum
    }

    /// Without the bounds, which the family's histograms share.
    #[cfg(test)]
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.buckets) + self.own.heap_bytes()
    }
}
