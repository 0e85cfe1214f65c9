//! `EndpointRow`: one endpoint, or all of them.

use super::number::{push_exact, push_rounded, push_string};
use super::times::Times;
use super::totals::Totals;
use crate::exporter::HistogramSnapshot;

/// The columns of [`Totals`] before those of the buckets.
pub(super) const REQUESTS: usize = 0;
/// Those of the classes 2xx to 5xx follow each other.
pub(super) const CLASSES: usize = 1;
pub(super) const ERRORS: usize = 5;
pub(super) const BUCKETS: usize = 6;

/// The requests of one endpoint within the window.
#[derive(Default)]
pub(super) struct EndpointRow {
    /// `["GET","/users/{id}"`
    pub(super) key: String,
    pub(super) totals: Totals,
    pub(super) in_flight: Option<f64>,
    /// The row as viewers have it.
    pub(super) text: String,
    /// Whether the text is new in this frame.
    pub(super) is_changed: bool,
    /// Whether a series of this row was there in this frame, and in the last one.
    pub(super) is_seen: bool,
    pub(super) is_shown: bool,
    pub(super) values: Values,
}

/// What a row shows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Values {
    /// All are `None` until a second frame.
    pub(super) rate: Option<f64>,
    pub(super) classes: [Option<f64>; 4],
    pub(super) error_ratio: Option<f64>,
    /// p50, p95 and p99.
    pub(super) quantiles: [Option<f64>; 3],
}

impl EndpointRow {
    pub(super) fn new(method: &str, endpoint: &str) -> Self {
        let mut key = String::from("[");
        push_string(&mut key, method);
        key.push(',');
        push_string(&mut key, endpoint);
        Self {
            key,
            ..Self::default()
        }
    }

    /// Computes the values from the totals. `buckets` has the bounds, and its counts are replaced.
    pub(super) fn compute(
        &mut self,
        times: &Times,
        buckets: &mut HistogramSnapshot,
        scratch: &mut Vec<f64>,
    ) {
        let seconds = times.seconds();
        self.totals.increases(times, scratch);
        if seconds <= 0.0 || scratch.len() < BUCKETS {
            self.values = Values::default();
            return;
        }
        let requests = scratch[REQUESTS];
        let rate = |column: usize| Some(scratch[column] / seconds);
        self.values = Values {
            rate: rate(REQUESTS),
            classes: std::array::from_fn(|class| rate(CLASSES + class)),
            error_ratio: (requests > 0.0).then(|| scratch[ERRORS] / requests),
            quantiles: quantiles(buckets, &scratch[BUCKETS..]),
        };
    }

    /// Writes the text, and notes whether it is another one.
    pub(super) fn write(&mut self, scratch: &mut String) {
        let values = &self.values;
        scratch.clear();
        scratch.push_str(&self.key);
        let numbers = [values.rate, values.error_ratio];
        for number in numbers.into_iter().chain(values.quantiles) {
            scratch.push(',');
            push_rounded(scratch, number);
        }
        scratch.push(',');
        push_exact(scratch, self.in_flight);
        for number in values.classes {
            scratch.push(',');
            push_rounded(scratch, number);
        }
        scratch.push(']');
        self.is_changed = self.text != *scratch;
        if self.is_changed {
            self.text.clone_from(scratch);
        }
    }
}

/// Returns p50, p95 and p99 of cumulative counts, as `histogram_quantile` of `PromQL`.
pub(super) fn quantiles(buckets: &mut HistogramSnapshot, counts: &[f64]) -> [Option<f64>; 3] {
    if counts.last().is_none_or(|count| *count <= 0.0) {
        return [None; 3];
    }
    for (bucket, count) in buckets.buckets.iter_mut().zip(counts) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is a difference of counts"
        )]
        let count = *count as u64;
        bucket.1 = count;
    }
    [0.5, 0.95, 0.99].map(|q| buckets.quantile(q))
}
