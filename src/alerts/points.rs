//! `Points`: the points of one series, oldest first.

use std::ops::Range;

use super::series::Series;
use super::span::Span;
use super::table::Table;
use super::window::Window;

/// A signal cannot read points of this kind.
pub(super) struct WrongKind(pub(super) &'static str);

/// The value of one series. `None` for too few points.
pub(super) type Read<T> = Result<Option<T>, WrongKind>;

/// The points of one series with their times in milliseconds since 1970, which ascend.
#[derive(Clone, Copy)]
pub(super) struct Points<'a> {
    pub(super) table: &'a Table,
    pub(super) series: &'a Series,
}

impl<'a> Points<'a> {
    /// The last point of a counter or gauge in a window.
    pub(super) fn last(self, window: Window) -> Read<(i64, f64)> {
        self.check_numbers()?;
        let within = self.table.within(window);
        Ok(self.table.points(self.series.cell, within).next_back())
    }

    /// The change of a counter in a window.
    pub(super) fn span(self, window: Window) -> Read<Span> {
        self.check_numbers()?;
        let within = self.table.within(window);
        let is_steady = self.table.is_steady(self.series, &within);
        Ok(self.table.span(self.series.cell, within, is_steady))
    }

    /// The points of a histogram in a window.
    pub(super) fn histogram(self, window: Window) -> Result<Distributions<'a>, WrongKind> {
        let bounds = self.series.bounds.as_deref();
        let bounds = bounds.ok_or(WrongKind("counter or gauge"))?;
        let within = self.table.within(window);
        Ok(Distributions {
            bounds,
            is_steady: self.table.is_steady(self.series, &within),
            within,
            points: self,
        })
    }

    /// Fails for the points of a histogram.
    pub(super) fn check_numbers(self) -> Result<(), WrongKind> {
        match self.series.bounds {
            None => Ok(()),
            Some(_) => Err(WrongKind("histogram")),
        }
    }

    /// The time of the last point that is not later than `now`.
    pub(super) fn newest_until(self, now: i64) -> Option<i64> {
        let window = Window {
            start: i64::MIN,
            end: now,
        };
        let within = self.table.within(window);
        let newest = self.table.points(self.series.cell, within).next_back();
        newest.map(|(time, _)| time)
    }
}

/// The points of a histogram in a window.
pub(super) struct Distributions<'a> {
    /// Ascending upper bounds, the last of them `+Inf`.
    pub(super) bounds: &'a [f64],
    points: Points<'a>,
    within: Range<usize>,
    is_steady: bool,
}

impl Distributions<'_> {
    /// The change of the cumulative count of a bucket.
    pub(super) fn bucket(&self, bucket: usize) -> Option<Span> {
        let cell = self.points.series.cell + bucket;
        let table = self.points.table;
        table.span(cell, self.within.clone(), self.is_steady)
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
