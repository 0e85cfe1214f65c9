//! `SeriesLimit`: bounds the number of series of each metric of another exporter.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, SharedString, Unit,
};

use crate::catalog::MONITORING_SERIES_DROPPED;

/// Bounds the number of series of every metric of another exporter. [`Prometheus`](super::Prometheus) has
/// [such a limit](super::PrometheusBuilder::max_series) itself.
///
/// Counters and histograms above the limit are recorded in one series whose labels all have the value `other`. Gauges above it
/// are dropped, because `other` would show whichever of them was set last. Each such registration is counted in
/// `monitoring_series_dropped_total{metric}`, which exists at 0 for each metric with labels. The first one is logged as a
/// warning that names the label with most values.
///
/// Admitted series stay admitted as long as the recorder lives.
///
/// ```
/// use metrics::{Key, Label, Level, Metadata, Recorder};
/// use metrics_util::debugging::DebuggingRecorder;
/// use tower_vitals::exporter::SeriesLimit;
///
/// let exporter = DebuggingRecorder::new();
/// let seen = exporter.snapshotter();
/// let recorder = SeriesLimit::new(2).layer(exporter);
///
/// let metadata = Metadata::new("docs", Level::INFO, None);
/// for user in ["ann", "bob", "cleo", "dan"] {
///     let key = Key::from_parts("logins_total", vec![Label::new("user", user)]);
///     recorder.register_counter(&key, &metadata).increment(1);
/// }
///
/// // ann, bob, other and the count of dropped series.
/// assert_eq!(seen.snapshot().into_vec().len(), 4);
/// ```
#[derive(Clone)]
pub struct SeriesLimit {
    max_series: usize,
}

impl SeriesLimit {
    /// Allows `max_series` series per metric, and one more for those above the limit. Zero means one.
    #[must_use]
    pub fn new(max_series: usize) -> Self {
        Self {
            max_series: max_series.max(1),
        }
    }

    /// Puts the limit around a recorder. With the feature `metrics-exporter-prometheus`, this is also a layer of the crate
    /// `metrics-util`.
    pub fn layer<R>(&self, inner: R) -> Limited<R> {
        Limited {
            inner,
            limit: self.clone(),
            metrics: RwLock::default(),
            hasher: RandomState::new(),
        }
    }
}

#[cfg(feature = "metrics-exporter-prometheus")]
impl<R> metrics_util::layers::Layer<R> for SeriesLimit {
    type Output = Limited<R>;

    fn layer(&self, inner: R) -> Limited<R> {
        self.layer(inner)
    }
}

/// The recorder that [`SeriesLimit`] wraps around another one.
pub struct Limited<R> {
    inner: R,
    limit: SeriesLimit,
    metrics: RwLock<HashMap<KeyName, Arc<RwLock<Metric>>>>,
    hasher: RandomState,
}

/// The admitted series of a metric, as hashes. Two series with the same hash count as one, which admits one more.
#[derive(Default)]
struct Metric {
    admitted: HashSet<u64>,
    /// Whether a series with labels was admitted.
    has_labels: bool,
    values: BTreeMap<String, HashSet<u64>>,
    over: Option<Arc<Over>>,
}

/// The series for everything above the limit.
struct Over {
    key: Key,
    dropped: OnceLock<Counter>,
    /// Counted before `dropped` was registered.
    early: AtomicU64,
}

impl Over {
    fn of(key: &Key) -> Self {
        let labels = key
            .labels()
            .map(|label| Label::new(label.key().to_owned(), "other"));
        Self {
            key: Key::from_parts(key.name_shared(), labels.collect::<Vec<_>>()).to_retained(),
            dropped: OnceLock::new(),
            early: AtomicU64::new(0),
        }
    }

    fn count(&self) {
        self.early.fetch_add(1, Ordering::AcqRel);
        if let Some(dropped) = self.dropped.get() {
            dropped.increment(self.early.swap(0, Ordering::AcqRel));
        }
    }
}

impl<R: Recorder> Limited<R> {
    /// Returns the key to register instead of `key`; `None` if `key` is admitted.
    fn replacement(&self, key: &Key) -> Option<Key> {
        let metric = self.metric(key);
        let series = self.hash(key);
        {
            let metric = metric.read().unwrap_or_else(PoisonError::into_inner);
            if metric.admitted.contains(&series) {
                return None;
            }
            if let Some(over) = &metric.over {
                over.count();
                return Some(over.key.clone());
            }
        }
        let (over, is_new, values) = {
            let mut metric = metric.write().unwrap_or_else(PoisonError::into_inner);
            if metric.admitted.contains(&series) {
                return None;
            }
            if metric.admitted.len() < self.limit.max_series {
                self.admit(&mut metric, series, key);
                let is_first =
                    key.labels().len() > 0 && !mem::replace(&mut metric.has_labels, true);
                drop(metric);
                if is_first && key.name() != MONITORING_SERIES_DROPPED.name {
                    // The count exists at 0, so that `increase()` sees the first dropped series.
                    let _zero = self.dropped(key);
                }
                return None;
            }
            let is_new = metric.over.is_none();
            let over = metric.over.get_or_insert_with(|| Arc::new(Over::of(key)));
            // Only the first warning needs the values.
            (Arc::clone(over), is_new, mem::take(&mut metric.values))
        };
        // Without the lock, because an inner recorder that logs, or a subscriber that records, may call this function.
        if is_new {
            // This is the first registration, so the cell is empty.
            let _ = over.dropped.set(self.dropped(key));
        }
        over.count();
        if !values.is_empty() {
            self.warn(&values, key);
        }
        Some(over.key.clone())
    }

    fn metric(&self, key: &Key) -> Arc<RwLock<Metric>> {
        {
            let metrics = self.metrics.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(metric) = metrics.get(key.name()) {
                return Arc::clone(metric);
            }
        }
        let mut metrics = self.metrics.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(metrics.entry(key.name_shared().to_retained()).or_default())
    }

    /// Independent of the labels' order, like the equality of keys. The key's own hash is made for speed and collides
    /// among a hundred label values.
    fn hash(&self, key: &Key) -> u64 {
        key.labels()
            .map(|label| self.hasher.hash_one((label.key(), label.value())))
            .fold(0, u64::wrapping_add)
    }

    fn admit(&self, metric: &mut Metric, series: u64, key: &Key) {
        metric.admitted.insert(series);
        for label in key.labels() {
            let value = self.hasher.hash_one(label.value());
            if let Some(values) = metric.values.get_mut(label.key()) {
                values.insert(value);
            } else {
                metric
                    .values
                    .insert(label.key().to_owned(), HashSet::from([value]));
            }
        }
    }

    fn dropped(&self, key: &Key) -> Counter {
        let metric = Label::new("metric", key.name().to_owned());
        let dropped = Key::from_parts(MONITORING_SERIES_DROPPED.name, vec![metric]);
        let metadata = Metadata::new(module_path!(), Level::WARN, Some(module_path!()));
        self.inner.register_counter(&dropped, &metadata)
    }

    fn warn(&self, values: &BTreeMap<String, HashSet<u64>>, key: &Key) {
        let most = values.iter().max_by_key(|(_, values)| values.len());
        let (label, values) = most.map_or(("", 0), |(label, values)| (&**label, values.len()));
        tracing::warn!(
            metric = key.name(),
            label,
            values,
            max_series = self.limit.max_series,
            "metric reached its series limit: new series are counted as \"other\", and gauges are dropped; `label` names the label \
             with most values"
        );
    }
}

impl<R: Recorder> Recorder for Limited<R> {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.describe_counter(name, unit, text);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.describe_gauge(name, unit, text);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.describe_histogram(name, unit, text);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        let other = self.replacement(key);
        self.inner
            .register_counter(other.as_ref().unwrap_or(key), metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        match self.replacement(key) {
            Some(_) => Gauge::noop(),
            None => self.inner.register_gauge(key, metadata),
        }
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let other = self.replacement(key);
        self.inner
            .register_histogram(other.as_ref().unwrap_or(key), metadata)
    }
}

impl<R: fmt::Debug> fmt::Debug for Limited<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited")
            .field("inner", &self.inner)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

debug_redacted!(SeriesLimit { max_series });
