//! `MetricsHistory`: the handle of a history, and the ticks that fill it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc};
use std::time::SystemTime;

use parking_lot::Mutex;

use super::config::HistoryConfig;
use super::query::HistoryQuery;
use super::ring::{Bounds, Ring};
use super::stats::HistoryStats;
use super::time_series::TimeSeries;
use crate::catalog::Kind;
use crate::error::Error;
use crate::exporter::gatherer::Gatherer;
use crate::measure::Instant;
use crate::ticker::spawn_ticker;

/// The metrics of the last minutes, if [`PrometheusBuilder::history`](crate::exporter::PrometheusBuilder::history) was
/// set. This handle is cheap to clone.
///
/// ```
/// use tower_vitals::Prometheus;
/// use tower_vitals::exporter::{HistoryConfig, HistoryQuery};
///
/// let prometheus = Prometheus::builder().history(HistoryConfig::new()).build()?;
/// let history = prometheus.history().unwrap();
/// for series in history.query(&HistoryQuery::rate("http_requests_total").sum())? {
///     for (time, requests_per_second) in series.points {
///         // ..
///     }
/// }
/// # Ok::<_, tower_vitals::Error>(())
/// ```
///
/// A background thread takes a tick every interval, until the last handle of the [`Prometheus`](crate::Prometheus)
/// recorder is dropped. A `MetricsHistory` that outlives the recorder can still be queried. The history is in memory
/// only: **a restart empties it**. [`HistoryStats::since`] tells when recording began.
///
/// # Memory
///
/// The oldest tick is stored in full, later ticks as changes. An unchanged series costs nothing, a changed counter or
/// integer gauge 2 to 4 bytes, another gauge 9, and a histogram 10, plus 2 or 3 for each bucket that changed.
///
/// Window and interval bound the number of ticks, and the series limit bounds the number of series. In the worst case
/// every series changes in every tick, in all its buckets. With the defaults (180 ticks of 10,000 series) that takes
/// 7 MB for counters, 18 MB for gauges, or 100 MB for histograms of 14 buckets with up to 16,383 samples each per tick.
/// Each series takes another 200 to 500 bytes. [`HistoryStats::bytes`] tells the actual use.
#[derive(Clone)]
pub struct MetricsHistory {
    inner: Arc<Inner>,
}

struct Inner {
    config: HistoryConfig,
    /// The families of the catalogue by full name. They are known before they have series.
    catalogued: BTreeMap<String, Kind>,
    gatherer: Arc<Gatherer>,
    started: Instant,
    ring: RwLock<Ring>,
    /// Held from gathering a tick until it is stored. Otherwise two concurrent ticks could be stored in the wrong
    /// order, and the older one's lower totals would look like a restart.
    tick: Mutex<()>,
}

impl MetricsHistory {
    /// Takes the first tick now and later ticks on a thread that ends when the returned sender is dropped.
    pub(in crate::exporter) fn start(
        config: HistoryConfig,
        catalogued: BTreeMap<String, Kind>,
        gatherer: Arc<Gatherer>,
    ) -> Result<(Self, mpsc::Sender<()>), Error> {
        let history = Self {
            inner: Arc::new(Inner {
                ring: RwLock::new(empty_ring(config)),
                tick: Mutex::default(),
                config,
                catalogued,
                gatherer,
                started: Instant::now(),
            }),
        };
        history.tick();
        let ticking = history.clone();
        let thread = spawn_ticker(config.interval, "vitals-history", move || ticking.tick())?;
        Ok((history, thread))
    }

    /// Returns one [`TimeSeries`] per matching series, by labels; none for a catalogued metric without series.
    ///
    /// The query reads the whole ring: in async code, call it in `spawn_blocking`, as this crate's routes do.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for an unknown metric or label, a measure that
    /// metrics of this kind do not have, a quantile outside 0 to 1, a window that is zero or longer than the history's,
    /// and a result of more than 2,000,000 points.
    pub fn query(&self, query: &HistoryQuery) -> Result<Vec<TimeSeries>, Error> {
        let ring = self.read();
        let kind = self.kind_in(&ring, &query.metric).ok_or_else(|| {
            let catalogued = self.inner.catalogued.keys();
            let known = catalogued.chain(ring.metrics.keys()).map(|name| &**name);
            query.unknown_metric(known, ring.series_dropped)
        })?;
        query.check_kind(kind)?;
        query.check_window(self.inner.config.window)?;
        let Some(metric) = ring.metrics.get(&query.metric) else {
            return Ok(Vec::new());
        };
        query.check_bounds(metric)?;
        query.check_labels(metric)?;
        let matching = query.matching(metric);
        query.check_size(&ring, matching.len())?;
        Ok(query.evaluate(&ring, metric, matching))
    }

    /// Returns the content and size of the history.
    #[must_use]
    pub fn stats(&self) -> HistoryStats {
        let ring = self.read();
        let metrics = ring.metrics.iter();
        HistoryStats {
            since: ring.since,
            interval: self.inner.config.interval,
            window: self.inner.config.window,
            ticks: ring.ticks.len(),
            series: ring.series(),
            series_dropped: ring.series_dropped,
            bytes: ring.bytes(),
            metrics: metrics
                .map(|(name, metric)| (name.clone(), metric.kind))
                .collect(),
        }
    }

    /// Returns the kind of a metric that was recorded or is in the catalogue; `None` for other metrics.
    #[must_use]
    pub fn kind(&self, metric: &str) -> Option<Kind> {
        self.kind_in(&self.read(), metric)
    }

    /// Drops all ticks and takes a new first tick. Metrics and their totals are unaffected. Costs a
    /// [`snapshot`](crate::Prometheus::snapshot).
    pub fn clear(&self) {
        self.inner.gatherer.run_hooks();
        let _tick = self.inner.tick.lock();
        *self.write() = empty_ring(self.inner.config);
        self.store_tick();
    }

    /// Takes a tick now, in addition to those of the interval, so that a test need not wait for one. Costs a
    /// [`snapshot`](crate::Prometheus::snapshot).
    pub fn tick(&self) {
        // Hooks run before the lock is taken, because a hook may call this function.
        self.inner.gatherer.run_hooks();
        let _tick = self.inner.tick.lock();
        self.store_tick();
    }

    fn store_tick(&self) {
        let snapshot = self.inner.gatherer.baseline_without_hooks();
        let at = snapshot.at.since(self.inner.started);
        self.write()
            .record(&snapshot.families, at, snapshot.taken_at);
    }

    fn kind_in(&self, ring: &Ring, metric: &str) -> Option<Kind> {
        let recorded = ring.metrics.get(metric).map(|metric| metric.kind);
        recorded.or_else(|| self.inner.catalogued.get(metric).copied())
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Ring> {
        let ring = &self.inner.ring;
        ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// After a panic during a write the ring may be inconsistent, so it is replaced by an empty one.
    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Ring> {
        let ring = &self.inner.ring;
        ring.write().unwrap_or_else(|poisoned| {
            ring.clear_poison();
            let mut ring = poisoned.into_inner();
            *ring = empty_ring(self.inner.config);
            ring
        })
    }
}

fn empty_ring(config: HistoryConfig) -> Ring {
    let bounds = Bounds {
        ticks: config.ticks(),
        window: config.window,
        series: config.max_series,
    };
    Ring::new(bounds, SystemTime::now())
}

impl fmt::Debug for MetricsHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsHistory")
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}
