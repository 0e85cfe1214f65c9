//! `PrometheusBuilder`: the settings of a recorder, and the order of the recorders it consists of.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, Label};
use metrics_exporter_prometheus::formatting::sanitize_metric_name;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder as ExporterBuilder};
use metrics_util::layers::Layer;

use super::boundary::{Boundary, escape};
use super::declared::Declared;
use super::fractional::Fractional;
use super::history::HistoryConfig;
use super::limit::SeriesLimit;
use super::prometheus::{Inner, Prometheus};
use super::reader::Reader;
use super::stock::Stock;
use crate::catalog::{self, Catalog, Kind};
use crate::error::{Error, ErrorKind};
use crate::recorder::{self, Handle, announce_waiting};

/// Whether this crate installed the global recorder. Only the wording of a second install's error depends on it.
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// The series of one family that exist at 0.
const MAX_ZEROS: usize = 1_000;

impl Prometheus {
    /// Builds a recorder with the default settings and installs it as the process' global recorder.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyInstalled`] if this crate or another one has installed a recorder; [`ErrorKind::Io`] if the
    /// upkeep thread cannot be started.
    pub fn install() -> Result<Self, Error> {
        Self::builder().install()
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> PrometheusBuilder {
        PrometheusBuilder {
            prefix: String::new(),
            global_labels: Vec::new(),
            catalog: Catalog::new(),
            buckets: Vec::new(),
            upkeep_interval: Duration::from_secs(5),
            max_series: 10_000,
            history: None,
        }
    }
}

/// Builds a [`Prometheus`] recorder.
///
/// ```
/// use tower_vitals::Prometheus;
///
/// let prometheus = Prometheus::builder()
///     .prefix("shop")
///     .global_label("region", "eu-1")
///     .buckets("http_request_duration_seconds", &[0.01, 0.1, 1.0])
///     .build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct PrometheusBuilder {
    prefix: String,
    global_labels: Vec<(Cow<'static, str>, String)>,
    catalog: Catalog,
    buckets: Vec<(String, Vec<f64>)>,
    upkeep_interval: Duration,
    max_series: usize,
    history: Option<HistoryConfig>,
}

impl PrometheusBuilder {
    /// Puts `prefix` and an underscore before the name of every metric. Defaults to no prefix.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Adds a label to every series, except to those that have a label of this name. Defaults to none.
    pub fn global_label(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        self.global_labels.push((name.into(), value.into()));
        self
    }

    /// Sets the families to describe, whose bounded labels are restricted to their values. Defaults to the families of
    /// this crate.
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = catalog;
        self
    }

    /// Sets the buckets of the histogram `metric`, named without the prefix: ascending upper bounds without `+Inf`.
    ///
    /// Defaults to the catalogue's buckets. Histograms outside the catalogue default to [`catalog::SIZE_BUCKETS`] if
    /// their name ends in `_bytes`, and to [`catalog::DURATION_BUCKETS`] otherwise.
    ///
    /// A name that the catalogue lacks is an error if it looks mistyped: a few letters from a histogram of the catalogue,
    /// with the prefix before it, or with the beginning of the crate's own names. Other such names are logged as a warning.
    /// [`Catalog::register`] makes a name of your own known.
    pub fn buckets(mut self, metric: impl Into<String>, bounds: &[f64]) -> Self {
        self.buckets.push((metric.into(), bounds.to_vec()));
        self
    }

    /// Sets how often recorded histogram samples are moved into their buckets. Defaults to 5 s.
    ///
    /// Until then a sample takes 16 bytes: 100,000 requests a second take 8 MB every 5 s. Upkeep also detects the
    /// change of day for the daily totals in `/metrics/json`.
    pub fn upkeep_interval(mut self, interval: Duration) -> Self {
        self.upkeep_interval = interval;
        self
    }

    /// Limits the series of each metric. Defaults to 10,000. [`SeriesLimit`] describes what happens above the limit.
    pub fn max_series(mut self, max: usize) -> Self {
        self.max_series = max;
        self
    }

    /// Keeps the metrics of the last minutes in memory, see [`MetricsHistory`](super::MetricsHistory). Defaults to no history.
    pub fn history(mut self, config: HistoryConfig) -> Self {
        self.history = Some(config);
        self
    }

    /// Builds the recorder and installs it as the process' global recorder.
    ///
    /// # Errors
    ///
    /// The errors of [`build`](Self::build), and [`ErrorKind::AlreadyInstalled`] if this crate or another one has
    /// installed a recorder.
    pub fn install(self) -> Result<Prometheus, Error> {
        let prometheus = self.build()?;
        metrics::set_global_recorder(prometheus.clone()).map_err(|_| {
            let message = if INSTALLED.load(Ordering::Acquire) {
                "Prometheus::install was called before: call it once, and clone the handle it returns"
            } else {
                "another crate's metrics recorder is installed: install one or the other, or build this one with \
                 Prometheus::builder().build() and pass it to the layers"
            };
            Error::new(ErrorKind::AlreadyInstalled, message)
        })?;
        recorder::set_global_identity(prometheus.address());
        INSTALLED.store(true, Ordering::Release);
        announce_waiting(&prometheus);
        Ok(prometheus)
    }

    /// Builds the recorder and starts its upkeep, without installing it.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::InvalidConfig`] with all mistakes: a prefix or label name that Prometheus would reject; buckets
    ///   that are empty, not ascending, not finite, of a counter or gauge of the catalogue, or of a metric whose name
    ///   looks mistyped; an upkeep interval or a series limit of zero; a history whose interval or series limit is zero, or whose window has fewer than 2 or more
    ///   than 100,000 intervals.
    /// - [`ErrorKind::Io`] if a thread cannot be started.
    pub fn build(self) -> Result<Prometheus, Error> {
        Error::combine(self.mistakes())?;
        self.warn_of_unknown_metrics();
        recorder::identify_with(|any| any.downcast_ref().map(Prometheus::address));
        let prefix = match &*self.prefix {
            "" => String::new(),
            prefix => format!("{prefix}_"),
        };
        let exporter = self.exporter(&prefix).map_err(|error| {
            Error::invalid("the exporter rejected its buckets").with_source(error)
        })?;
        let exporter = exporter.build_recorder();
        let handle = exporter.handle();
        let global_labels = self.global_labels.iter();
        let global_labels = global_labels
            .map(|(name, value)| Label::new(name.clone(), escape(value).into_owned()))
            .collect();
        let boundary = Boundary::new(prefix.clone(), global_labels, exporter);
        let limited = SeriesLimit::new(self.max_series)
            .prefix(&prefix)
            .layer(boundary);
        let families = self.catalog.families();
        let recorder = Declared::new(families, limited);
        for family in families {
            family.describe(&recorder, family.name.to_owned());
        }
        let fractional = Arc::new(Fractional::among(families, &prefix));
        let source = Stock {
            handle,
            fractional: Arc::clone(&fractional),
        };
        let mut reader = Reader::new(prefix.clone(), self.catalog, source);
        reader.start_upkeep(self.upkeep_interval)?;
        if let Some(config) = self.history {
            reader.start_history(config)?;
        }
        let prometheus = Prometheus {
            inner: Arc::new(Inner {
                prefix,
                recorder,
                fractional,
                reader: Arc::new(reader),
            }),
        };
        register_zeros(&prometheus, self.max_series.min(MAX_ZEROS));
        Ok(prometheus)
    }

    fn exporter(&self, prefix: &str) -> Result<ExporterBuilder, BuildError> {
        let sizes = Matcher::Suffix("_bytes".to_owned());
        let mut exporter = ExporterBuilder::new()
            .set_buckets(catalog::DURATION_BUCKETS)?
            .set_buckets_for_metric(sizes, catalog::SIZE_BUCKETS)?;
        let families = self.catalog.families().iter();
        let catalogued = families
            .filter(|family| !family.buckets.is_empty())
            .map(|family| (family.name, family.buckets));
        let configured = self
            .buckets
            .iter()
            .map(|(name, bounds)| (&**name, &**bounds));
        for (name, bounds) in catalogued.chain(configured) {
            let name = Matcher::Full([prefix, name].concat());
            exporter = exporter.set_buckets_for_metric(name, bounds)?;
        }
        Ok(exporter)
    }

    /// Returns the family of the catalogue that `metric` names, in the facade's spelling or Prometheus' own.
    fn family(&self, metric: &str) -> Option<&catalog::Family> {
        let metric = sanitize_metric_name(metric);
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
        let name = sanitize_metric_name(metric);
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

    fn warn_of_unknown_metrics(&self) {
        let metrics = self.buckets.iter().map(|(metric, _)| metric);
        for metric in metrics.filter(|metric| self.family(metric).is_none()) {
            tracing::warn!(
                metric,
                "buckets are set for a metric that the catalogue lacks: they apply if a histogram of this name is recorded, and \
                 Catalog::register ends this warning"
            );
        }
    }

    fn mistakes(&self) -> Vec<Error> {
        let mut mistakes = Vec::new();
        if !self.prefix.is_empty() {
            mistakes.extend(catalog::check_name("prefix", &self.prefix).err());
        }
        for (name, _) in &self.global_labels {
            if let Err(error) = catalog::check_label_name(name) {
                mistakes.push(Error::invalid(format!("global label: {error}")));
            }
        }
        for (metric, bounds) in &self.buckets {
            if let Err(error) = catalog::check_buckets(bounds) {
                mistakes.push(Error::invalid(format!("metric {metric:?}: {error}")));
            }
            mistakes.extend(self.mistyped(metric).map(Error::invalid));
        }
        if self.upkeep_interval.is_zero() {
            mistakes.push(Error::invalid(
                "upkeep interval is zero: any longer interval is allowed, 5 s is the default",
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

/// Registers the counters of the service whose labels are known. Those of the crate are left to its instruments, which a
/// service may not use.
fn register_zeros(prometheus: &Prometheus, most: usize) {
    let families = prometheus.catalog().families().iter();
    let is_own = |family: &&catalog::Family| !catalog::FAMILIES.contains(family);
    for family in families
        .filter(is_own)
        .filter(|family| family.kind == Kind::Counter)
    {
        for key in family.closed_keys(most) {
            if family.is_float {
                let _gauge: Gauge = Handle::register(prometheus, &key);
            } else {
                let _counter: Counter = Handle::register(prometheus, &key);
            }
        }
    }
}

debug_redacted!(PrometheusBuilder {
    prefix,
    global_labels,
    catalog,
    buckets,
    upkeep_interval,
    max_series,
    history
});
