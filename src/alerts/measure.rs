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
}

impl Measure {
    /// The selectors. Only a ratio has two.
    pub(super) fn selectors(&self) -> impl Iterator<Item = &Selector> {
        let (one, other) = match self {
            Self::Ratio { part, whole, .. } => (part, Some(whole)),
            Self::Value { selector }
            | Self::Age { selector }
            | Self::Absent { selector }
            | Self::Rate { selector, .. }
            | Self::Increase { selector, .. }
            | Self::Average { selector, .. }
            | Self::Quantile { selector, .. } => (selector, None),
        };
        [one].into_iter().chain(other)
    }

    /// `None` for a measure of current values.
    pub(super) fn window(&self) -> Option<Duration> {
        match self {
            Self::Rate { window, .. }
            | Self::Increase { window, .. }
            | Self::Ratio { window, .. }
            | Self::Average { window, .. }
            | Self::Quantile { window, .. } => Some(*window),
            Self::Value { .. } | Self::Age { .. } | Self::Absent { .. } => None,
        }
    }

    /// The kinds of metric that it can be computed of.
    pub(super) fn kinds(&self) -> &'static [Kind] {
        match self {
            Self::Value { .. } => &[Kind::Gauge, Kind::Counter],
            Self::Rate { .. } | Self::Increase { .. } | Self::Ratio { .. } => &[Kind::Counter],
            Self::Average { .. } | Self::Quantile { .. } => &[Kind::Histogram],
            Self::Age { .. } => &[Kind::Gauge],
            Self::Absent { .. } => &[Kind::Counter, Kind::Gauge, Kind::Histogram],
        }
    }
}
