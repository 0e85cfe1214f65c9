//! Checks queries before they are evaluated.

use std::collections::BTreeSet;
use std::time::Duration;

use super::query::{HistoryQuery, Measure};
use super::ring::{Metric, Ring};
use crate::catalog::Kind;
use crate::error::Error;

/// The maximum number of points in a result. The default 10,000 series have 1.8 million points in the default window.
const MAX_POINTS: usize = 2_000_000;

/// The maximum number of similar names in a message.
const MAX_NAMES: usize = 5;

impl HistoryQuery {
    pub(super) fn check_kind(&self, kind: Kind) -> Result<(), Error> {
        let subject = format!("{} {:?}", kind.as_str(), self.metric);
        let problem = match (self.measure, kind) {
            (Measure::Values, Kind::Histogram) => {
                "has no values: ask for its rate, average or a quantile".to_owned()
            }
            (Measure::Rate, Kind::Gauge) => {
                "has no rate: only counters and histograms have one".to_owned()
            }
            (Measure::Average, Kind::Counter | Kind::Gauge) => {
                "has no average: only histograms have one".to_owned()
            }
            (Measure::Quantile(_), Kind::Counter | Kind::Gauge) => {
                "has no quantiles: only histograms have them".to_owned()
            }
            (Measure::Quantile(q), Kind::Histogram) if !(0.0..=1.0).contains(&q) => {
                format!("has no quantile {q}: 0 to 1 is allowed")
            }
            _ => return Ok(()),
        };
        Err(Error::invalid(format!("{subject} {problem}")))
    }

    /// A summary of another exporter has no buckets. Its quantiles are not of the time between two ticks.
    pub(super) fn check_bounds(&self, metric: &Metric) -> Result<(), Error> {
        if matches!(self.measure, Measure::Quantile(_)) && metric.bounds.len() < 2 {
            return Err(Error::invalid(format!(
                "histogram {:?} has no buckets, so it has no quantiles here: ask for its rate or average, or set buckets for \
                 it in its exporter",
                self.metric
            )));
        }
        Ok(())
    }

    pub(super) fn check_window(&self, available: Duration) -> Result<(), Error> {
        let Some(window) = self.window else {
            return Ok(());
        };
        let problem = match window {
            Duration::ZERO => "is zero",
            window if window > available => "is longer than the history",
            _ => return Ok(()),
        };
        Err(Error::invalid(format!(
            "window {window:?} {problem}: up to {available:?} is allowed"
        )))
    }

    /// Each label must occur in the metric's series and be given once.
    pub(super) fn check_labels(&self, metric: &Metric) -> Result<(), Error> {
        for (index, (name, _)) in self.labels.iter().enumerate() {
            if self.labels[..index].iter().any(|(other, _)| other == name) {
                return Err(Error::invalid(format!(
                    "label {name:?} of {:?} is given twice: once is allowed",
                    self.metric
                )));
            }
        }
        if self.labels.is_empty() {
            return Ok(());
        }
        let series: Vec<_> = metric.series().collect();
        let labels = series.iter().flat_map(|(_, labels)| labels);
        let known: BTreeSet<_> = labels.map(|(name, _)| &**name).collect();
        let mut names = self.labels.iter().map(|(name, _)| &**name);
        let Some(unknown) = names.find(|name| !known.contains(name)) else {
            return Ok(());
        };
        let known: Vec<_> = known.into_iter().collect();
        let known = match known[..] {
            [] => "no labels".to_owned(),
            _ => known.join(", "),
        };
        Err(Error::invalid(format!(
            "label {unknown:?} of {:?} is unknown: its series have {known}",
            self.metric
        )))
    }

    pub(super) fn check_size(&self, ring: &Ring, series: usize) -> Result<(), Error> {
        let ticks = self.ticks(ring);
        if self.is_sum || series.saturating_mul(ticks) <= MAX_POINTS {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "{series} series of {:?} with {ticks} ticks exceed the limit of {MAX_POINTS} points: ask for a label, a shorter \
             window or the sum",
            self.metric
        )))
    }

    pub(super) fn unknown_metric<'a>(
        &self,
        known: impl Iterator<Item = &'a str>,
        series_dropped: usize,
    ) -> Error {
        let known: BTreeSet<_> = known.collect();
        let is_similar = |name: &&&str| {
            !self.metric.is_empty()
                && (name.contains(&*self.metric) || self.metric.contains(**name))
        };
        let similar = known.iter().filter(is_similar).take(MAX_NAMES);
        let similar: Vec<_> = similar.copied().collect();
        let hint = if similar.is_empty() {
            format!("none of the {} known names is similar", known.len())
        } else {
            format!("similar names are {}", similar.join(", "))
        };
        let dropped = match series_dropped {
            0 => String::new(),
            dropped => format!(", and the history series limit dropped {dropped} series"),
        };
        Error::invalid(format!(
            "metric {:?} is unknown: {hint}{dropped}",
            self.metric
        ))
    }
}
