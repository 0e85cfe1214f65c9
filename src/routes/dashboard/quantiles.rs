//! `Quantiles`: p50, p95 and p99 of samples in buckets.

use crate::exporter::HistogramSnapshot;

/// Computes the quantiles of increases, as `histogram_quantile` of `PromQL`.
#[derive(Default)]
pub(super) struct Quantiles {
    /// The bounds, and the counts of the last computation.
    histogram: HistogramSnapshot,
}

impl Quantiles {
    /// Sets the finite bounds.
    pub(super) fn set_bounds(&mut self, bounds: &[f64]) {
        if self.buckets() == bounds.len() + 1 {
            return;
        }
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        self.histogram.buckets = bounds.map(|bound| (bound, 0)).collect();
    }

    /// The number of buckets, with that above the bounds; zero before the bounds are known.
    pub(super) fn buckets(&self) -> usize {
        self.histogram.buckets.len()
    }

    /// Returns the quantiles of the samples in each bucket.
    pub(super) fn of(&mut self, counts: &[f64]) -> [Option<f64>; 3] {
        let mut below = 0.0;
        for (bucket, count) in self.histogram.buckets.iter_mut().zip(counts) {
            below += count;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is a sum of counts"
            )]
            let count = below as u64;
            bucket.1 = count;
        }
        if below <= 0.0 {
            return [None; 3];
        }
        [0.5, 0.95, 0.99].map(|q| self.histogram.quantile(q))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_has_no_quantiles() {
        let mut quantiles = Quantiles::default();
        quantiles.set_bounds(&[]);
        assert_eq!(quantiles.of(&[5.0]), [None; 3]);
        quantiles.set_bounds(&[1.0]);
        assert_eq!(quantiles.of(&[4.0, 0.0])[0], Some(0.5));
    }
}
