//! `Points`: the points of one series, oldest first.

use std::collections::VecDeque;
use std::ops::Range;

use super::span::Span;
use super::window::Window;
use crate::exporter::{HistogramSnapshot, Value};

/// Values with their times.
pub(super) type Timed<T> = VecDeque<(i64, T)>;

/// A signal cannot read points of this kind.
pub(super) struct WrongKind(pub(super) &'static str);

/// The value of one series. `None` for too few points.
pub(super) type Read<T> = Result<Option<T>, WrongKind>;

/// Points with their times in milliseconds since 1970, which ascend. `falls` counts the points that are less than the one before:
/// without any, the first and the last point of a window tell its increase.
#[derive(Debug)]
pub(super) enum Points {
    Numbers {
        points: Timed<f64>,
        falls: usize,
    },
    Histograms {
        /// Ascending upper bounds, the last of them `+Inf`.
        bounds: Box<[f64]>,
        points: Timed<Distribution>,
        falls: usize,
    },
}

/// The cumulative counts of a histogram's buckets, and the sum of its samples.
#[derive(Debug)]
pub(super) struct Distribution {
    pub(super) counts: Box<[u64]>,
    pub(super) sum: f64,
}

impl Distribution {
    fn new(histogram: &HistogramSnapshot) -> Self {
        let counts = histogram.buckets.iter();
        Self {
            counts: counts.map(|(_, count)| *count).collect(),
            sum: histogram.sum,
        }
    }

    /// The number of samples, which the bucket `+Inf` counts.
    pub(super) fn count(&self) -> f64 {
        self.counts.last().map_or(0.0, |count| *count as f64)
    }

    /// Whether any of its numbers is less than before.
    fn falls_below(&self, earlier: &Self) -> bool {
        let mut counts = self.counts.iter().zip(&earlier.counts);
        self.sum < earlier.sum || counts.any(|(now, earlier)| now < earlier)
    }
}

impl Points {
    /// The points of a new series like `value`.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Counter(_) | Value::Gauge(_) => Self::Numbers {
                points: VecDeque::new(),
                falls: 0,
            },
            Value::Histogram(histogram) => Self::Histograms {
                bounds: histogram.buckets.iter().map(|(bound, _)| *bound).collect(),
                points: VecDeque::new(),
                falls: 0,
            },
        }
    }

    /// Whether `value` is of the same kind and has the same bounds.
    pub(super) fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Numbers { .. }, Value::Counter(_) | Value::Gauge(_)) => true,
            (Self::Histograms { bounds, .. }, Value::Histogram(histogram)) => {
                let own = bounds.iter().map(|bound| bound.to_bits());
                own.eq(histogram.buckets.iter().map(|(bound, _)| bound.to_bits()))
            }
            _ => false,
        }
    }

    /// Adds a point that [fits](Self::fits).
    pub(super) fn push(&mut self, time: i64, value: &Value) {
        match (self, value) {
            (Self::Numbers { points, falls }, Value::Counter(value) | Value::Gauge(value)) => {
                let last = points.back();
                *falls += usize::from(last.is_some_and(|last| *value < last.1));
                points.push_back((time, *value));
            }
            (Self::Histograms { points, falls, .. }, Value::Histogram(histogram)) => {
                let new = Distribution::new(histogram);
                let last = points.back();
                *falls += usize::from(last.is_some_and(|last| new.falls_below(&last.1)));
                points.push_back((time, new));
            }
            _ => {}
        }
    }

    /// Removes the points up to `time`.
    pub(super) fn drop_until(&mut self, time: i64) {
        while self.oldest().is_some_and(|oldest| oldest <= time) {
            match self {
                Self::Numbers { points, falls } => {
                    let gone = points.pop_front().zip(points.front());
                    let fell = gone.is_some_and(|(gone, next)| next.1 < gone.1);
                    *falls -= usize::from(fell);
                }
                Self::Histograms { points, falls, .. } => {
                    let gone = points.pop_front();
                    let gone = gone.as_ref().zip(points.front());
                    let fell = gone.is_some_and(|(gone, next)| next.1.falls_below(&gone.1));
                    *falls -= usize::from(fell);
                }
            }
        }
    }

    /// Removes the points from `time` on.
    pub(super) fn drop_from(&mut self, time: i64) {
        while self.newest().is_some_and(|newest| newest >= time) {
            match self {
                Self::Numbers { points, falls } => {
                    let gone = points.pop_back().zip(points.back());
                    let fell = gone.is_some_and(|(gone, before)| gone.1 < before.1);
                    *falls -= usize::from(fell);
                }
                Self::Histograms { points, falls, .. } => {
                    let gone = points.pop_back();
                    let gone = gone.as_ref().zip(points.back());
                    let fell = gone.is_some_and(|(gone, before)| gone.1.falls_below(&before.1));
                    *falls -= usize::from(fell);
                }
            }
        }
    }

    /// The last point of a counter or gauge in a window.
    pub(super) fn last(&self, window: Window) -> Read<(i64, f64)> {
        match self {
            Self::Numbers { points, .. } => {
                Ok(points.range(within(points, window)).next_back().copied())
            }
            Self::Histograms { .. } => Err(WrongKind("histogram")),
        }
    }

    /// The change of a counter in a window.
    pub(super) fn span(&self, window: Window) -> Read<Span> {
        match self {
            Self::Numbers { points, falls } => {
                let within = within(points, window);
                Ok(span(points, within, *falls > 0, |value| *value))
            }
            Self::Histograms { .. } => Err(WrongKind("histogram")),
        }
    }

    /// The points of a histogram in a window.
    pub(super) fn histogram(&self, window: Window) -> Result<Distributions<'_>, WrongKind> {
        match self {
            Self::Numbers { .. } => Err(WrongKind("counter or gauge")),
            Self::Histograms {
                bounds,
                points,
                falls,
            } => Ok(Distributions {
                bounds,
                within: within(points, window),
                points,
                falls: *falls > 0,
            }),
        }
    }

    /// Fails for the points of a histogram.
    pub(super) fn check_numbers(&self) -> Result<(), WrongKind> {
        match self {
            Self::Numbers { .. } => Ok(()),
            Self::Histograms { .. } => Err(WrongKind("histogram")),
        }
    }

    /// The time of the last point that is not later than `now`.
    pub(super) fn newest_until(&self, now: i64) -> Option<i64> {
        let window = Window {
            start: i64::MIN,
            end: now,
        };
        match self {
            Self::Numbers { points, .. } => last_time(points, window),
            Self::Histograms { points, .. } => last_time(points, window),
        }
    }

    pub(super) fn oldest(&self) -> Option<i64> {
        match self {
            Self::Numbers { points, .. } => points.front().map(|point| point.0),
            Self::Histograms { points, .. } => points.front().map(|point| point.0),
        }
    }

    pub(super) fn newest(&self) -> Option<i64> {
        match self {
            Self::Numbers { points, .. } => points.back().map(|point| point.0),
            Self::Histograms { points, .. } => points.back().map(|point| point.0),
        }
    }

    /// The numbers that it holds: a point of a histogram holds one for each bucket.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Numbers { points, .. } => points.len(),
            Self::Histograms { bounds, points, .. } => points.len() * (bounds.len() + 1),
        }
    }
}

/// The points of a histogram in a window.
pub(super) struct Distributions<'a> {
    pub(super) bounds: &'a [f64],
    points: &'a Timed<Distribution>,
    within: Range<usize>,
    falls: bool,
}

impl Distributions<'_> {
    /// The change of one number of the histogram.
    pub(super) fn span(&self, value: impl Fn(&Distribution) -> f64) -> Option<Span> {
        span(self.points, self.within.clone(), self.falls, value)
    }

    /// Whether there are too few points for a change.
    pub(super) fn are_too_few(&self) -> bool {
        self.within.len() < 2
    }
}

fn span<T>(
    points: &Timed<T>,
    within: Range<usize>,
    falls: bool,
    value: impl Fn(&T) -> f64,
) -> Option<Span> {
    let value = |point: &(i64, T)| (point.0, value(&point.1));
    if falls {
        return Span::of(points.range(within).map(value));
    }
    let gaps = within.len().checked_sub(1)?;
    let first = points.get(within.start).map(&value)?;
    let last = points.get(within.end - 1).map(&value)?;
    Span::rising(first, last, gaps)
}

fn last_time<T>(points: &Timed<T>, window: Window) -> Option<i64> {
    let mut points = points.range(within(points, window));
    points.next_back().map(|point| point.0)
}

/// The indexes of the points in a window. Usually it holds all of them.
fn within<T>(points: &Timed<T>, window: Window) -> Range<usize> {
    let is_after_start = |point: &(i64, T)| point.0 > window.start;
    let is_before_end = |point: &(i64, T)| point.0 <= window.end;
    let from = if points.front().is_none_or(is_after_start) {
        0
    } else {
        points.partition_point(|point| !is_after_start(point))
    };
    let to = if points.back().is_none_or(is_before_end) {
        points.len()
    } else {
        points.partition_point(is_before_end)
    };
    from..to.max(from)
}
