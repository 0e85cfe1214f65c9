//! `History`: what was recorded in the last minutes, in a bounded ring.

mod change;
mod check;
mod keep;
mod query;
mod replay;
mod ring;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc,
};
use std::time::{Duration, SystemTime};

pub use self::keep::Keep;
pub use self::query::{Query, Timeline};
use self::ring::{Bounds, Ring};
use super::source::Source;
use crate::catalog::Kind;
use crate::error::Error;
use crate::measure::Instant;
use crate::ticker::spawn_ticker;

/// What was recorded in the last minutes: a cheap handle to the ring that
/// [`Builder::history`](crate::exporter::Builder::history) asks for.
///
/// ```
/// use tower_vitals::Prometheus;
/// use tower_vitals::exporter::{Keep, Query};
///
/// let prometheus = Prometheus::builder().history(Keep::default()).build()?;
/// let history = prometheus.history().unwrap();
/// for timeline in history.query(&Query::rate("http_requests_total").sum())? {
///     for (when, requests_a_second) in timeline.points {
///         // ..
///     }
/// }
/// # Ok::<_, tower_vitals::Error>(())
/// ```
///
/// A thread of its own takes a tick every interval and ends with the last handle of the [`Prometheus`](super::Prometheus);
/// a `History` that is held longer answers with what it has. It lives in memory alone: **a restart empties it**, and
/// [`Kept::since`] says since when it is kept.
///
/// # Memory
///
/// The oldest tick is kept whole, and of every later one what changed. A series that did not change costs nothing; a counter or
/// whole gauge 2 to 4 bytes; another gauge 9; a histogram 10, and 2 or 3 for each bucket that got samples.
///
/// Ticks are bounded by window and interval, series by their limit. At worst every series changes at every tick, in all its
/// buckets: with the defaults, 180 ticks of 10,000 series, that is 7 MB of counters, 18 MB of gauges of any value, or 100 MB
/// of histograms of 14 buckets (of up to 16,383 samples each, a tick), and some 200 to 500 bytes a series beside. Where one
/// in a hundred changes it is a hundredth. [`Kept::bytes`] says how much it is.
#[derive(Clone)]
pub struct History {
    inner: Arc<Inner>,
}

struct Inner {
    keep: Keep,
    /// The catalogue's families, as they are read: they are known before they have series.
    catalogued: BTreeMap<String, Kind>,
    source: Arc<Source>,
    started: Instant,
    ring: RwLock<Ring>,
    /// Held from a tick's reading to its place in the ring.
    ticking: Mutex<()>,
}

/// What a [`History`] holds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Kept {
    /// Since when, at the longest: the start of the process, or the last [`clear`](History::clear). It goes back no further
    /// than the window.
    pub since: SystemTime,
    /// The time between ticks.
    pub interval: Duration,
    /// How far back it goes.
    pub window: Duration,
    /// How many ticks there are.
    pub ticks: usize,
    /// How many series are kept.
    pub series: usize,
    /// How many there were at the newest tick that found no place.
    pub series_left_out: usize,
    /// Memory it takes, about: without what the allocator adds.
    pub bytes: usize,
    /// The metrics that have series, by name.
    pub metrics: Vec<(String, Kind)>,
}

impl History {
    /// Takes the first tick, and every later one on a thread that ends when the returned sender is dropped.
    pub(super) fn start(
        keep: Keep,
        catalogued: BTreeMap<String, Kind>,
        source: Arc<Source>,
    ) -> Result<(Self, mpsc::Sender<()>), Error> {
        let history = Self {
            inner: Arc::new(Inner {
                ring: RwLock::new(keep.ring()),
                ticking: Mutex::default(),
                keep,
                catalogued,
                source,
                started: Instant::now(),
            }),
        };
        history.tick();
        let ticking = history.clone();
        let alive = spawn_ticker(keep.interval, "vitals-history", move || ticking.tick())?;
        Ok((history, alive))
    }

    /// What is asked for: a [`Timeline`] for each series, by their labels. None if the metric is in the catalogue and has no series yet.
    ///
    /// Goes through the whole ring: off the async threads, as the crate's routes do.
    ///
    /// # Errors
    ///
    /// A metric or label that is not known; what a metric of its kind has not (the rate of a gauge, the values of a histogram,
    /// the average or quantile of anything else); a quantile outside 0 to 1; a window of zero or longer than what is
    /// kept; more than 2,000,000 points.
    pub fn query(&self, query: &Query) -> Result<Vec<Timeline>, Error> {
        let ring = self.read();
        let kind = self.kind_in(&ring, &query.metric).ok_or_else(|| {
            let catalogued = self.inner.catalogued.keys();
            let known = catalogued.chain(ring.metrics.keys()).map(|name| &**name);
            query.unknown(known, ring.left_out)
        })?;
        query.check_kind(kind)?;
        query.check_window(self.inner.keep.window)?;
        let Some(metric) = ring.metrics.get(&query.metric) else {
            return Ok(Vec::new());
        };
        query.check_labels(metric)?;
        let matching = query.matching(metric);
        query.check_size(&ring, &matching)?;
        Ok(query.answer(&ring, metric, matching))
    }

    /// What it holds, and how much.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let ring = self.read();
        let metrics = ring.metrics.iter();
        Kept {
            since: ring.since,
            interval: self.inner.keep.interval,
            window: self.inner.keep.window,
            ticks: ring.ticks.len(),
            series: ring.series(),
            series_left_out: ring.left_out,
            bytes: ring.bytes(),
            metrics: metrics
                .map(|(name, metric)| (name.clone(), metric.kind))
                .collect(),
        }
    }

    /// What a metric measures with, if it is known: of the catalogue, or recorded.
    #[must_use]
    pub fn kind(&self, metric: &str) -> Option<Kind> {
        self.kind_in(&self.read(), metric)
    }

    /// Forgets everything and begins anew, now: what Prometheus reads stays as it is. Costs a
    /// [`snapshot`](super::Prometheus::snapshot).
    pub fn clear(&self) {
        self.inner.source.call_hooks();
        let ticking = self.ticking();
        *self.write() = self.inner.keep.ring();
        self.tick_now(&ticking);
    }

    /// Takes a tick now, beside those of the interval: for a test that does not wait. It has its place in the window as any other.
    /// Costs a [`snapshot`](super::Prometheus::snapshot).
    pub fn tick(&self) {
        // First, for a function that is called before each reading may do so, too.
        self.inner.source.call_hooks();
        self.tick_now(&self.ticking());
    }

    /// From the reading to its place in the ring: of two at once, the one that read less could come later, and all that had
    /// been counted would be new.
    fn ticking(&self) -> MutexGuard<'_, ()> {
        let ticking = self.inner.ticking.lock();
        ticking.unwrap_or_else(PoisonError::into_inner)
    }

    fn tick_now(&self, _ticking: &MutexGuard<'_, ()>) {
        let snapshot = self.inner.source.snapshot_as_it_is();
        let at = snapshot.at().since(self.inner.started);
        self.write()
            .record(&snapshot.families, at, snapshot.taken_at);
    }

    fn kind_in(&self, ring: &Ring, metric: &str) -> Option<Kind> {
        let recorded = ring.metrics.get(metric).map(|metric| metric.kind);
        recorded.or_else(|| self.inner.catalogued.get(metric).copied())
    }

    fn read(&self) -> RwLockReadGuard<'_, Ring> {
        let ring = &self.inner.ring;
        ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// After a panic half way through a tick nobody knows what the ring holds: it is begun anew.
    fn write(&self) -> RwLockWriteGuard<'_, Ring> {
        let ring = &self.inner.ring;
        ring.write().unwrap_or_else(|poisoned| {
            ring.clear_poison();
            let mut ring = poisoned.into_inner();
            *ring = self.inner.keep.ring();
            ring
        })
    }
}

impl Keep {
    fn ring(&self) -> Ring {
        let bounds = Bounds {
            ticks: self.ticks(),
            window: self.window,
            series: self.max_series,
        };
        Ring::new(bounds, SystemTime::now())
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History")
            .field("keep", &self.inner.keep)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
