//! `EndpointRow`: one endpoint, or all of them.

use super::number::{push_exact, push_rounded, push_string};
use super::quantiles::Quantiles;
use super::totals::Totals;

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
    pub(super) values: Values,
}

/// The values of a row.
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

    /// Computes the values from the totals.
    pub(super) fn compute(&mut self, quantiles: &mut Quantiles, increases: &mut Vec<f64>) {
        let seconds = self.totals.increases(increases);
        if seconds <= 0.0 || increases.len() < BUCKETS {
            self.values = Values::default();
            return;
        }
        let requests = increases[REQUESTS];
        let rate = |column: usize| Some(increases[column] / seconds);
        self.values = Values {
            rate: rate(REQUESTS),
            classes: std::array::from_fn(|class| rate(CLASSES + class)),
            error_ratio: (requests > 0.0).then(|| increases[ERRORS] / requests),
            quantiles: quantiles.of(&increases[BUCKETS..]),
        };
    }

    /// Writes the text, and returns whether it is another one.
    pub(super) fn write(&mut self, scratch: &mut String) -> bool {
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
        let is_changed = self.text != *scratch;
        if is_changed {
            self.text.clone_from(scratch);
        }
        is_changed
    }
}
