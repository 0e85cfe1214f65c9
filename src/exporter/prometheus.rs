//! `Prometheus`: the recorder, and what is read from it.

use std::fmt;
use std::sync::{Arc, Mutex, mpsc};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::PrometheusRecorder;

use super::boundary::Boundary;
use super::builder::Builder;
use super::declared::Declared;
use super::history::History;
use super::limit::Limited;
use super::names::canonical;
use super::openmetrics;
use super::snapshot::Snapshot;
use super::source::Source;
use super::zero::Zero;
use crate::catalog::Catalog;
use crate::error::Error;

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
/// ([`HttpMetricsBuilder::recorder`](crate::http_metrics::HttpMetricsBuilder::recorder)) or to
/// [`metrics::with_local_recorder`].
///
/// Histograms hold their samples until they are drained; a thread of its own does so every
/// [`upkeep_interval`](Builder::upkeep_interval), needs no async runtime, and ends when the last handle is dropped. The
/// global recorder counts as a handle: what goes on recording must go on being drained.
#[derive(Clone)]
pub struct Prometheus {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    /// With its underscore, or empty.
    pub(super) prefix: String,
    pub(super) catalog: Catalog,
    pub(super) recorder: Declared<Limited<Boundary<PrometheusRecorder>>>,
    pub(super) source: Arc<Source>,
    pub(super) history: Option<History>,
    pub(super) zero: Mutex<Zero>,
    /// Dropped with the last handle; the threads of upkeep and history hear it and end.
    pub(super) _threads: Vec<mpsc::Sender<()>>,
}

impl Prometheus {
    /// Builds a recorder with every default and makes it the process' global one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyInstalled`](crate::ErrorKind::AlreadyInstalled) if a recorder is installed already, ours or another;
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if the upkeep thread cannot be started.
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
        self.inner.source.render()
    }

    /// Everything recorded until now, as `OpenMetrics` 1.0 text. Costs what [`render`](Self::render) does, and a copy.
    ///
    /// A counter whose name does not end in `_total` is of type `unknown` there, so that its name is the same in all formats.
    /// Bounds are canonical numbers, which the format demands: `le="10.0"`, where 0.0.4 has `le="10"`. Prometheus 3 makes
    /// them one; a rule for an older one that matches `le` as text depends on which it reads.
    #[must_use]
    pub fn render_openmetrics(&self) -> String {
        openmetrics::from_text(&self.render())
    }

    /// Everything recorded until now, typed. Costs what [`render`](Self::render) does, and about half as much again.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.inner.source.snapshot()
    }

    /// Calls a function before each reading, by whatever form, on the thread that reads: for values that are read and not
    /// recorded as they happen, such as those of [`Collectors`](crate::instrument::Collectors).
    ///
    /// It should take no longer than a reading may, and hold no handle of this recorder, which would then never end. A
    /// reading that it makes itself calls nothing; if it panics, that is logged.
    pub fn before_reading(&self, hook: impl Fn() + Send + Sync + 'static) {
        self.inner.source.before_reading(hook);
    }

    /// The families it was built to describe.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// What was recorded in the last minutes, if [`Builder::history`] asked for it.
    #[must_use]
    pub fn history(&self) -> Option<&History> {
        self.inner.history.as_ref()
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
        let key = canonical(&self.inner.prefix, key);
        self.inner.recorder.register_counter(&key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        let key = canonical(&self.inner.prefix, key);
        self.inner.source.fractional.note(&key);
        self.inner.recorder.register_gauge(&key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let key = canonical(&self.inner.prefix, key);
        self.inner.recorder.register_histogram(&key, metadata)
    }
}
