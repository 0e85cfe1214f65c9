//! `Prometheus`: the recorder and everything that is read from it.

use std::sync::Arc;

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, LocalRecorderGuard, Metadata, Recorder, SharedString,
    Unit,
};

use super::delta::Delta;
use super::history::MetricsHistory;
use super::reader::Reader;
use super::snapshot::Snapshot;
use super::store::Store;
use crate::catalog::{Catalog, Kind};
use crate::recorder::OwnRecorder;

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
/// No sample is lost or counted twice, whatever reads at the same time, and the memory depends on the number of series
/// alone. A background thread detects the change of day for the totals in `/metrics/json` every
/// [`daily_totals_interval`](crate::exporter::PrometheusBuilder::daily_totals_interval). It needs no async runtime and ends
/// when the last handle is dropped. The global recorder is a handle too, so the thread of an installed recorder never ends.
///
/// # Names and labels
///
/// Prometheus refuses a whole scrape for one faulty metric, so faults are mended at registration, with one warning each:
///
/// - Characters that not every Prometheus allows in names become underscores. `a.b` and `a-b` are one metric then.
///   [`utf8_names`](crate::exporter::PrometheusBuilder::utf8_names) keeps them.
/// - A label with an empty value is no label.
/// - A label that stands twice or has an empty name, and one whose name is reserved (`le`, `quantile`, names that begin with
///   `__`), get the prefix `exported_`.
/// - A name has one kind: that of the catalogue, else the first one. Other instruments of this name are not recorded, and
///   counted in `monitoring_series_rejected_total`.
/// - A sample of a histogram or float counter that is infinite or not a number is dropped, and so is a decrease of a float
///   counter. They are counted in `monitoring_samples_dropped_total`.
#[derive(Clone)]
pub struct Prometheus {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Arc<Store>,
    pub(super) reader: Arc<Reader>,
}

impl Prometheus {
    /// Returns all metrics in Prometheus text format 0.0.4.
    ///
    /// The cost grows with the number of series: in async code, call it in `spawn_blocking`, as this crate's routes do.
    #[must_use]
    pub fn render(&self) -> String {
        self.inner.reader.text()
    }

    /// Returns all metrics as `OpenMetrics` 1.0 text.
    ///
    /// A counter whose name does not end in `_total` has the type `unknown`, so that its name is the same in all
    /// formats. Bucket bounds are canonical numbers, as the format demands: `le="10.0"` where format 0.0.4 has
    /// `le="10"`. Prometheus 3 treats both as equal; older versions do not, so rules that match `le` as text depend on
    /// the format scraped.
    #[must_use]
    pub fn render_openmetrics(&self) -> String {
        self.inner.reader.openmetrics()
    }

    /// Returns all metrics in Prometheus' protobuf format: messages `io.prometheus.client.MetricFamily`, each with its length
    /// before it as a varint. Only this format shows
    /// [native histograms](crate::exporter::PrometheusBuilder::native_histograms).
    ///
    /// With the feature `protobuf`, [`Routes::metrics`](crate::Routes::metrics) answers in it to scrapers that ask for it.
    #[must_use]
    pub fn render_protobuf(&self) -> Vec<u8> {
        self.inner.reader.protobuf()
    }

    /// Returns all metrics as typed values. Series share their labels with the recorder, so this costs less than
    /// [`render`](Self::render).
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

    /// Removes a series, which frees its place among those that
    /// [`max_series`](crate::exporter::PrometheusBuilder::max_series) allows: that of a session that ended, for example.
    /// Name and labels are those that were recorded, without prefix and global labels. Returns whether there was such a series.
    ///
    /// If somebody still holds a handle of it and writes again, the series returns with its total. Otherwise it is forgotten,
    /// and begins at zero when it is registered again.
    ///
    /// ```
    /// # use metrics::{Key, Level, Metadata, Recorder};
    /// use tower_vitals::Prometheus;
    ///
    /// let prometheus = Prometheus::builder().build()?;
    /// # let metadata = Metadata::new("doc", Level::INFO, None);
    /// let key = Key::from_parts("session_bytes_total", &[("session", "a1")]);
    /// prometheus.register_counter(&key, &metadata).increment(512);
    ///
    /// assert!(prometheus.remove("session_bytes_total", &[("session", "a1")]));
    /// assert!(!prometheus.render().contains("a1"));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    #[expect(
        clippy::must_use_candidate,
        reason = "most callers need not know whether it was there"
    )]
    pub fn remove(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.inner.store.remove(name, labels)
    }

    /// What makes this recorder known to the instruments.
    pub(super) fn as_own_recorder(&self) -> OwnRecorder {
        OwnRecorder {
            identity: Arc::as_ptr(&self.inner).addr(),
            requests: Arc::clone(&self.inner.store) as _,
        }
    }

    pub(super) fn reader(&self) -> Arc<Reader> {
        Arc::clone(&self.inner.reader)
    }
}

debug_fields!(Prometheus {});

impl Recorder for Prometheus {
    fn describe_counter(&self, name: KeyName, _unit: Option<Unit>, text: SharedString) {
        self.inner.store.describe(name.as_str(), text);
    }

    fn describe_gauge(&self, name: KeyName, _unit: Option<Unit>, text: SharedString) {
        self.inner.store.describe(name.as_str(), text);
    }

    fn describe_histogram(&self, name: KeyName, _unit: Option<Unit>, text: SharedString) {
        self.inner.store.describe(name.as_str(), text);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let series = self.inner.store.register(Kind::Counter, key);
        series.map_or(Counter::noop(), Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let series = self.inner.store.register(Kind::Gauge, key);
        series.map_or(Gauge::noop(), Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let series = self.inner.store.register(Kind::Histogram, key);
        series.map_or(Histogram::noop(), Histogram::from_arc)
    }
}
