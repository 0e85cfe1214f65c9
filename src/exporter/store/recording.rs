//! What the facade's handles do: a handle is the series itself.

use std::sync::atomic::Ordering;

use metrics::{CounterFn, GaugeFn, HistogramFn};

use super::family_info::Shape;
use super::stored_series::{Cells, StoredSeries};

impl CounterFn for StoredSeries {
    #[inline]
    fn increment(&self, value: u64) {
        if self.is_open(0) {
            return self.increment_with_exemplar(value);
        }
        match &self.cells {
            Cells::Counter(cells) => cells.add(value),
            Cells::FloatCounter(cell) => cell.add(value as f64),
            Cells::Gauge(_) | Cells::Histogram(_) | Cells::NativeHistogram(_) => {}
        }
    }

    fn absolute(&self, value: u64) {
        match &self.cells {
            Cells::Counter(cells) => cells.raise_to(value),
            Cells::FloatCounter(cell) => cell.raise_to(value as f64),
            Cells::Gauge(_) | Cells::Histogram(_) | Cells::NativeHistogram(_) => {}
        }
        self.mark_set(value > 0);
    }
}

impl GaugeFn for StoredSeries {
    #[inline]
    fn increment(&self, value: f64) {
        match &self.cells {
            Cells::Gauge(cell) => cell.add(value),
            // A total that falls, or that is no number, is no counter for Prometheus.
            Cells::FloatCounter(cell) if value.is_finite() && value >= 0.0 => {
                cell.add(value);
                self.offer(0, value);
            }
            Cells::FloatCounter(_) => self.drop_samples(1),
            Cells::Counter(_) | Cells::Histogram(_) | Cells::NativeHistogram(_) => {}
        }
    }

    #[inline]
    fn decrement(&self, value: f64) {
        GaugeFn::increment(self, -value);
    }

    #[inline]
    fn set(&self, value: f64) {
        match &self.cells {
            Cells::Gauge(cell) => cell.set(value),
            Cells::FloatCounter(cell) if value.is_finite() => {
                cell.raise_to(value);
                self.mark_set(value > 0.0);
            }
            Cells::FloatCounter(_) => self.drop_samples(1),
            Cells::Counter(_) | Cells::Histogram(_) | Cells::NativeHistogram(_) => {}
        }
    }
}

impl HistogramFn for StoredSeries {
    #[inline]
    fn record(&self, value: f64) {
        match &self.cells {
            Cells::Histogram(cells) if value.is_finite() => {
                let bucket = cells.bucket(value);
                if self.is_open(bucket) {
                    return self.record_with_exemplar(bucket, value);
                }
                cells.record_in(bucket, value, 1);
            }
            Cells::NativeHistogram(cells) => {
                if self.exemplars.is_some() || !cells.record_fast(value) {
                    self.record_native(value);
                }
            }
            _ => self.drop_samples(1),
        }
    }

    #[inline(never)]
    fn record_many(&self, value: f64, count: usize) {
        let count = count as u64;
        match &self.cells {
            Cells::Histogram(cells) if value.is_finite() => {
                let bucket = cells.bucket(value);
                cells.record_in(bucket, value * count as f64, count);
                if count > 0 {
                    self.offer(bucket, value);
                }
            }
            Cells::NativeHistogram(cells) if value.is_finite() => {
                cells.record_many(value, count);
                if count > 0 {
                    self.offer(self.classic_bucket(value), value);
                }
            }
            _ => self.drop_samples(count),
        }
    }
}

impl StoredSeries {
    /// Whether the next value of a place becomes its exemplar. Asked before the record, so that a record without one ends with a
    /// tail call: it needs no stack frame, which would cost 0.6 ns of 2.6.
    #[inline]
    fn is_open(&self, place: usize) -> bool {
        let exemplars = self.exemplars.as_ref();
        exemplars.is_some_and(|gate| gate.is_open(place))
    }

    /// A record to a native histogram that has exemplars, or whose sample is none of those that are recorded fast.
    #[cold]
    #[inline(never)]
    fn record_native(&self, value: f64) {
        let Cells::NativeHistogram(cells) = &self.cells else {
            return;
        };
        let is_open = self.exemplars.is_some() && self.is_open(self.classic_bucket(value));
        if is_open || !cells.record_fast(value) {
            self.record_many(value, 1);
        }
    }

    /// Whose exemplar a sample of a native histogram may become.
    fn classic_bucket(&self, value: f64) -> usize {
        match &self.family.shape {
            Shape::Histogram(buckets) => buckets.bounds.index(value),
            _ => 0,
        }
    }

    #[inline]
    fn offer(&self, place: usize, value: f64) {
        let is_histogram = matches!(self.cells, Cells::Histogram(_) | Cells::NativeHistogram(_));
        if let Some(exemplars) = &self.exemplars
            && (value > 0.0 || is_histogram)
        {
            exemplars.offer(place, value);
        }
    }

    #[cold]
    #[inline(never)]
    fn increment_with_exemplar(&self, value: u64) {
        match &self.cells {
            Cells::Counter(cells) => cells.add(value),
            Cells::FloatCounter(cell) => cell.add(value as f64),
            Cells::Gauge(_) | Cells::Histogram(_) | Cells::NativeHistogram(_) => return,
        }
        self.offer(0, value as f64);
    }

    #[cold]
    #[inline(never)]
    fn record_with_exemplar(&self, bucket: usize, value: f64) {
        if let Cells::Histogram(cells) = &self.cells {
            cells.record_in(bucket, value, 1);
            self.offer(bucket, value);
        }
    }

    /// A sample that is not finite would make the sum useless for ever.
    #[cold]
    fn drop_samples(&self, count: u64) {
        self.family.drop_samples(count);
    }

    fn mark_set(&self, is_set: bool) {
        // Read first, because threads that only read share the cache line.
        if is_set && !self.was_set.load(Ordering::Relaxed) {
            self.was_set.store(true, Ordering::Relaxed);
        }
    }
}
