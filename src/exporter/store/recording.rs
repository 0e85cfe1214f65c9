//! What the facade's handles do: a handle is the series itself.

use std::sync::atomic::Ordering;

use metrics::{CounterFn, GaugeFn, HistogramFn};

use super::family_info::Shape;
use super::stored_series::{Cells, StoredSeries};

impl CounterFn for StoredSeries {
    #[inline]
    fn increment(&self, value: u64) {
        match &self.cells {
            Cells::Counter(cells) => cells.add(value),
            Cells::FloatCounter(cell) => cell.add(value as f64),
            Cells::Gauge(_) | Cells::Histogram(_) | Cells::NativeHistogram(_) => return,
        }
        if let Some(exemplars) = &self.exemplars
            && value > 0
        {
            exemplars.offer(0, value as f64);
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
                if let Some(exemplars) = &self.exemplars
                    && value > 0.0
                {
                    exemplars.offer(0, value);
                }
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
                let bucket = cells.record(value);
                if let Some(exemplars) = &self.exemplars {
                    exemplars.offer(bucket, value);
                }
            }
            Cells::NativeHistogram(cells) if value.is_finite() => {
                cells.record(value);
                self.offer_sample(value);
            }
            _ => self.drop_samples(1),
        }
    }

    fn record_many(&self, value: f64, count: usize) {
        let count = count as u64;
        match &self.cells {
            Cells::Histogram(cells) if value.is_finite() => {
                let bucket = cells.record_many(value, count);
                if let Some(exemplars) = self.exemplars.as_ref().filter(|_| count > 0) {
                    exemplars.offer(bucket, value);
                }
            }
            Cells::NativeHistogram(cells) if value.is_finite() => {
                cells.record_many(value, count);
                if count > 0 {
                    self.offer_sample(value);
                }
            }
            _ => self.drop_samples(count),
        }
    }
}

impl StoredSeries {
    /// Offers a sample of a native histogram as the exemplar of its classic bucket.
    #[inline]
    fn offer_sample(&self, value: f64) {
        if let Some(exemplars) = &self.exemplars
            && let Shape::Histogram(buckets) = &self.family.shape
        {
            exemplars.offer(buckets.bounds.index(value), value);
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
