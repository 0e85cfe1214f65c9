//! `Series`: one series of a table.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use super::course::Step;
use crate::exporter::{HistogramSnapshot, Labels, Value};

/// Marks a point that a snapshot lacked: the NaN by which Prometheus marks stale series.
pub(super) const ABSENT: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// One series of a table.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) labels: Labels,
    /// Of a histogram: the ascending upper bounds of its buckets, the last of them `+Inf`. Those of a table share them if they can.
    pub(super) bounds: Option<Arc<[f64]>>,
    /// The first of its cells in each column: one for a number, or for each bucket and the sum.
    pub(super) cell: usize,
}

impl Series {
    /// A series like `value`. `other` is one of its table.
    pub(super) fn new(labels: &Labels, value: &Value, cell: usize, other: Option<&Self>) -> Self {
        let known = other.and_then(|other| other.bounds.as_ref());
        let bounds = |histogram: &HistogramSnapshot| {
            let bounds = histogram.buckets.iter().map(|(bound, _)| *bound);
            let known = known.filter(|known| fit(known, histogram));
            known.map_or_else(|| bounds.collect(), Arc::clone)
        };
        Self {
            labels: labels.clone(),
            bounds: value.as_histogram().map(bounds),
            cell,
        }
    }

    /// The number of its cells.
    pub(super) fn width(&self) -> usize {
        self.bounds.as_ref().map_or(1, |bounds| bounds.len() + 1)
    }

    pub(super) fn cells(&self) -> Range<usize> {
        self.cell..self.cell + self.width()
    }

    /// Writes a point to the cells of a new column. `before` are those of the last one, if there is any. `None` if the value is not of
    /// the series' kind, or has other bounds.
    pub(super) fn write(&self, value: &Value, cells: &mut [f64], before: &[f64]) -> Option<Step> {
        match (&self.bounds, value) {
            (None, Value::Counter(value) | Value::Gauge(value)) => {
                let before = before.get(self.cell);
                Some(write_number(*value, &mut cells[self.cell], before))
            }
            (Some(bounds), Value::Histogram(histogram)) if fit(bounds, histogram) => {
                let own = self.cells();
                let before = before.get(own.clone());
                let step = write_histogram(histogram, &mut cells[own], before);
                Some(step.unwrap_or_default())
            }
            _ => None,
        }
    }
}

/// Writes a point, beside the one before, if there is a column before.
#[inline]
pub(super) fn write_number(number: f64, cell: &mut f64, before: Option<&f64>) -> Step {
    *cell = present(number);
    before.map_or_else(Step::default, |before| step(*before, *cell))
}

/// `None` if there is no column before.
#[allow(
    clippy::needless_bitwise_bool,
    clippy::float_cmp,
    reason = "the loop has no branch, and compares counts with themselves"
)]
fn write_histogram(
    histogram: &HistogramSnapshot,
    cells: &mut [f64],
    before: Option<&[f64]>,
) -> Option<Step> {
    let (sum, counts) = cells.split_last_mut()?;
    for (cell, (_, count)) in counts.iter_mut().zip(&histogram.buckets) {
        *cell = *count as f64;
    }
    *sum = present(histogram.sum);
    let (sum_before, counts_before) = before?.split_last()?;
    // None of them is NaN, but for absent points. Without an end in the middle, the loop is faster.
    let pairs = counts_before.iter().zip(counts);
    Some(
        pairs.fold(step(*sum_before, *sum), |all, (before, now)| Step {
            rises: all.rises & (*before <= *now),
            is_same: all.is_same & (*before == *now),
        }),
    )
}

#[inline]
pub(super) fn is_present(value: f64) -> bool {
    value.to_bits() != ABSENT.to_bits()
}

fn fit(bounds: &[f64], histogram: &HistogramSnapshot) -> bool {
    let own = bounds.iter().zip(&histogram.buckets);
    let differ = own.fold(0, |differ, (own, (bound, _))| {
        differ | (own.to_bits() ^ bound.to_bits())
    });
    differ == 0 && bounds.len() == histogram.buckets.len()
}

#[inline]
fn step(before: f64, now: f64) -> Step {
    let is_less = now.partial_cmp(&before) == Some(Ordering::Less);
    Step {
        rises: is_present(before) && !is_less,
        is_same: before.to_bits() == now.to_bits(),
    }
}

/// The value as a point. The mark of absent points becomes the usual NaN.
#[inline]
fn present(value: f64) -> f64 {
    if value.to_bits() == ABSENT.to_bits() {
        f64::NAN
    } else {
        value
    }
}
