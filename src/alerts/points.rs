//! `Points`: the points of one series, oldest first.

use std::collections::VecDeque;
use std::collections::vec_deque::Iter;

use super::window::Window;
use crate::exporter::{HistogramSnapshot, Value};

/// Values with their times.
pub(super) type Timed<T> = VecDeque<(i64, T)>;

/// A signal cannot read points of this kind.
pub(super) struct WrongKind(pub(super) &'static str);

/// Points with their times in milliseconds since 1970, which ascend.
#[derive(Debug)]
pub(super) enum Points {
    Numbers(Timed<f64>),
    Histograms {
        /// Ascending upper bounds, the last of them `+Inf`.
        bounds: Box<[f64]>,
        points: Timed<Distribution>,
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
}

impl Points {
    /// The points of a new series like `value`.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Counter(_) | Value::Gauge(_) => Self::Numbers(VecDeque::new()),
            Value::Histogram(histogram) => Self::Histograms {
                bounds: histogram.buckets.iter().map(|(bound, _)| *bound).collect(),
                points: VecDeque::new(),
            },
        }
    }

    /// Whether `value` is of the same kind and has the same bounds.
    pub(super) fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Numbers(_), Value::Counter(_) | Value::Gauge(_)) => true,
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
            (Self::Numbers(points), Value::Counter(value) | Value::Gauge(value)) => {
                points.push_back((time, *value));
            }
            (Self::Histograms { points, .. }, Value::Histogram(histogram)) => {
                points.push_back((time, Distribution::new(histogram)));
            }
            _ => {}
        }
    }

    /// Removes the points up to `time`.
    pub(super) fn drop_until(&mut self, time: i64) {
        while self.oldest().is_some_and(|oldest| oldest <= time) {
            match self {
                Self::Numbers(points) => drop(points.pop_front()),
                Self::Histograms { points, .. } => drop(points.pop_front()),
            }
        }
    }

    /// Removes the points from `time` on.
    pub(super) fn drop_from(&mut self, time: i64) {
        while self.newest().is_some_and(|newest| newest >= time) {
            match self {
                Self::Numbers(points) => drop(points.pop_back()),
                Self::Histograms { points, .. } => drop(points.pop_back()),
            }
        }
    }

    /// The points of a counter or gauge.
    pub(super) fn numbers(&self) -> Result<&Timed<f64>, WrongKind> {
        match self {
            Self::Numbers(points) => Ok(points),
            Self::Histograms { .. } => Err(WrongKind("histogram")),
        }
    }

    /// The bounds and points of a histogram.
    pub(super) fn histograms(&self) -> Result<(&[f64], &Timed<Distribution>), WrongKind> {
        match self {
            Self::Numbers(_) => Err(WrongKind("counter or gauge")),
            Self::Histograms { bounds, points } => Ok((bounds, points)),
        }
    }

    /// The time of the last point that is not later than `now`.
    pub(super) fn newest_until(&self, now: i64) -> Option<i64> {
        let window = Window {
            start: i64::MIN,
            end: now,
        };
        match self {
            Self::Numbers(points) => within(points, window).next_back().map(|point| point.0),
            Self::Histograms { points, .. } => {
                within(points, window).next_back().map(|point| point.0)
            }
        }
    }

    pub(super) fn oldest(&self) -> Option<i64> {
        match self {
            Self::Numbers(points) => points.front().map(|point| point.0),
            Self::Histograms { points, .. } => points.front().map(|point| point.0),
        }
    }

    pub(super) fn newest(&self) -> Option<i64> {
        match self {
            Self::Numbers(points) => points.back().map(|point| point.0),
            Self::Histograms { points, .. } => points.back().map(|point| point.0),
        }
    }

    /// The numbers that it holds: a point of a histogram holds one for each bucket.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Numbers(points) => points.len(),
            Self::Histograms { bounds, points } => points.len() * (bounds.len() + 1),
        }
    }
}

/// The points in a window.
pub(super) fn within<T>(points: &Timed<T>, window: Window) -> Iter<'_, (i64, T)> {
    let from = points.partition_point(|point| point.0 <= window.start);
    let to = points.partition_point(|point| point.0 <= window.end);
    points.range(from..to.max(from))
}
