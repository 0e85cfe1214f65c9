//! `NativeHistograms`: which histograms have exponential buckets.

use std::ops::RangeInclusive;

use super::store::{NativeFamilies, NativeFamily};
use crate::cells::{MAX_SCHEMA, MIN_SCHEMA, NativeOptions};
use crate::error::Error;

const MAX_BUCKETS: RangeInclusive<usize> = 8..=4096;

/// The histograms that have exponential buckets, and how fine these are. For
/// [`PrometheusBuilder::native_histograms`](super::PrometheusBuilder::native_histograms).
///
/// ```
/// use tower_vitals::exporter::NativeHistograms;
///
/// // Quantiles of HTTP durations are right within 1.1 %.
/// let native = NativeHistograms::of(["http_request_duration_seconds"]).schema(5);
/// # let _ = native;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct NativeHistograms {
    /// `None`: all.
    metrics: Option<Vec<String>>,
    family: NativeFamily,
}

impl NativeHistograms {
    /// All histograms that no other [`NativeHistograms`] names.
    pub fn all() -> Self {
        Self {
            metrics: None,
            family: NativeFamily {
                options: NativeOptions {
                    schema: 3,
                    // 2^-128.
                    zero_threshold: f64::from_bits((1023 - 128) << 52),
                    max_buckets: 160,
                },
                has_classic: true,
            },
        }
    }

    /// The histograms of these names, without the prefix.
    pub fn of(metrics: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            metrics: Some(metrics.into_iter().map(Into::into).collect()),
            ..Self::all()
        }
    }

    /// Sets the resolution, from -4 to 8: each power of two has 2^schema buckets. Defaults to 3, with which a bucket's bounds
    /// are 9 % apart.
    pub fn schema(mut self, schema: i8) -> Self {
        self.family.options.schema = schema;
        self
    }

    /// Sets the largest absolute value that counts as zero. Defaults to 2^-128, as in Prometheus' Go client.
    pub fn zero_threshold(mut self, threshold: f64) -> Self {
        self.family.options.zero_threshold = threshold;
        self
    }

    /// Sets how many buckets a series may have, from 8 to 4096. Defaults to 160.
    ///
    /// When its samples need more, the series halves its resolution and merges each two buckets, so it loses no sample.
    /// Prometheus takes this for no reset. At the coarsest schema, -4, a series may have up to 264 buckets whatever the limit is,
    /// and 144 with the default zero threshold.
    pub fn max_buckets(mut self, max: usize) -> Self {
        self.family.options.max_buckets = max;
        self
    }

    /// Shows no classic bucket but `+Inf` in all formats for Prometheus. By default classic buckets stand beside the exponential
    /// ones.
    ///
    /// They are counted nonetheless: snapshots, the history, JSON and alert rules have them.
    pub fn without_classic_buckets(mut self) -> Self {
        self.family.has_classic = false;
        self
    }

    pub(super) fn metrics(&self) -> impl Iterator<Item = &str> {
        self.metrics.iter().flatten().map(|metric| &**metric)
    }

    pub(super) fn mistakes(&self) -> Vec<Error> {
        let NativeOptions {
            schema,
            zero_threshold,
            max_buckets,
        } = self.family.options;
        let mut mistakes = Vec::new();
        let whose = match &self.metrics {
            None => "native histograms".to_owned(),
            Some(metrics) => format!("native histograms {metrics:?}"),
        };
        if self.metrics.as_ref().is_some_and(Vec::is_empty) {
            mistakes.push(Error::invalid(
                "native histograms have no name: NativeHistograms::all() chooses all",
            ));
        }
        if !(MIN_SCHEMA..=MAX_SCHEMA).contains(&schema) {
            mistakes.push(Error::invalid(format!(
                "{whose}: schema {schema} does not exist: {MIN_SCHEMA} to {MAX_SCHEMA} is allowed, 3 is the default"
            )));
        }
        if !(zero_threshold >= 0.0 && zero_threshold.is_finite()) {
            mistakes.push(Error::invalid(format!(
                "{whose}: zero threshold {zero_threshold} is negative or not finite: any other is allowed, 2^-128 is the default"
            )));
        }
        if !MAX_BUCKETS.contains(&max_buckets) {
            mistakes.push(Error::invalid(format!(
                "{whose}: a limit of {max_buckets} buckets is too low or too high: {} to {} is allowed, 160 is the default",
                MAX_BUCKETS.start(),
                MAX_BUCKETS.end()
            )));
        }
        mistakes
    }
}

/// `kept` returns a name as the store keeps it.
pub(super) fn native_families(
    chosen: &[NativeHistograms],
    kept: impl Fn(&str) -> String,
) -> NativeFamilies {
    let mut families = NativeFamilies::default();
    for native in chosen {
        if native.metrics.is_none() {
            families.others = Some(native.family);
        }
        for metric in native.metrics() {
            families.named.insert(kept(metric), native.family);
        }
    }
    families
}
