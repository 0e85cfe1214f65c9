//! `Course`: the points of a series, as far as a window need not read them.

/// The row of a series that the last snapshot lacked.
pub(super) const MISSING: usize = usize::MAX;

/// The points of a series, as far as a window need not read them. Those of a table stand close together, apart from the labels of their
/// series, because memory that is read in each evaluation is its greatest cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course {
    /// The place of the series in the family of the last snapshot.
    pub(super) row: usize,
    /// From this time on each column has a point of it, of which none is less than the one before: the first and the last point of a
    /// window tell its increase.
    pub(super) steady_since: i64,
    /// From this time on each column has the same point of it.
    pub(super) same_since: i64,
}

/// A point beside the one before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Step {
    /// There was one, and it was not greater. NaN is neither greater nor less.
    pub(super) rises: bool,
    pub(super) is_same: bool,
}

impl Course {
    /// No points yet.
    pub(super) fn new(row: usize) -> Self {
        Self {
            row,
            steady_since: i64::MAX,
            same_since: i64::MAX,
        }
    }

    #[inline]
    pub(super) fn note(&mut self, time: i64, step: Step) {
        if !step.rises {
            self.steady_since = time;
        }
        if !step.is_same {
            self.same_since = time;
        }
    }
}
