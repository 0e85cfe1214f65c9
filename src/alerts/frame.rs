//! `Frame`: the columns of a table in a window.

use std::ops::Range;

use super::course::Course;
use super::edges::Edges;
use super::rise::Rise;
use super::series::is_present;
use super::span::Span;
use super::table::{Column, Table};
use super::window::Window;

/// The columns of a table in a window, which are the same for all series that a rule reads.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) window: Window,
    /// The length of the window.
    pub(super) seconds: f64,
    table: &'a Table,
    are_numbers: bool,
    courses: &'a [Course],
    from: usize,
    to: usize,
    /// The cells of the first and of the last column.
    first: &'a [f64],
    last: &'a [f64],
    last_time: i64,
    /// Series that are steady since then have a point in each column, of which there are two at least.
    steady_since: i64,
    /// Those of steady series.
    edges: Edges,
}

impl<'a> Frame<'a> {
    pub(super) fn new(table: &'a Table, window: Window) -> Self {
        let Range { start, end } = table.within(window);
        let last = end.checked_sub(1).and_then(|last| table.column(last));
        let mut frame = Self {
            window,
            seconds: window.seconds(),
            table,
            are_numbers: table.are_numbers(),
            courses: table.courses(),
            from: start,
            to: end,
            first: &[],
            last: &[],
            last_time: i64::MIN,
            steady_since: i64::MIN,
            edges: Edges::default(),
        };
        if let Some((first, last)) = table.column(start).zip(last) {
            (frame.first, frame.last) = (&first.cells, &last.cells);
            frame.last_time = last.time;
            let gaps = u32::try_from(end - start - 1).unwrap_or(u32::MAX);
            if gaps > 0 {
                frame.steady_since = first.time;
                frame.edges = table.edges(window, (first.time, last.time), gaps);
            }
        }
        frame
    }

    /// The first cell of a series.
    #[inline]
    fn cell(&self, series: usize) -> Option<usize> {
        if self.are_numbers {
            return Some(series);
        }
        self.table.series.get(series).map(|series| series.cell)
    }

    /// The last point of a counter or gauge.
    #[inline]
    pub(super) fn last(&self, series: usize) -> Option<(i64, f64)> {
        let cell = self.cell(series)?;
        match self.last.get(cell) {
            Some(last) if is_present(*last) => Some((self.last_time, *last)),
            _ => self.points(cell).next_back(),
        }
    }

    /// The time of the last point.
    pub(super) fn newest(&self, series: usize) -> Option<i64> {
        let last = self.points(self.cell(series)?).next_back();
        last.map(|(time, _)| time)
    }

    /// The increase of a counter. `None` for fewer than two points.
    #[inline]
    pub(super) fn rise(&self, series: usize) -> Option<Rise> {
        let cell = self.cell(series)?;
        let course = self.courses.get(series)?;
        self.rise_of(cell, self.is_steady(course, cell))
    }

    /// The points of a histogram. `None` for another series.
    #[inline]
    pub(super) fn histogram(&self, series: usize) -> Option<Distributions<'a, '_>> {
        let course = self.courses.get(series)?;
        let series = self.table.series.get(series)?;
        let is_steady = self.is_steady(course, series.cell);
        Some(Distributions {
            bounds: series.bounds.as_deref()?,
            cell: series.cell,
            is_steady,
            is_idle: is_steady && course.same_since <= self.steady_since,
            frame: self,
        })
    }

    /// Whether each column has a point of the series, and none is less than the one before.
    #[inline]
    fn is_steady(&self, course: &Course, cell: usize) -> bool {
        let last = self.last.get(cell);
        course.steady_since <= self.steady_since && last.is_some_and(|last| is_present(*last))
    }

    /// The increase of a cell.
    #[inline]
    fn rise_of(&self, cell: usize, is_steady: bool) -> Option<Rise> {
        if is_steady && let Some((first, last)) = self.first.get(cell).zip(self.last.get(cell)) {
            let measured = last - first;
            return Some(Rise::new(measured, || self.edges.factor(*first, measured)));
        }
        self.rise_of_points(cell)
    }

    #[inline(never)]
    fn rise_of_points(&self, cell: usize) -> Option<Rise> {
        let span = Span::of(self.points(cell))?;
        Some(span.rise(self.window))
    }

    fn points(&self, cell: usize) -> impl DoubleEndedIterator<Item = (i64, f64)> + use<'a> {
        let columns = self.table.columns(self.from..self.to);
        let point = move |column: &Column| (column.time, column.cells[cell]);
        columns.map(point).filter(|(_, value)| is_present(*value))
    }
}

/// The points of a histogram in a window.
pub(super) struct Distributions<'a, 'f> {
    /// Ascending upper bounds, the last of them `+Inf`.
    pub(super) bounds: &'a [f64],
    cell: usize,
    is_steady: bool,
    /// Whether all points are the same.
    pub(super) is_idle: bool,
    frame: &'f Frame<'a>,
}

impl Distributions<'_, '_> {
    /// The increase of the cumulative count of a bucket.
    #[inline]
    pub(super) fn bucket(&self, bucket: usize) -> Option<Rise> {
        self.frame.rise_of(self.cell + bucket, self.is_steady)
    }

    /// The increase of the sum of all samples.
    #[inline]
    pub(super) fn sum(&self) -> Option<Rise> {
        self.bucket(self.bounds.len())
    }

    /// The increase of the number of samples, which the bucket `+Inf` counts.
    #[inline]
    pub(super) fn count(&self) -> Option<Rise> {
        self.bucket(self.bounds.len().checked_sub(1)?)
    }

    /// Whether there are too few points for an increase.
    #[inline]
    pub(super) fn are_too_few(&self) -> bool {
        !self.is_steady && self.sum().is_none()
    }
}
