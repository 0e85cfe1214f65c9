use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::selector::Selector;
use crate::catalog::Kind;

/// The computation of a [`Signal`](super::Signal). Windows are in seconds. They exclude their start and include their end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Measure {
    /// See [`Signal::value`](super::Signal::value).
    Value {
        /// The gauges or counters.
        selector: Selector,
    },
    /// See [`Signal::rate`](super::Signal::rate).
    Rate {
        /// The counters.
        selector: Selector,
        /// The window.
        #[serde(with = "super::seconds")]
        window: Duration,
    },
    /// See [`Signal::increase`](super::Signal::increase).
    Increase {
        /// The counters.
        selector: Selector,
        /// The window.
        #[serde(with = "super::seconds")]
        window: Duration,
    },
    /// See [`Signal::ratio`](super::Signal::ratio).
    Ratio {
        /// The counters above the line.
        part: Selector,
        /// The counters below the line.
        whole: Selector,
        /// The window.
        #[serde(with = "super::seconds")]
        window: Duration,
    },
    /// See [`Signal::average`](super::Signal::average).
    Average {
        /// The histograms.
        selector: Selector,
        /// The window.
        #[serde(with = "super::seconds")]
        window: Duration,
    },
    /// See [`Signal::quantile`](super::Signal::quantile).
    Quantile {
        /// The share, from 0 to 1.
        quantile: f64,
        /// The histograms.
        selector: Selector,
        /// The window.
        #[serde(with = "super::seconds")]
        window: Duration,
    },
    /// See [`Signal::age`](super::Signal::age).
    Age {
        /// The gauges, in seconds since 1970.
        selector: Selector,
    },
    /// See [`Signal::absent`](super::Signal::absent).
    Absent {
        /// The series.
        selector: Selector,
    },
    /// See [`Signal::max`](super::Signal::max).
    Max {
        /// The gauges or counters.
        selector: Selector,
    },
    /// See [`Signal::min`](super::Signal::min).
    Min {
        /// The gauges or counters.
        selector: Selector,
    },
    /// See [`Signal::avg`](super::Signal::avg).
    Avg {
        /// The gauges or counters.
        selector: Selector,
    },
    /// See [`Signal::quotient`](super::Signal::quotient).
    Quotient {
        /// The gauges or counters above the line.
        part: Selector,
        /// The gauges or counters below the line.
        whole: Selector,
    },
    /// See [`Signal::computed`](super::Signal::computed).
    Computed {
        /// The name that the closure is registered under.
        name: String,
    },
}

impl Measure {
    /// The selectors: two of a ratio or a quotient, and none of a computed measure.
    pub(super) fn selectors(&self) -> impl Iterator<Item = &Selector> {
        let (one, other) = match self {
            Self::Ratio { part, whole, .. } | Self::Quotient { part, whole } => {
                (Some(part), Some(whole))
            }
            Self::Computed { .. } => (None, None),
            Self::Value { selector }
            | Self::Max { selector }
            | Self::Min { selector }
            | Self::Avg { selector }
            | Self::Age { selector }
            | Self::Absent { selector }
            | Self::Rate { selector, .. }
            | Self::Increase { selector, .. }
            | Self::Average { selector, .. }
            | Self::Quantile { selector, .. } => (Some(selector), None),
        };
        one.into_iter().chain(other)
    }

    /// The metrics of the [selectors](Self::selectors).
    pub(super) fn metrics_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let (one, other) = match self {
            Self::Ratio { part, whole, .. } | Self::Quotient { part, whole } => {
                (Some(part), Some(whole))
            }
            Self::Computed { .. } => (None, None),
            Self::Value { selector }
            | Self::Max { selector }
            | Self::Min { selector }
            | Self::Avg { selector }
            | Self::Age { selector }
            | Self::Absent { selector }
            | Self::Rate { selector, .. }
            | Self::Increase { selector, .. }
            | Self::Average { selector, .. }
            | Self::Quantile { selector, .. } => (Some(selector), None),
        };
        let selectors = one.into_iter().chain(other);
        selectors.map(|selector| &mut selector.metric)
    }

    /// `None` for a measure of current or computed values.
    pub(super) fn window(&self) -> Option<Duration> {
        match self {
            Self::Rate { window, .. }
            | Self::Increase { window, .. }
            | Self::Ratio { window, .. }
            | Self::Average { window, .. }
            | Self::Quantile { window, .. } => Some(*window),
            Self::Value { .. }
            | Self::Max { .. }
            | Self::Min { .. }
            | Self::Avg { .. }
            | Self::Quotient { .. }
            | Self::Age { .. }
            | Self::Absent { .. }
            | Self::Computed { .. } => None,
        }
    }

    /// The kinds of metric that it can be computed of.
    pub(super) fn kinds(&self) -> &'static [Kind] {
        match self {
            Self::Value { .. }
            | Self::Max { .. }
            | Self::Min { .. }
            | Self::Avg { .. }
            | Self::Quotient { .. } => &[Kind::Gauge, Kind::Counter],
            Self::Rate { .. } | Self::Increase { .. } | Self::Ratio { .. } => &[Kind::Counter],
            Self::Average { .. } | Self::Quantile { .. } => &[Kind::Histogram],
            Self::Age { .. } => &[Kind::Gauge],
            Self::Absent { .. } => &[Kind::Counter, Kind::Gauge, Kind::Histogram],
            Self::Computed { .. } => &[],
        }
    }
}
