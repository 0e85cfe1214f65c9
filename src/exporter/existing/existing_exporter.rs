//! `ExistingExporter`: the handle of an exporter that the service installed itself.

use metrics_exporter_prometheus::PrometheusHandle;

use crate::catalog::Catalog;
use crate::exporter::delta::Delta;
use crate::exporter::history::MetricsHistory;
use crate::exporter::metrics_source::MetricsSource;
use crate::exporter::snapshot::Snapshot;

/// An exporter of the crate `metrics-exporter-prometheus` that the service installed itself, for services that keep it
/// instead of [`Prometheus`](crate::Prometheus). This handle is cheap to clone.
///
/// The routes take the exporter's handle as it is:
///
/// ```
/// use metrics_exporter_prometheus::PrometheusBuilder;
/// use tower_vitals::Routes;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
///
/// let handle = PrometheusBuilder::new().install_recorder()?;
/// let routes = Routes::new().metrics(handle);
/// # Ok(()) }
/// ```
///
/// An `ExistingExporter` has settings, and can be read in code:
///
/// ```
/// use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
/// use tower_vitals::Routes;
/// use tower_vitals::catalog::FAMILIES;
/// use tower_vitals::exporter::{ExistingExporter, HistoryConfig};
/// use tower_vitals::instrument::Collectors;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
///
/// let mut builder = PrometheusBuilder::new();
/// for family in FAMILIES.iter().filter(|family| !family.buckets.is_empty()) {
///     let name = Matcher::Full(family.name.to_owned());
///     builder = builder.set_buckets_for_metric(name, family.buckets)?;
/// }
/// let exporter = ExistingExporter::builder(builder.install_recorder()?)
///     .history(HistoryConfig::new())
///     .build()?;
/// let collecting = Collectors::new().app("1.2.0", "production").start()?;
/// exporter.on_gather(collecting.refresher());
/// let routes = Routes::new().metrics(exporter);
/// # Ok(()) }
/// ```
///
/// Building it describes the families of the catalogue to the recorder, so install the exporter before. A background thread
/// calls `PrometheusHandle::run_upkeep` until the last handle is dropped. Without upkeep, recorded histogram samples take
/// memory until the next scrape.
///
/// # Limits
///
/// Text is the exporter's own. Everything else is read from that text and has no more than the text has:
///
/// - **Nothing is bounded.** [`Prometheus`](crate::Prometheus) limits series, and the values that a catalogue declares for
///   labels, when they are recorded. Here they are in the exporter already. [`SeriesLimit`](crate::exporter::SeriesLimit)
///   limits the series of any recorder: wrap it around the exporter's before you install it.
/// - **Histograms without buckets are summaries**: the exporter writes their quantiles over the last minute. Snapshots and
///   JSON have their count, sum, average and those quantiles. Quantiles of several series cannot be merged, so JSON has null
///   for all series together. The history has their rate and average, but no quantiles. Set buckets as above.
/// - **Float counters are gauges in the text**, because counters of the `metrics` facade are integers. `OpenMetrics`, JSON,
///   snapshots and the history have those of the [catalogue](super::ExistingExporterBuilder::catalog) as counters.
/// - **Native histograms are missing.** The exporter writes them in protobuf only.
/// - `OpenMetrics` has no creation times, no negative sums and no negative quantiles of summaries.
/// - Metrics of one name and different kinds are several families in the text. The other formats have the first one.
/// - The exporter guesses which label values are escaped already, so values with backslashes may change or become equal.
/// - The series of an exporter with an idle timeout may end. Let the layers register them again:
///   [`reregister_after`](crate::http_metrics::HttpMetricsBuilder::reregister_after).
///
/// A snapshot, JSON or a tick of the history costs about 1.5 times as much as the text.
#[derive(Debug, Clone)]
pub struct ExistingExporter {
    pub(super) source: MetricsSource,
}

impl ExistingExporter {
    /// Returns all metrics in Prometheus text format 0.0.4: the text of `PrometheusHandle::render`, after the
    /// [hooks](Self::on_gather) have run.
    #[must_use]
    pub fn render(&self) -> String {
        self.source.reader.text()
    }

    /// Returns all metrics as `OpenMetrics` 1.0 text, like
    /// [`Prometheus::render_openmetrics`](crate::Prometheus::render_openmetrics).
    #[must_use]
    pub fn render_openmetrics(&self) -> String {
        self.source.reader.openmetrics()
    }

    /// Returns all metrics as typed values.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.source.reader.snapshot()
    }

    /// Calls `hook` before the metrics are gathered here, like [`Prometheus::on_gather`](crate::Prometheus::on_gather).
    /// `PrometheusHandle::render` and the exporter's own listener do not call it.
    pub fn on_gather(&self, hook: impl Fn() + Send + Sync + 'static) {
        self.source.reader.on_gather(hook);
    }

    /// Returns the families that were described to the recorder.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        self.source.reader.catalog()
    }

    /// Returns the metrics of the last minutes, if [`ExistingExporterBuilder::history`] was set.
    ///
    /// [`ExistingExporterBuilder::history`]: super::ExistingExporterBuilder::history
    #[must_use]
    pub fn history(&self) -> Option<&MetricsHistory> {
        self.source.reader.history()
    }

    /// Sets a new baseline for [`since_reset`](Self::since_reset) and `/metrics/json`, and clears the history. The
    /// exporter's totals keep rising.
    pub fn reset(&self) {
        self.source.reader.reset();
    }

    /// Returns the changes since the last [`reset`](Self::reset), or since this handle was built: totals from before it was
    /// built count, too.
    #[must_use]
    pub fn since_reset(&self) -> Delta {
        self.source.reader.since_reset()
    }
}

impl From<ExistingExporter> for MetricsSource {
    fn from(exporter: ExistingExporter) -> Self {
        exporter.source
    }
}

/// Reads the exporter with the default settings of [`ExistingExporter`]. If no thread can be started for its upkeep, that is
/// logged, and the scrapes do it.
impl From<PrometheusHandle> for MetricsSource {
    fn from(handle: PrometheusHandle) -> Self {
        ExistingExporter::of(handle).into()
    }
}
