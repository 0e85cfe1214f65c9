//! What can be asked of a history, and what is said of the rest.

use std::collections::BTreeSet;
use std::time::Duration;

use super::query::{Query, What};
use super::ring::{Metric, Ring};
use crate::catalog::Kind;
use crate::error::Error;

/// Points in one answer. All 10,000 series of the defaults, over the whole window, are 1.8 million.
const MAX_POINTS: usize = 2_000_000;

/// Close names in a message.
const MAX_NAMES: usize = 5;

type Labels = Vec<(String, String)>;

impl Query {
    pub(super) fn check_kind(&self, kind: Kind) -> Result<(), Error> {
        let metric = &self.metric;
        let of = kind.as_str();
        let problem = match (self.what, kind) {
            (What::Values, Kind::Histogram) => {
                format!("values of the {of} {metric:?}: it has a rate, an average and quantiles")
            }
            (What::Rate, Kind::Gauge) => {
                format!("rate of the {of} {metric:?}: only a counter or a histogram has one")
            }
            (What::Average, Kind::Counter | Kind::Gauge) => {
                format!("average of the {of} {metric:?}: only a histogram has one")
            }
            (What::Quantile(_), Kind::Counter | Kind::Gauge) => {
                format!("quantile of the {of} {metric:?}: only a histogram has them")
            }
            (What::Quantile(q), Kind::Histogram) if !(0.0..=1.0).contains(&q) => {
                format!("quantile {q} of {metric:?}: 0 to 1 is allowed")
            }
            _ => return Ok(()),
        };
        Err(Error::invalid(problem))
    }

    pub(super) fn check_window(&self, kept: Duration) -> Result<(), Error> {
        let problem = match self.window {
            Some(Duration::ZERO) => "is zero: more is needed",
            Some(window) if window > kept => "is longer than what is kept",
            _ => return Ok(()),
        };
        let window = self.window.unwrap_or_default();
        Err(Error::invalid(format!(
            "window {window:?} {problem}: up to {kept:?} is allowed"
        )))
    }

    /// A label is one of those that the metric's series have, and is asked for once.
    pub(super) fn check_labels(&self, metric: &Metric) -> Result<(), Error> {
        let named = |label: &str| format!("label {label:?} of {:?}", self.metric);
        for (at, (name, _)) in self.labels.iter().enumerate() {
            if self.labels[..at].iter().any(|(before, _)| before == name) {
                return Err(Error::invalid(format!(
                    "{} is asked for twice: a series has one value of it",
                    named(name)
                )));
            }
        }
        if self.labels.is_empty() {
            return Ok(());
        }
        let series: Vec<_> = metric.series().collect();
        let all = series.iter().flat_map(|(_, labels)| labels);
        let known: BTreeSet<_> = all.map(|(name, _)| &**name).collect();
        let Some((unknown, _)) = self
            .labels
            .iter()
            .find(|(name, _)| !known.contains(&**name))
        else {
            return Ok(());
        };
        let known: Vec<_> = known.into_iter().collect();
        let have = match known[..] {
            [] => "no labels".to_owned(),
            _ => known.join(", "),
        };
        Err(Error::invalid(format!(
            "{} is one that none of its series has: they have {have}",
            named(unknown)
        )))
    }

    pub(super) fn check_size(
        &self,
        ring: &Ring,
        matching: &[(usize, Labels)],
    ) -> Result<(), Error> {
        let (series, ticks) = (matching.len(), self.ticks(ring));
        if self.is_sum || series.saturating_mul(ticks) <= MAX_POINTS {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "{series} series of {:?} at {ticks} ticks are more points than the {MAX_POINTS} that are allowed: ask for \
             fewer by a label or a window, or for their sum",
            self.metric
        )))
    }

    pub(super) fn unknown<'a>(
        &self,
        known: impl Iterator<Item = &'a str>,
        left_out: usize,
    ) -> Error {
        let known: BTreeSet<_> = known.collect();
        let is_close = |name: &&&str| {
            !self.metric.is_empty()
                && (name.contains(&*self.metric) || self.metric.contains(**name))
        };
        let close: Vec<_> = known
            .iter()
            .filter(is_close)
            .take(MAX_NAMES)
            .copied()
            .collect();
        let instead = if close.is_empty() {
            format!(
                "none of the {} that are known has a name like it",
                known.len()
            )
        } else {
            format!("known are {}", close.join(", "))
        };
        let full = match left_out {
            0 => String::new(),
            left_out => format!("; {left_out} series found no place in the history"),
        };
        Error::invalid(format!(
            "metric {:?} is not known: {instead}{full}",
            self.metric
        ))
    }
}
