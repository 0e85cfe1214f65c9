//! `Span`: the change of a counter.

use super::edges::Edges;
use super::rise::Rise;
use super::window::Window;

/// The change of a counter between two points or more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    first: (i64, f64),
    last: (i64, f64),
    /// The number of points after the first.
    gaps: u32,
    /// The sum of the values before resets.
    before_resets: f64,
}

impl Span {
    /// `None` for fewer than two points.
    pub(super) fn of(points: impl IntoIterator<Item = (i64, f64)>) -> Option<Self> {
        let mut points = points.into_iter();
        let first = points.next()?;
        let (mut last, mut gaps, mut before_resets) = (first, 0_u32, 0.0);
        for point in points {
            if point.1 < last.1 {
                before_resets += last.1;
            }
            last = point;
            gaps += 1;
        }
        (gaps > 0).then_some(Self {
            first,
            last,
            gaps,
            before_resets,
        })
    }

    /// The increase in a window that has no other points.
    pub(super) fn rise(self, window: Window) -> Rise {
        let (first, last) = (self.first, self.last);
        let measured = last.1 - first.1 + self.before_resets;
        Rise::new(measured, || {
            let edges = Edges::new(window, first.0, last.0, self.gaps);
            edges.factor(first.1, measured)
        })
    }
}
