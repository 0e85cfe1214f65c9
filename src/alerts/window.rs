//! `Window`: a range of time, and the increase of a counter in it.

use std::time::{Duration, SystemTime};

use super::span::Span;

/// A range of time in milliseconds since 1970, which is Prometheus' resolution. It excludes its start and includes its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Window {
    pub(super) fn before(end: i64, length: Duration) -> Self {
        let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
        let start = end.saturating_sub(length);
        Self { start, end }
    }

    #[inline]
    pub(super) fn contains(self, time: i64) -> bool {
        self.start < time && time <= self.end
    }

    pub(super) fn seconds(self) -> f64 {
        seconds(self.start, self.end)
    }

    /// Returns the increase of a counter over the whole window, from its change in the window, as `PromQL`'s `increase`.
    #[inline]
    pub(super) fn increase(self, span: Span) -> f64 {
        let (increase, factor) = self.extrapolated(span);
        increase * factor
    }

    /// Returns the increase per second, as `PromQL`'s `rate`.
    #[inline]
    pub(super) fn rate(self, span: Span) -> f64 {
        let (increase, factor) = self.extrapolated(span);
        increase * (factor / self.seconds())
    }

    /// The increase from the first point to the last, and the factor that extrapolates it to the window.
    #[inline]
    fn extrapolated(self, span: Span) -> (f64, f64) {
        let Span {
            first,
            last,
            gaps,
            before_resets,
        } = span;
        let increase = last.1 - first.1 + before_resets;
        if increase == 0.0 {
            // The most usual case, in which the factor does not matter.
            return (increase, 1.0);
        }
        let sampled = seconds(first.0, last.0);
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
        let mut at_start = beyond(seconds(self.start, first.0));
        if increase > 0.0 && first.1 >= 0.0 {
            // At this slope the counter was 0 then, and it was never less.
            at_start = at_start.min(sampled * (first.1 / increase));
        }
        let at_end = beyond(seconds(last.0, self.end));
        (increase, (sampled + at_start + at_end) / sampled)
    }
}

fn seconds(from: i64, to: i64) -> f64 {
    to.saturating_sub(from) as f64 / 1000.0
}

/// Milliseconds since 1970, rounded down.
pub(super) fn milliseconds(time: SystemTime) -> i64 {
    let saturated = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => saturated(since),
        Err(before) => -saturated(before.duration()),
    }
}
