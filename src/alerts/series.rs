//! `Series`: one series of a table.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use crate::exporter::{HistogramSnapshot, Labels, Value};

/// Marks a point that a snapshot lacked: the NaN by which Prometheus marks stale series.
pub(super) const ABSENT: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// The row of a series that the last snapshot lacked.
pub(super) const MISSING: usize = usize::MAX;

/// One series of a table.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) labels: Labels,
    /// Of a histogram: the ascending upper bounds of its buckets, the last of them `+Inf`. Those of a table share them if they can.
    pub(super) bounds: Option<Arc<[f64]>>,
    /// The first of its cells in each column: one for a number, or for each bucket and the sum.
    pub(super) cell: usize,
    /// Its place in the family of the last snapshot.
    pub(super) row: usize,
    /// From this time on each column has a point of it, of which none is less than the one before: the first and the last point of a
    /// window tell its increase.
    pub(super) steady_since: i64,
    /// From this time on each column has the same point of it.
    pub(super) same_since: i64,
}

impl Series {
    /// A series like `value`. `other` is one of its table.
    pub(super) fn new(
        labels: &Labels,
        value: &Value,
        cell: usize,
        row: usize,
        other: Option<&Self>,
    ) -> Self {
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
            row,
            steady_since: i64::MAX,
            same_since: i64::MAX,
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
    #[inline]
    pub(super) fn write(
        &mut self,
        time: i64,
        value: &Value,
        cells: &mut [f64],
        before: &[f64],
    ) -> bool {
        let (rises, is_same) = match (&self.bounds, value) {
            (None, Value::Counter(value) | Value::Gauge(value)) => {
                let (cell, value) = (self.cell, present(*value));
                cells[cell] = value;
                before.get(cell).map(|before| change(*before, value))
            }
            (Some(bounds), Value::Histogram(histogram)) if fit(bounds, histogram) => {
                let own = self.cells();
                let before = before.get(own.clone());
                write_histogram(histogram, &mut cells[own], before)
            }
            _ => return false,
        }
        .unwrap_or_default();
        if !rises {
            self.steady_since = time;
        }
        if !is_same {
            self.same_since = time;
        }
        true
    }
}

/// Returns whether the point rises from the one before, and whether it is the same. `None` if there is no column before.
fn write_histogram(
    histogram: &HistogramSnapshot,
    cells: &mut [f64],
    before: Option<&[f64]>,
) -> Option<(bool, bool)> {
    let (sum, counts) = cells.split_last_mut()?;
    for (cell, (_, count)) in counts.iter_mut().zip(&histogram.buckets) {
        *cell = *count as f64;
    }
    *sum = present(histogram.sum);
    let (sum_before, counts_before) = before?.split_last()?;
    let of_sum = change(*sum_before, *sum);
    // None of them is NaN, but for absent points. Without an end in the middle, the loop is faster.
    let pairs = counts_before.iter().zip(counts);
    Some(pairs.fold(of_sum, |(rises, is_same), (before, now)| {
        (rises & (*before <= *now), is_same & (*before == *now))
    }))
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

/// Whether a number rises: one was there before, and was not greater. NaN is neither greater nor less. And whether it is the same.
#[inline]
fn change(before: f64, now: f64) -> (bool, bool) {
    let is_less = now.partial_cmp(&before) == Some(Ordering::Less);
    (
        is_present(before) && !is_less,
        before.to_bits() == now.to_bits(),
    )
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
