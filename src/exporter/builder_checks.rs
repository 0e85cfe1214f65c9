//! What [`PrometheusBuilder`] checks before it builds.

use super::builder::PrometheusBuilder;
use super::escaping::Escaping;
use super::history::HistoryConfig;
use super::names::{METRIC, mend, sanitize};
use super::native_histograms::NativeHistograms;
use crate::catalog::{self, Kind};
use crate::error::Error;

impl PrometheusBuilder {
    /// Returns the name of a metric as it is kept.
    pub(super) fn kept(&self, metric: &str, begins: bool) -> String {
        if self.utf8_names {
            mend(metric).into_owned()
        } else {
            sanitize(metric, begins, METRIC).into_owned()
        }
    }

    /// Returns the family of the catalogue that `metric` names, in the facade's spelling or Prometheus' own.
    fn family(&self, metric: &str) -> Option<&catalog::Family> {
        let metric = self.kept(metric, true);
        let mut families = self.catalog.families().iter();
        families.find(|family| family.name == metric)
    }

    /// Returns the problem with the name of a metric that buckets are set for.
    fn mistyped(&self, metric: &str) -> Option<String> {
        if let Some(family) = self.family(metric) {
            let kind = family.kind.as_str();
            let is_histogram = family.kind == Kind::Histogram;
            return (!is_histogram).then(|| {
                format!("metric {metric:?}: a {kind} has no buckets: only histograms have them")
            });
        }
        let name = self.kept(metric, true);
        let unprefixed = name.strip_prefix(&*self.prefix);
        let unprefixed = unprefixed.and_then(|name| name.strip_prefix('_'));
        let mut names = unprefixed.into_iter().chain([&*name]);
        let near =
            names.find_map(|name| catalog::suggest_histogram(self.catalog.families(), name))?;
        Some(format!(
            "metric {metric:?}: the catalogue has no such histogram to set buckets for: {near:?} is allowed, without a \
             prefix, and so is a metric of your own after Catalog::register"
        ))
    }

    pub(super) fn warn_of_unknown_metrics(&self) {
        let metrics = self.buckets.iter().map(|(metric, _)| &**metric);
        let native = self.native_histograms.iter();
        let metrics = metrics.chain(native.flat_map(NativeHistograms::metrics));
        for metric in metrics.filter(|metric| self.family(metric).is_none()) {
            tracing::warn!(
                metric,
                "buckets are set for a metric that the catalogue lacks: they apply if a histogram of this name is recorded, and \
                 Catalog::register ends this warning"
            );
        }
    }

    pub(super) fn mistakes(&self) -> Vec<Error> {
        let mut mistakes = Vec::new();
        if !self.prefix.is_empty() {
            mistakes.extend(catalog::check_name("prefix", &self.prefix).err());
        }
        for (name, _) in &self.global_labels {
            let is_kept = self.utf8_names && *name == mend(name);
            let name = if is_kept {
                Escaping::Underscores.label_name(name)
            } else {
                (&**name).into()
            };
            if let Err(error) = catalog::check_label_name(&name) {
                mistakes.push(Error::invalid(format!("global label: {error}")));
            }
        }
        for (at, (name, _)) in self.global_labels.iter().enumerate() {
            let plain = |name| Escaping::Underscores.label_name(name);
            let mut others = self.global_labels[..at].iter();
            if let Some((other, _)) = others.find(|(other, _)| plain(other) == plain(name)) {
                mistakes.push(Error::invalid(format!(
                    "global labels {other:?} and {name:?} are one label for scrapers that cannot take both names: one of them is \
                     allowed"
                )));
            }
        }
        for (metric, bounds) in &self.buckets {
            if let Err(error) = catalog::check_buckets(bounds) {
                mistakes.push(Error::invalid(format!("metric {metric:?}: {error}")));
            }
            mistakes.extend(self.mistyped(metric).map(Error::invalid));
        }
        for native in &self.native_histograms {
            mistakes.extend(native.mistakes());
            let mistyped = native.metrics().filter_map(|metric| self.mistyped(metric));
            mistakes.extend(mistyped.map(Error::invalid));
        }
        if self.daily_totals_interval.is_zero() {
            mistakes.push(Error::invalid(
                "interval of the daily totals is zero: any longer interval is allowed, 5 s is the default",
            ));
        }
        if !self.idle_timeouts.are_positive() {
            mistakes.push(Error::invalid(
                "idle timeout is zero: any longer time is allowed, and by default no series is idle",
            ));
        }
        if self.max_series == 0 {
            mistakes.push(Error::invalid(
                "series limit is zero: at least 1 is needed, 10,000 is the default",
            ));
        }
        mistakes.extend(self.history.iter().flat_map(HistoryConfig::mistakes));
        mistakes
    }
}
