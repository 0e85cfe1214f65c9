//! `Prometheus`: the recorder and everything that is read from it.

use std::sync::Arc;

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, LocalRecorderGuard, Metadata, Recorder, SharedString,
    Unit,
};
use metrics_exporter_prometheus::PrometheusRecorder;

use super::boundary::Boundary;
use super::declared::Declared;
use super::delta::Delta;
use super::fractional::Fractional;
use super::history::MetricsHistory;
use super::limit::Limited;
use super::names::canonical;
use super::reader::Reader;
use super::snapshot::Snapshot;
use crate::catalog::Catalog;

/// A Prometheus recorder. This handle is cheap to clone.
///
/// ```
/// use tower_vitals::Prometheus;
///
/// let prometheus = Prometheus::install()?;
/// // Everything that any crate records through the `metrics` facade is included:
/// let text: String = prometheus.render();
/// # Ok::<_, tower_vitals::Error>(())
/// ```
///
/// It implements [`Recorder`], so a recorder that is not installed can be passed to a layer
/// ([`HttpMetricsBuilder::recorder`](crate::http_metrics::HttpMetricsBuilder::recorder)) or to [`metrics::with_local_recorder`].
///
/// A background thread moves recorded histogram samples into their buckets every
/// [`upkeep_interval`](crate::exporter::PrometheusBuilder::upkeep_interval). It needs no async runtime and ends when
/// the last handle is dropped. The global recorder is a handle too, so the upkeep of an installed recorder never ends.
#[derive(Clone)]
pub struct Prometheus {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    /// Empty, or with its underscore.
    pub(super) prefix: String,
    pub(super) recorder: Declared<Limited<Boundary<PrometheusRecorder>>>,
    pub(super) fractional: Arc<Fractional>,
    pub(super) reader: Arc<Reader>,
}

impl Prometheus {
    /// Returns all metrics in Prometheus text format 0.0.4.
    ///
    /// The cost grows with the number of series: in async code, call it in `spawn_blocking`, as this crate's routes do.
    #[must_use]
    pub fn render(&self) -> String {
        self.inner.reader.render()
    }

    /// Returns all metrics as `OpenMetrics` 1.0 text. Costs as much as [`render`](Self::render) and a copy of the text.
    ///
    /// A counter whose name does not end in `_total` has the type `unknown`, so that its name is the same in all
    /// formats. Bucket bounds are canonical numbers, as the format demands: `le="10.0"` where format 0.0.4 has
    /// `le="10"`. Prometheus 3 treats both as equal; older versions do not, so rules that match `le` as text depend on
    /// the format scraped.
    #[must_use]
    pub fn render_openmetrics(&self) -> String {
        self.inner.reader.render_openmetrics()
    }

    /// Returns all metrics as typed values. Costs about 1.5 times as much as [`render`](Self::render).
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.inner.reader.snapshot()
    }

    /// Makes this the recorder of the current thread until the guard is dropped. For tests, which run in parallel in one
    /// process: see [`testing`](crate::exporter::testing).
    ///
    /// `#[tokio::test]` runs a test and the tasks that it spawns on one thread, so the guard holds across awaits. Other threads
    /// keep the recorder of the process.
    #[must_use = "the recorder is local until this is dropped"]
    pub fn set_local(&self) -> LocalRecorderGuard<'_> {
        metrics::set_default_local_recorder(self)
    }

    /// Calls `hook` before the metrics are gathered in any format, on the gathering thread. Use it for values that are
    /// sampled rather than recorded, such as those of [`Collectors`](crate::instrument::Collectors).
    ///
    /// The hook delays the scrape. It must not hold a handle of this recorder, because the recorder would never be
    /// dropped. Metrics that the hook itself gathers do not call hooks again. A panic in a hook is logged.
    pub fn on_gather(&self, hook: impl Fn() + Send + Sync + 'static) {
        self.inner.reader.on_gather(hook);
    }

    /// Returns the families that this recorder describes.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        self.inner.reader.catalog()
    }

    /// Returns the metrics of the last minutes, if
    /// [`PrometheusBuilder::history`](crate::exporter::PrometheusBuilder::history) was set.
    #[must_use]
    pub fn history(&self) -> Option<&MetricsHistory> {
        self.inner.reader.history()
    }

    /// Sets a new baseline for [`since_reset`](Self::since_reset) and `/metrics/json`, and clears the history.
    ///
    /// The totals that Prometheus scrapes and [`snapshot`](Self::snapshot) returns keep rising: Prometheus takes a
    /// falling counter for a restart.
    pub fn reset(&self) {
        self.inner.reader.reset();
    }

    /// Returns the changes since the last [`reset`](Self::reset), or since the recorder was built.
    ///
    /// ```
    /// # use metrics::{Key, Level, Metadata, Recorder};
    /// use tower_vitals::Prometheus;
    ///
    /// let prometheus = Prometheus::builder().build()?;
    /// # let metadata = Metadata::new("doc", Level::INFO, None);
    /// let orders = prometheus.register_counter(&Key::from_name("orders_total"), &metadata);
    /// orders.increment(5);
    /// prometheus.reset();
    /// orders.increment(2);
    ///
    /// assert_eq!(prometheus.since_reset().snapshot.sum("orders_total", &[]), Some(2.0));
    /// assert_eq!(prometheus.snapshot().sum("orders_total", &[]), Some(7.0));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    #[must_use]
    pub fn since_reset(&self) -> Delta {
        self.inner.reader.since_reset()
    }

    /// The address of the state that all clones share.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.inner).addr()
    }

    pub(super) fn reader(&self) -> Arc<Reader> {
        Arc::clone(&self.inner.reader)
    }
}

debug_fields!(Prometheus {});

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
        self.inner.fractional.note(&key);
        self.inner.recorder.register_gauge(&key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let key = canonical(&self.inner.prefix, key);
        self.inner.recorder.register_histogram(&key, metadata)
    }
}
