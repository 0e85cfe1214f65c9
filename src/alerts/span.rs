//! `Span`: the change of a counter.

/// The change of a counter between two points or more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) first: (i64, f64),
    pub(super) last: (i64, f64),
    /// The number of points after the first.
    pub(super) gaps: u32,
    /// The sum of the values before resets.
    pub(super) before_resets: f64,
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

    /// Of points of which none is less than the one before. `None` for fewer than two points.
    #[inline]
    pub(super) fn rising(first: (i64, f64), last: (i64, f64), gaps: usize) -> Option<Self> {
        let gaps = u32::try_from(gaps).unwrap_or(u32::MAX);
        (gaps > 0).then_some(Self {
            first,
            last,
            gaps,
            before_resets: 0.0,
        })
    }
}
