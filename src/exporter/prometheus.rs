//! `Prometheus`: the recorder, its upkeep, and the text that Prometheus reads.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use metrics_util::layers::Layer;

use super::boundary::{Boundary, escape};
use super::day::{Day, day_of};
use super::declared::Declared;
use super::fractional::Fractional;
use super::limit::{Limited, SeriesLimit};
use super::openmetrics;
use super::snapshot::Snapshot;
use super::upkeep::Upkeep;
use super::zero::Zero;
use crate::catalog::{self, Catalog};
use crate::error::{Error, ErrorKind};

/// Whether the global recorder is ours: only the wording of the second install's error depends on it.
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// A Prometheus recorder: a cheap handle, cloned to whatever records to it or reads it.
///
/// ```
/// use tower_vitals::Prometheus;
///
/// let prometheus = Prometheus::install()?;
/// // Whatever any crate records through the `metrics` facade is now in:
/// let text: String = prometheus.render();
/// # Ok::<_, tower_vitals::Error>(())
/// ```
///
/// It is a [`Recorder`] itself, so one that is not installed can be given to a layer
/// ([`HttpMetricsLayer::recorder`](crate::HttpMetricsLayer::recorder)) or to [`metrics::with_local_recorder`].
///
/// Histograms hold their samples until they are drained; a thread of its own does so every
/// [`upkeep_interval`](Builder::upkeep_interval), needs no async runtime, and ends when the last handle is dropped. The
/// global recorder counts as a handle: what goes on recording must go on being drained.
#[derive(Clone)]
pub struct Prometheus {
    pub(super) inner: Arc<Inner>,
}

type Hook = Arc<dyn Fn() + Send + Sync>;

pub(super) struct Inner {
    /// With its underscore, or empty.
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "the routes read it")
    )]
    prefix: String,
    catalog: Catalog,
    handle: PrometheusHandle,
    recorder: Declared<Limited<Boundary<PrometheusRecorder>>>,
    fractional: Arc<Fractional>,
    before_reading: RwLock<Vec<Hook>>,
    pub(super) zero: Mutex<Zero>,
    pub(super) day: Arc<Mutex<Day>>,
    /// Dropped with the last handle; the upkeep thread hears it and ends.
    _upkeep: mpsc::Sender<()>,
}

impl Prometheus {
    /// Builds a recorder with every default and makes it the process' global one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyInstalled`] if a recorder is installed already, ours or another;
    /// [`ErrorKind::Io`] if the upkeep thread cannot be started.
    pub fn install() -> Result<Self, Error> {
        Self::builder().install()
    }

    /// Settings first, then [`Builder::install`] or [`Builder::build`].
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Everything recorded until now, as Prometheus text format 0.0.4.
    ///
    /// Its cost grows with the series; on an async thread use `spawn_blocking`, as the crate's routes do.
    #[must_use]
    pub fn render(&self) -> String {
        // Not under the lock: a hook may add another.
        let hooks = self.hooks().clone();
        for hook in hooks {
            hook();
        }
        self.inner
            .fractional
            .as_counters(self.inner.handle.render())
    }

    /// Calls a function before each reading, by whatever form, on the thread that reads: for values that are read and not
    /// recorded as they happen, such as those of [`Collectors`](crate::instrument::Collectors). It should take no longer
    /// than a reading may.
    pub fn before_reading(&self, hook: impl Fn() + Send + Sync + 'static) {
        let hooks = self.inner.before_reading.write();
        let mut hooks = hooks.unwrap_or_else(PoisonError::into_inner);
        hooks.push(Arc::new(hook));
    }

    /// The families it was built to describe.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    fn hooks(&self) -> RwLockReadGuard<'_, Vec<Hook>> {
        let hooks = self.inner.before_reading.read();
        hooks.unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything recorded until now, as `OpenMetrics` 1.0 text. Costs what [`render`](Self::render) does, and a copy.
    ///
    /// A counter whose name does not end in `_total` is of type `unknown` there, so that its name is the same in all formats.
    #[must_use]
    pub fn render_openmetrics(&self) -> String {
        openmetrics::from_text(&self.render())
    }

    /// Everything recorded until now, typed. Costs what [`render`](Self::render) does, and about half as much again.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.render())
    }
}

#[cfg(feature = "axum")]
impl Prometheus {
    /// The name under which a family is read.
    pub(crate) fn prefixed(&self, name: &str) -> String {
        [&*self.inner.prefix, name].concat()
    }
}

impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prometheus").finish_non_exhaustive()
    }
}

impl Recorder for Prometheus {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.recorder.describe_counter(name, unit, text);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.recorder.describe_gauge(name, unit, text);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.recorder.describe_histogram(name, unit, text);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.inner.recorder.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.inner.fractional.note(key);
        self.inner.recorder.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.inner.recorder.register_histogram(key, metadata)
    }
}

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
}

impl Builder {
    fn new() -> Self {
        Self {
            prefix: String::new(),
            global_labels: Vec::new(),
            catalog: Catalog::new(),
            buckets: Vec::new(),
            upkeep_interval: Duration::from_secs(5),
            max_series: 10_000,
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
    /// A sample takes 16 bytes until then: 100,000 requests a second are 8 MB every 5 s.
    pub fn upkeep_interval(mut self, interval: Duration) -> Self {
        self.upkeep_interval = interval;
        self
    }

    /// How many series one metric may have. Defaults to 10,000. See [`SeriesLimit`] for what happens past it.
    pub fn max_series(mut self, max: usize) -> Self {
        self.max_series = max;
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
    /// ascending or not finite, an upkeep interval of zero, and a series limit of zero;
    /// [`ErrorKind::Io`] if the upkeep thread cannot be started.
    pub fn build(self) -> Result<Prometheus, Error> {
        self.check()?;
        let prefix = match &*self.prefix {
            "" => String::new(),
            prefix => format!("{prefix}_"),
        };
        let exporter = self.exporter(&prefix)?.build_recorder();
        let handle = exporter.handle();
        let limit = SeriesLimit::new(self.max_series).prefix(&prefix);
        let limited = limit.layer(Boundary::new(prefix.clone(), exporter));
        let families = self.catalog.families();
        let fractional = Arc::new(Fractional::among(families, &prefix));
        let day = Day::new(&prefix, day_of(SystemTime::now()));
        let day = Arc::new(Mutex::new(day));
        let recorder = Declared::new(families, limited);
        for family in families {
            family.describe(&recorder, family.name.to_owned());
        }
        let upkeep = Upkeep {
            handle: handle.clone(),
            fractional: Arc::clone(&fractional),
            day: Arc::clone(&day),
        };
        Ok(Prometheus {
            inner: Arc::new(Inner {
                prefix,
                before_reading: RwLock::default(),
                zero: Zero::now(),
                catalog: self.catalog,
                _upkeep: upkeep.start(self.upkeep_interval)?,
                fractional,
                day,
                handle,
                recorder,
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
        for (name, value) in &self.global_labels {
            exporter = exporter.add_global_label(&**name, escape(value));
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
        Ok(())
    }
}
