//! `Edges`: the parts of a window that the points of a series do not reach.

use super::window::{Window, seconds};

/// The points of a series in a window, by their times: all series with points at the same times have it in common.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Edges {
    /// The seconds from the first point to the last.
    sampled: f64,
    /// The seconds that the series goes on before its first point, and after its last.
    before: f64,
    after: f64,
}

impl Edges {
    /// Of points from `first` to `last` with `gaps` gaps between them.
    pub(super) fn new(window: Window, first: i64, last: i64, gaps: u32) -> Self {
        let sampled = seconds(first, last);
        let distance = sampled / f64::from(gaps);
        // A gap near a usual one is one: the series goes on to the edge. A longer one means that the series begins or ends within
        // the window, on average half a distance from its first or last point.
        let beyond = |gap: f64| {
            if gap < distance * 1.1 {
                gap
            } else {
                distance / 2.0
            }
        };
        Self {
            sampled,
            before: beyond(seconds(window.start, first)),
            after: beyond(seconds(last, window.end)),
        }
    }

    /// The factor that extrapolates an increase to the whole window. `first` is the value of the first point.
    #[inline]
    pub(super) fn factor(self, first: f64, increase: f64) -> f64 {
        let mut before = self.before;
        if increase > 0.0 && first >= 0.0 {
            // At this slope the counter was 0 then, and it was never less.
            before = before.min(self.sampled * (first / increase));
        }
        (self.sampled + before + self.after) / self.sampled
    }
}
