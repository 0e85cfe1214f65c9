//! `Frame`: the columns of a table in a window.

use std::ops::Range;

use super::series::{Series, is_present};
use super::span::Span;
use super::table::{Column, Table};
use super::window::Window;

/// A signal cannot read a series of this kind.
pub(super) struct WrongKind(pub(super) &'static str);

/// The value of one series. `None` for too few points.
pub(super) type Read<T> = Result<Option<T>, WrongKind>;

/// The columns of a table in a window, which are the same for all series that a rule reads.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) window: Window,
    table: &'a Table,
    from: usize,
    to: usize,
    ends: Option<(&'a Column, &'a Column)>,
}

impl<'a> Frame<'a> {
    pub(super) fn new(table: &'a Table, window: Window) -> Self {
        let Range { start, end } = table.within(window);
        let last = end.checked_sub(1).and_then(|last| table.column(last));
        Self {
            window,
            table,
            from: start,
            to: end,
            ends: table.column(start).zip(last),
        }
    }

    /// The last point of a counter or gauge.
    #[inline]
    pub(super) fn last(self, series: &Series) -> Read<(i64, f64)> {
        check_numbers(series)?;
        if let Some((_, last)) = self.ends
            && is_present(last.cells[series.cell])
        {
            return Ok(Some((last.time, last.cells[series.cell])));
        }
        Ok(self.points(series.cell).next_back())
    }

    /// The time of the last point.
    pub(super) fn newest(self, series: &Series) -> Option<i64> {
        self.points(series.cell).next_back().map(|(time, _)| time)
    }

    /// The change of a counter.
    #[inline]
    pub(super) fn span(self, series: &Series) -> Read<Span> {
        check_numbers(series)?;
        Ok(self.change(series.cell, self.is_steady(series)))
    }

    /// The points of a histogram.
    pub(super) fn histogram(self, series: &'a Series) -> Result<Distributions<'a>, WrongKind> {
        let bounds = series.bounds.as_deref();
        Ok(Distributions {
            bounds: bounds.ok_or(WrongKind("counter or gauge"))?,
            cell: series.cell,
            is_steady: self.is_steady(series),
            frame: self,
        })
    }

    /// Whether each column has a point of the series, and none is less than the one before.
    #[inline]
    fn is_steady(self, series: &Series) -> bool {
        self.ends.is_some_and(|(first, last)| {
            series.steady_since <= first.time && is_present(last.cells[series.cell])
        })
    }

    /// The change of a cell. `None` for fewer than two points.
    #[inline]
    fn change(self, cell: usize, is_steady: bool) -> Option<Span> {
        if !is_steady {
            return Span::of(self.points(cell));
        }
        let (first, last) = self.ends?;
        let point = |column: &Column| (column.time, column.cells[cell]);
        Span::rising(point(first), point(last), self.to - self.from - 1)
    }

    fn points(self, cell: usize) -> impl DoubleEndedIterator<Item = (i64, f64)> {
        let columns = self.table.columns(self.from..self.to);
        let point = move |column: &Column| (column.time, column.cells[cell]);
        columns.map(point).filter(|(_, value)| is_present(*value))
    }
}

/// The points of a histogram in a window.
pub(super) struct Distributions<'a> {
    /// Ascending upper bounds, the last of them `+Inf`.
    pub(super) bounds: &'a [f64],
    cell: usize,
    is_steady: bool,
    frame: Frame<'a>,
}

impl Distributions<'_> {
    /// The change of the cumulative count of a bucket.
    #[inline]
    pub(super) fn bucket(&self, bucket: usize) -> Option<Span> {
        self.frame.change(self.cell + bucket, self.is_steady)
    }

    /// The change of the sum of all samples.
    pub(super) fn sum(&self) -> Option<Span> {
        self.bucket(self.bounds.len())
    }

    /// The change of the number of samples, which the bucket `+Inf` counts.
    pub(super) fn count(&self) -> Option<Span> {
        self.bucket(self.bounds.len().checked_sub(1)?)
    }

    /// Whether there are too few points for a change.
    pub(super) fn are_too_few(&self) -> bool {
        self.sum().is_none()
    }
}

/// Fails for a histogram.
#[inline]
pub(super) fn check_numbers(series: &Series) -> Result<(), WrongKind> {
    match series.bounds {
        None => Ok(()),
        Some(_) => Err(WrongKind("histogram")),
    }
}
