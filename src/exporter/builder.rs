//! `PrometheusBuilder`: the settings of a recorder.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::exemplars::{ExemplarLabels, ExemplarSource, Supply};
use super::history::HistoryConfig;
use super::native_histograms::{NativeHistograms, native_families};
use super::prometheus::{Inner, Prometheus};
use super::reader::Reader;
use super::register_zeros::register_zeros;
use super::store::{IdleTimeouts, Store, StoreConfig, StoreSource};
use crate::catalog::{Catalog, Kind};
use crate::error::{Error, ErrorKind};
use crate::recorder::{self, announce_waiting};

/// Whether this crate installed the global recorder. Only the wording of a second install's error depends on it.
static INSTALLED: AtomicBool = AtomicBool::new(false);

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
            native_histograms: Vec::new(),
            daily_totals_interval: Duration::from_secs(5),
            max_series: 10_000,
            idle_timeouts: IdleTimeouts::default(),
            history: None,
            exemplars: None,
            created_timestamps: false,
            utf8_names: false,
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
    pub(super) prefix: String,
    pub(super) global_labels: Vec<(Cow<'static, str>, String)>,
    pub(super) catalog: Catalog,
    pub(super) buckets: Vec<(String, Vec<f64>)>,
    pub(super) native_histograms: Vec<NativeHistograms>,
    pub(super) daily_totals_interval: Duration,
    pub(super) max_series: usize,
    pub(super) idle_timeouts: IdleTimeouts,
    pub(super) history: Option<HistoryConfig>,
    pub(super) exemplars: Option<Supply>,
    pub(super) created_timestamps: bool,
    pub(super) utf8_names: bool,
}

impl PrometheusBuilder {
    /// Puts `prefix` and an underscore before the name of every metric. Defaults to no prefix.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Adds a label to every series, except to those that have a label of this name. The last value of several wins. Defaults to
    /// none.
    pub fn global_label(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        let name = name.into();
        self.global_labels.retain(|(known, _)| *known != name);
        self.global_labels.push((name, value.into()));
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
    /// Defaults to the catalogue's buckets. Histograms outside the catalogue default to [`SIZE_BUCKETS`](crate::catalog::SIZE_BUCKETS) if
    /// their name ends in `_bytes`, and to [`DURATION_BUCKETS`](crate::catalog::DURATION_BUCKETS) otherwise.
    ///
    /// A name that the catalogue lacks is an error if it looks mistyped: a few letters from a histogram of the catalogue,
    /// with the prefix before it, or with the beginning of the crate's own names. Other such names are logged as a warning.
    /// [`Catalog::register`] makes a name of your own known.
    pub fn buckets(mut self, metric: impl Into<String>, bounds: &[f64]) -> Self {
        self.buckets.push((metric.into(), bounds.to_vec()));
        self
    }

    /// Sets how often a background thread looks whether another day (UTC) has begun, for the daily totals in `/metrics/json`,
    /// and whether series are idle. Defaults to 5 s.
    pub fn daily_totals_interval(mut self, interval: Duration) -> Self {
        self.daily_totals_interval = interval;
        self
    }

    /// Limits the series of each metric. Defaults to 10,000.
    ///
    /// Counters and histograms above the limit are recorded in one series whose labels all have the value `other`. Gauges above
    /// it are dropped, because `other` would show whichever of them was set last. Each such registration is counted in
    /// `monitoring_series_dropped_total{metric}`, which exists at 0 for each metric with labels, and the first one is logged as
    /// a warning that names the label with most values.
    /// [`idle_timeout`](Self::idle_timeout) and [`Prometheus::remove`] free places.
    pub fn max_series(mut self, max: usize) -> Self {
        self.max_series = max;
        self
    }

    /// Lets series leave the exposition that nobody has written to for this long. Defaults to never.
    ///
    /// A series returns with its total as soon as any handle writes to it, also one that was kept all the time. The totals of up
    /// to [`max_series`](Self::max_series) idle series of each metric are kept, and those that somebody holds a handle of.
    /// Beyond, the longest idle ones are forgotten and begin at zero again, which Prometheus takes for a restart. A gauge that
    /// is set to the value it has is written to. A gauge that is only incremented and decremented counts things under way, such
    /// as requests, and does not leave while it is not 0.
    ///
    /// For Prometheus, a series that leaves is stale at the next scrape. Choose a timeout of several scrape intervals.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeouts.of_all = Some(timeout);
        self
    }

    /// Sets the timeout of one kind of metric, in place of [`idle_timeout`](Self::idle_timeout).
    pub fn idle_timeout_for(mut self, kind: Kind, timeout: Duration) -> Self {
        self.idle_timeouts.of_kinds.insert(kind, timeout);
        self
    }

    /// Keeps the metrics of the last minutes in memory, see [`MetricsHistory`](super::MetricsHistory). Defaults to no history.
    pub fn history(mut self, config: HistoryConfig) -> Self {
        self.history = Some(config);
        self
    }

    /// Keeps exemplars: for each bucket and each counter, the last recorded value that `supply` had labels for. Defaults to none.
    ///
    /// A graph of Prometheus shows them as points that lead to the traces of slow requests. `supply` returns the labels of what
    /// the current thread does, usually the ids of a sampled trace:
    ///
    /// ```
    /// use tower_vitals::Prometheus;
    /// use tower_vitals::exporter::ExemplarLabels;
    ///
    /// # fn current_trace() -> Option<([u8; 16], [u8; 8])> { None }
    /// let prometheus = Prometheus::builder()
    ///     .exemplars(|| current_trace().map(|(trace, span)| ExemplarLabels::trace(trace, span)))
    ///     .build()?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// With the feature `otel`, `ExemplarLabels::of_current_span` is such a function.
    ///
    /// It is called on the thread that records, after the record, at most once a second for each bucket of a histogram and for
    /// each counter. So an exemplar is kept of whatever any crate records to a histogram, or adds to a counter whose name ends in
    /// `_total`. `supply` must be quick and must not block. If it panics, the value has no exemplar.
    ///
    /// The HTTP layers record when a response body ends. The layer that enters the request's span must be outside of them, so that
    /// the span is the current one then.
    ///
    /// Only `OpenMetrics` and protobuf have exemplars, with the time at which they were recorded. Prometheus stores them with
    /// `--enable-feature=exemplar-storage`. Names and values of the labels may have 128 characters together: longer ones are
    /// dropped, counted in `monitoring_exemplars_dropped_total`, and logged once.
    ///
    /// Recording neither waits nor allocates for an exemplar. The memory is allocated when a series is registered: 56 bytes for each
    /// bucket or counter, and 48 bytes more for each series. A thread with 32 bytes for each exemplar of the last second lets
    /// recording ask again. A histogram with more than 64 buckets asks for some of them together.
    pub fn exemplars(
        mut self,
        supply: impl Fn() -> Option<ExemplarLabels> + Send + Sync + 'static,
    ) -> Self {
        self.exemplars = Some(Arc::new(supply));
        self
    }

    /// Writes the time at which each counter and histogram was created to `OpenMetrics`, as `_created` after its other samples,
    /// and to protobuf. Defaults to no.
    ///
    /// A Prometheus 3 with `--enable-feature=created-timestamp-zero-ingestion` takes it for a sample of zero at that time. So
    /// `increase()` counts the first value of a new counter, and a restart that is too quick for a scrape between. Any other
    /// Prometheus stores a further series for each counter and histogram.
    ///
    /// The time never moves. A series that was idle returns with it, and one that was forgotten begins at zero with a new one.
    /// A counter that was set to a total, by `absolute` or by `set` of a float counter, has none, because that total may have
    /// begun before.
    pub fn created_timestamps(mut self, are_written: bool) -> Self {
        self.created_timestamps = are_written;
        self
    }

    /// Keeps names of metrics and labels as they are recorded, such as `http.server.request.duration`. Defaults to underscores in
    /// place of the characters that not every scraper can take.
    ///
    /// The routes write such names, in quotes, for scrapers that send `escaping=allow-utf-8`, as Prometheus 3 does. Other
    /// scrapers, [`Prometheus::render`] and the Pushgateway get underscores, or `dots` and `values` if they ask for these
    /// escapings. Snapshots, JSON, the history and alert rules have the names as they are kept. Quotes, backslashes and control
    /// characters become underscores nevertheless. Prometheus 3.4 and later ask for protobuf without an escaping, so a flag that makes
    /// them prefer protobuf gives underscores, too.
    ///
    /// `a.b` and `a_b` are two metrics then. Where underscores make one name of both, the one that was registered first is
    /// shown and the other is left out, which is logged once as a warning. The metrics of the [catalogue](Self::catalog) are
    /// registered first. Two labels of one metric whose names differ only in such characters are one label.
    pub fn utf8_names(mut self) -> Self {
        self.utf8_names = true;
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
        recorder::set_global(prometheus.as_own_recorder());
        INSTALLED.store(true, Ordering::Release);
        announce_waiting(&prometheus);
        Ok(prometheus)
    }

    /// Builds the recorder and starts its thread, without installing it.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::InvalidConfig`] with all mistakes: a prefix or label name that Prometheus would reject; buckets
    ///   that are empty, not ascending, not finite, of a counter or gauge of the catalogue, or of a metric whose name
    ///   looks mistyped; [`NativeHistograms`] outside their limits, or with such a name; an interval of the daily totals, an idle timeout or a series limit of zero; a history whose interval or
    ///   series limit is zero, or whose window has fewer than 2 or more than 100,000 intervals.
    /// - [`ErrorKind::Io`] if a thread cannot be started.
    pub fn build(self) -> Result<Prometheus, Error> {
        Error::combine(self.mistakes())?;
        self.warn_of_unknown_metrics();
        recorder::identify_with(|any| {
            let own: &Prometheus = any.downcast_ref()?;
            Some(own.as_own_recorder())
        });
        let prefix = match &*self.prefix {
            "" => String::new(),
            prefix => format!("{prefix}_"),
        };
        let families = self.catalog.families();
        let own_buckets = self.buckets.iter();
        let own_buckets = own_buckets
            .map(|(metric, bounds)| (self.kept(metric, prefix.is_empty()), bounds.clone()));
        let native = native_families(&self.native_histograms, |metric| {
            self.kept(metric, prefix.is_empty())
        });
        let exemplars = self
            .exemplars
            .clone()
            .map(ExemplarSource::new)
            .map(Arc::new);
        let config = StoreConfig {
            prefix: prefix.clone(),
            max_series: self.max_series,
            buckets: own_buckets.collect(),
            native,
            global_labels: self.global_labels,
            idle_timeouts: self.idle_timeouts,
            exemplars: exemplars.clone(),
            created_timestamps: self.created_timestamps,
            utf8_names: self.utf8_names,
        };
        let store = Arc::new(Store::new(config, families));
        let source = StoreSource::new(Arc::clone(&store));
        let mut reader = Reader::new(prefix, self.catalog, source);
        reader.start_upkeep(self.daily_totals_interval)?;
        if let Some(exemplars) = exemplars {
            reader.start_exemplars(Arc::clone(exemplars.timer()))?;
        }
        if let Some(config) = self.history {
            reader.start_history(config)?;
        }
        let prometheus = Prometheus {
            inner: Arc::new(Inner {
                store,
                reader: Arc::new(reader),
            }),
        };
        register_zeros(&prometheus, self.max_series);
        Ok(prometheus)
    }
}

debug_redacted!(PrometheusBuilder {
    prefix,
    global_labels,
    catalog,
    buckets,
    native_histograms,
    daily_totals_interval,
    max_series,
    idle_timeouts,
    history,
    created_timestamps,
    utf8_names
});
