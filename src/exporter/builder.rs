//! Settings of a recorder, and how it is put together.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics::Label;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use metrics_util::layers::Layer;

use super::boundary::{Boundary, escape};
use super::declared::Declared;
use super::history::{History, Keep};
use super::limit::SeriesLimit;
use super::prometheus::{Inner, Prometheus};
use super::source::Source;
use super::zero::Zero;
use crate::catalog::{self, Catalog};
use crate::error::{Error, ErrorKind};
use crate::ticker::spawn_ticker;

/// Whether the global recorder is ours: only the wording of the second install's error depends on it.
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Settings of a [`Prometheus`] recorder.
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
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    prefix: String,
    global_labels: Vec<(Cow<'static, str>, String)>,
    catalog: Catalog,
    buckets: Vec<(String, Vec<f64>)>,
    upkeep_interval: Duration,
    max_series: usize,
    history: Option<Keep>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            prefix: String::new(),
            global_labels: Vec::new(),
            catalog: Catalog::new(),
            buckets: Vec::new(),
            upkeep_interval: Duration::from_secs(5),
            max_series: 10_000,
            history: None,
        }
    }

    /// Puts `prefix` and an underscore before every metric's name, whoever records it. Defaults to none.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Adds a label to every series. Defaults to none. A series' own label of that name wins.
    pub fn global_label(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        self.global_labels.push((name.into(), value.into()));
        self
    }

    /// Describes these families, and holds their bounded labels to their values. Defaults to the crate's own.
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = catalog;
        self
    }

    /// Sets the buckets of the histogram `metric`, named without the prefix: ascending upper bounds, `+Inf` not among
    /// them. Defaults to the catalogue's; for others, to [`catalog::SIZE_BUCKETS`] if the name ends in `_bytes` and to
    /// [`catalog::DURATION_BUCKETS`] if not.
    pub fn buckets(mut self, metric: impl Into<String>, bounds: &[f64]) -> Self {
        self.buckets.push((metric.into(), bounds.to_vec()));
        self
    }

    /// How often recorded samples are drained into their buckets. Defaults to 5 s.
    ///
    /// A sample takes 16 bytes until then: 100,000 requests a second are 8 MB every 5 s. So is it noticed that another day has
    /// begun, for the totals of a day in `/metrics/json`.
    pub fn upkeep_interval(mut self, interval: Duration) -> Self {
        self.upkeep_interval = interval;
        self
    }

    /// How many series one metric may have. Defaults to 10,000. See [`SeriesLimit`] for what happens past it.
    pub fn max_series(mut self, max: usize) -> Self {
        self.max_series = max;
        self
    }

    /// Keeps what was recorded in the last minutes: see [`History`]. Defaults to nothing, at no cost.
    pub fn history(mut self, keep: Keep) -> Self {
        self.history = Some(keep);
        self
    }

    /// Builds the recorder and makes it the process' global one.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`], and [`ErrorKind::AlreadyInstalled`] if a recorder is installed already, ours or another.
    pub fn install(self) -> Result<Prometheus, Error> {
        let prometheus = self.build()?;
        metrics::set_global_recorder(prometheus.clone()).map_err(|_| {
            let whose = if INSTALLED.load(Ordering::Acquire) {
                "Prometheus::install was called before: call it once, and clone the handle it returns"
            } else {
                "another crate's metrics recorder is installed: install one or the other, or build this one with \
                 Prometheus::builder().build() and give it to the layers"
            };
            Error::new(ErrorKind::AlreadyInstalled, whose)
        })?;
        INSTALLED.store(true, Ordering::Release);
        Ok(prometheus)
    }

    /// Builds the recorder and starts its upkeep, without making it global.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] for a prefix or label name that Prometheus would refuse, buckets that are empty, not
    /// ascending or not finite, an upkeep interval of zero, a series limit of zero, and a history whose interval or series
    /// limit is zero or whose window is shorter than its interval or has more than 100,000 of them;
    /// [`ErrorKind::Io`] if a thread cannot be started.
    pub fn build(self) -> Result<Prometheus, Error> {
        self.check()?;
        let prefix = match &*self.prefix {
            "" => String::new(),
            prefix => format!("{prefix}_"),
        };
        let exporter = self.exporter(&prefix)?.build_recorder();
        let handle = exporter.handle();
        let limit = SeriesLimit::new(self.max_series).prefix(&prefix);
        let global = self.global_labels.iter();
        let global =
            global.map(|(name, value)| Label::new(name.clone(), escape(value).into_owned()));
        let boundary = Boundary::new(prefix.clone(), global.collect(), exporter);
        let limited = limit.layer(boundary);
        let families = self.catalog.families();
        let recorder = Declared::new(families, limited);
        for family in families {
            family.describe(&recorder, family.name.to_owned());
        }
        let source = Arc::new(Source::new(handle, families, &prefix));
        let upkeep = {
            let source = Arc::clone(&source);
            move || source.upkeep()
        };
        let mut threads = vec![spawn_ticker(self.upkeep_interval, "vitals-upkeep", upkeep)?];
        let history = match self.history {
            None => None,
            Some(keep) => {
                let read_as = |family: &catalog::Family| [&*prefix, family.name].concat();
                let catalogued = families.iter().map(|family| (read_as(family), family.kind));
                let (history, alive) =
                    History::start(keep, catalogued.collect(), Arc::clone(&source))?;
                threads.push(alive);
                Some(history)
            }
        };
        Ok(Prometheus {
            inner: Arc::new(Inner {
                prefix,
                catalog: self.catalog,
                recorder,
                source,
                history,
                zero: Zero::now(),
                _threads: threads,
            }),
        })
    }

    fn exporter(&self, prefix: &str) -> Result<PrometheusBuilder, Error> {
        let refused = |error| Error::invalid("the exporter refused its buckets").with_source(error);
        let mut exporter = PrometheusBuilder::new()
            .set_buckets(catalog::DURATION_BUCKETS)
            .and_then(|exporter| {
                let sizes = Matcher::Suffix("_bytes".to_owned());
                exporter.set_buckets_for_metric(sizes, catalog::SIZE_BUCKETS)
            })
            .map_err(refused)?;
        let own = self
            .catalog
            .families()
            .iter()
            .filter(|family| !family.buckets.is_empty())
            .map(|family| (family.name, family.buckets));
        let set = self
            .buckets
            .iter()
            .map(|(name, bounds)| (&**name, &**bounds));
        for (name, bounds) in own.chain(set) {
            let name = Matcher::Full([prefix, name].concat());
            exporter = exporter
                .set_buckets_for_metric(name, bounds)
                .map_err(refused)?;
        }
        Ok(exporter)
    }

    fn check(&self) -> Result<(), Error> {
        if !self.prefix.is_empty() {
            catalog::check_metric_name(&self.prefix)
                .map_err(|error| Error::invalid(format!("prefix: {error}")))?;
        }
        for (name, _) in &self.global_labels {
            catalog::check_label_name(name)
                .map_err(|error| Error::invalid(format!("global label: {error}")))?;
        }
        for (metric, bounds) in &self.buckets {
            catalog::check_buckets(bounds)
                .map_err(|error| Error::invalid(format!("metric {metric:?}: {error}")))?;
        }
        if self.upkeep_interval.is_zero() {
            return Err(Error::invalid(
                "upkeep interval is zero: anything longer is allowed, 5 s is the default",
            ));
        }
        if self.max_series == 0 {
            return Err(Error::invalid(
                "series limit is zero: at least 1 is needed, 10,000 is the default",
            ));
        }
        self.history.as_ref().map_or(Ok(()), Keep::check)
    }
}
