//! `Series`: one series of a table.

use std::cmp::Ordering;
use std::ops::Range;

use crate::exporter::{HistogramSnapshot, Labels, Value};

/// Marks a point that a snapshot lacked: the NaN by which Prometheus marks stale series.
pub(super) const ABSENT: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// The row of a series that the last snapshot lacked.
pub(super) const MISSING: usize = usize::MAX;

/// One series of a table.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) labels: Labels,
    /// Of a histogram: the ascending upper bounds of its buckets, the last of them `+Inf`.
    pub(super) bounds: Option<Box<[f64]>>,
    /// The first of its cells in each column: one for a number, or for each bucket and the sum.
    pub(super) cell: usize,
    /// Its place in the family of the last snapshot.
    pub(super) row: usize,
    /// From this time on each column has a point of it, of which none is less than the one before: the first and the last point of a
    /// window tell its increase.
    pub(super) steady_since: i64,
}

impl Series {
    /// A series like `value`.
    pub(super) fn new(labels: &Labels, value: &Value, cell: usize, row: usize) -> Self {
        let bounds = |histogram: &HistogramSnapshot| {
            let bounds = histogram.buckets.iter().map(|(bound, _)| *bound);
            bounds.collect()
        };
        Self {
            labels: labels.clone(),
            bounds: value.as_histogram().map(bounds),
            cell,
            row,
            steady_since: i64::MAX,
        }
    }

    /// The number of its cells.
    pub(super) fn width(&self) -> usize {
        self.bounds.as_ref().map_or(1, |bounds| bounds.len() + 1)
    }

    pub(super) fn cells(&self) -> Range<usize> {
        self.cell..self.cell + self.width()
    }

    /// Writes a point to the cells of a new column. `before` are those of the last one, if there is any. Returns whether the value is
    /// of the series' kind, and has its bounds.
    pub(super) fn write(
        &mut self,
        time: i64,
        value: &Value,
        cells: &mut [f64],
        before: &[f64],
    ) -> bool {
        let rises = match (&self.bounds, value) {
            (None, Value::Counter(value) | Value::Gauge(value)) => {
                let (cell, value) = (self.cell, present(*value));
                cells[cell] = value;
                before.get(cell).is_some_and(|before| rises(*before, value))
            }
            (Some(bounds), Value::Histogram(histogram)) if fit(bounds, histogram) => {
                let counts = histogram.buckets.iter().map(|(_, count)| *count as f64);
                let numbers = counts.chain([present(histogram.sum)]);
                let own = self.cells();
                let before = before.get(own.clone());
                for (cell, number) in cells[own.clone()].iter_mut().zip(numbers) {
                    *cell = number;
                }
                before.is_some_and(|before| {
                    let mut pairs = before.iter().zip(&cells[own]);
                    pairs.all(|(before, now)| rises(*before, *now))
                })
            }
            _ => return false,
        };
        if !rises {
            self.steady_since = time;
        }
        true
    }
}

#[inline]
pub(super) fn is_present(value: f64) -> bool {
    value.to_bits() != ABSENT.to_bits()
}

fn fit(bounds: &[f64], histogram: &HistogramSnapshot) -> bool {
    let buckets = histogram.buckets.iter();
    let own = bounds.iter().map(|bound| bound.to_bits());
    own.eq(buckets.map(|(bound, _)| bound.to_bits()))
}

/// A number of which none was there before, or which is not less. NaN is not less.
fn rises(before: f64, now: f64) -> bool {
    is_present(before) && now.partial_cmp(&before) != Some(Ordering::Less)
}

/// The value as a point. The mark of absent points becomes the usual NaN.
fn present(value: f64) -> f64 {
    if value.to_bits() == ABSENT.to_bits() {
        f64::NAN
    } else {
        value
    }
}
