//! `Snapshot`: everything recorded, typed. What JSON, history, alerts and the dashboard read.

use std::time::{Duration, SystemTime};

use super::text;
use crate::catalog::Kind;
use crate::measure::Instant;

/// Everything recorded at one moment: families, series and values.
///
/// ```
/// use metrics::Recorder;
/// # use metrics::{Key, Level, Metadata};
/// use tower_vitals::Prometheus;
///
/// let prometheus = Prometheus::builder().build()?;
/// # let metadata = Metadata::new("doc", Level::INFO, None);
/// let key = Key::from_parts("orders_total", &[("shop", "eu")]);
/// prometheus.register_counter(&key, &metadata).increment(3);
///
/// let snapshot = prometheus.snapshot();
/// let family = snapshot.family("orders_total").unwrap();
/// assert_eq!(family.series[0].value.as_f64(), Some(3.0));
/// assert_eq!(snapshot.sum("orders_total", &[("shop", "eu")]), Some(3.0));
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was taken.
    pub taken_at: SystemTime,
    /// The same by a clock that nobody sets.
    at: Instant,
    /// By name.
    pub families: Vec<Family>,
}

/// All series of one name.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Family {
    /// The name as Prometheus reads it, with its prefix.
    pub name: String,
    /// What it measures with.
    pub kind: Kind,
    /// What `# HELP` says of it; empty if nobody described it.
    pub help: String,
    /// Its series, in no order.
    pub series: Vec<Series>,
}

/// One series of a family.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// Names and values, in the order they were recorded with.
    pub labels: Vec<(String, String)>,
    /// What was recorded.
    pub value: Value,
}

/// What a series holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A total, as Prometheus reads it.
    Counter(f64),
    /// A value of now.
    Gauge(f64),
    /// A distribution.
    Histogram(Histogram),
}

impl Value {
    /// The number of a counter or gauge; `None` for a histogram.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Counter(value) | Self::Gauge(value) => Some(*value),
            Self::Histogram(_) => None,
        }
    }
}

/// A distribution, in the buckets of Prometheus' classic histograms.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Histogram {
    /// Upper bounds, ascending, the last `+Inf`, each with how many samples were not above it.
    pub buckets: Vec<(f64, u64)>,
    /// The sum of all samples.
    pub sum: f64,
    /// How many samples there were.
    pub count: u64,
}

impl Histogram {
    /// The mean of all samples; `None` without any.
    #[must_use]
    pub fn average(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// The value below which a share `q` of all samples lies, by linear interpolation within its bucket, as `PromQL`'s
    /// `histogram_quantile` does: above the highest finite bound it is that bound. `None` without samples, without a
    /// finite bucket, or for a `q` outside 0 to 1. A `q` of 0 is where samples begin, also where `PromQL` has no number.
    ///
    /// ```
    /// # use metrics::{Key, Level, Metadata, Recorder};
    /// use tower_vitals::{Prometheus, exporter::Value};
    ///
    /// let prometheus = Prometheus::builder().buckets("wait_seconds", &[1.0, 2.0]).build()?;
    /// # let metadata = Metadata::new("doc", Level::INFO, None);
    /// let waits = prometheus.register_histogram(&Key::from_name("wait_seconds"), &metadata);
    /// waits.record_many(1.5, 10);
    /// let Value::Histogram(histogram) = &prometheus.snapshot().families[0].series[0].value else {
    ///     unreachable!()
    /// };
    /// assert_eq!(histogram.quantile(0.5), Some(1.5));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let (last, finite) = self.buckets.split_last()?;
        let highest = finite.last()?.0;
        if last.1 == 0 || !(0.0..=1.0).contains(&q) {
            return None;
        }
        let rank = q * last.1 as f64;
        let at = finite.partition_point(|(_, count)| (*count as f64) < rank);
        let Some(&(end, count)) = finite.get(at) else {
            return Some(highest);
        };
        let (start, below) = match at.checked_sub(1) {
            Some(before) => finite[before],
            None if end <= 0.0 => return Some(end),
            None => (0.0, 0),
        };
        if count == below {
            // Rank zero, and nothing in the first bucket: PromQL divides zero by zero. This is where samples begin.
            let begins = finite.partition_point(|(_, count)| *count == 0);
            return begins.checked_sub(1).map(|before| finite[before].0);
        }
        let share = (rank - below as f64) / (count - below) as f64;
        Some(start + (end - start) * share)
    }

    /// The histograms among these series, as one.
    fn of<'a>(series: impl IntoIterator<Item = &'a Series>) -> Self {
        let mut total = Self::default();
        for series in series {
            if let Value::Histogram(histogram) = &series.value {
                total.add(histogram);
            }
        }
        total
    }

    /// The same samples added up: series of one family have the same bounds.
    fn add(&mut self, other: &Self) {
        if self.buckets.is_empty() {
            self.buckets.clone_from(&other.buckets);
        } else {
            for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
                mine.1 += theirs.1;
            }
        }
        self.sum += other.sum;
        self.count += other.count;
    }

    /// What came since `earlier`; all of it, if the histogram began anew meanwhile.
    fn since(&self, earlier: &Self) -> Self {
        let is_same = self.buckets.len() == earlier.buckets.len();
        let grew = |(now, then): (&(f64, u64), &(f64, u64))| {
            now.0.total_cmp(&then.0).is_eq() && now.1 >= then.1
        };
        let mut both = self.buckets.iter().zip(&earlier.buckets);
        if !is_same || self.count < earlier.count || !both.all(grew) {
            return self.clone();
        }
        let buckets = self.buckets.iter().zip(&earlier.buckets);
        Self {
            buckets: buckets.map(|(now, then)| (now.0, now.1 - then.1)).collect(),
            sum: self.sum - earlier.sum,
            count: self.count - earlier.count,
        }
    }
}

impl Series {
    /// Whether it has all of these labels.
    #[must_use]
    pub fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels.iter().all(|(name, value)| {
            let mut own = self.labels.iter();
            own.any(|(own, is)| own == name && is == value)
        })
    }
}

impl Snapshot {
    /// Of the exposition text, which is all that the exporter gives.
    pub(super) fn of(text: &str) -> Self {
        Self {
            taken_at: SystemTime::now(),
            at: Instant::now(),
            families: text::families(text),
        }
    }

    /// When it was taken, by a clock that nobody sets.
    pub(super) fn at(&self) -> Instant {
        self.at
    }

    /// The family of this name, with its prefix if there is one.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&Family> {
        let at = self
            .families
            .binary_search_by(|family| (*family.name).cmp(name));
        at.ok().map(|at| &self.families[at])
    }

    fn having<'a>(
        &'a self,
        name: &str,
        labels: &'a [(&str, &str)],
    ) -> impl Iterator<Item = &'a Series> {
        let series = self.family(name).map(|family| &*family.series);
        series
            .unwrap_or_default()
            .iter()
            .filter(move |series| series.has(labels))
    }

    /// The sum of the counters or gauges of this name that have all of these labels; `None` if there are none.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.having(name, labels)
            .filter_map(|series| series.value.as_f64())
            .reduce(|sum, value| sum + value)
    }

    /// The histograms of this name that have all of these labels, as one; `None` if there are none.
    #[must_use]
    pub fn histogram(&self, name: &str, labels: &[(&str, &str)]) -> Option<Histogram> {
        let histograms = self.having(name, labels);
        let is_one = |series: &&Series| matches!(series.value, Value::Histogram(_));
        let mut having = histograms.filter(is_one).peekable();
        having.peek()?;
        Some(Histogram::of(having))
    }

    /// What came between `earlier` and this one. See [`Difference`].
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Difference {
        let families = self.families.iter().map(|family| Family {
            name: family.name.clone(),
            kind: family.kind,
            help: family.help.clone(),
            series: family.since(earlier.family(&family.name)),
        });
        Difference {
            elapsed: self.at.since(earlier.at),
            snapshot: Self {
                taken_at: self.taken_at,
                at: self.at,
                families: families.collect(),
            },
        }
    }
}

impl Family {
    /// All its histograms as one; without samples if it has none.
    #[must_use]
    pub fn histogram(&self) -> Histogram {
        Histogram::of(&self.series)
    }

    pub(super) fn since(&self, earlier: Option<&Self>) -> Vec<Series> {
        // By labels: a family has up to 10,000 series, and their order is not kept.
        let before: std::collections::HashMap<_, _> = earlier
            .map(|earlier| &*earlier.series)
            .unwrap_or_default()
            .iter()
            .map(|series| (&series.labels, &series.value))
            .collect();
        let since = |series: &Series| {
            let value = match (&series.value, before.get(&series.labels)) {
                (Value::Counter(now), Some(Value::Counter(then))) => {
                    // Below what it was: it began anew, and all of it is new.
                    Value::Counter(if now < then { *now } else { now - then })
                }
                (Value::Histogram(now), Some(Value::Histogram(then))) => {
                    Value::Histogram(now.since(then))
                }
                (now, _) => now.clone(),
            };
            Series {
                labels: series.labels.clone(),
                value,
            }
        };
        self.series.iter().map(since).collect()
    }
}

/// What came between two snapshots: counters and histograms by how much they grew, gauges as they are at the end.
///
/// A counter that is below what it was began anew: all of it is new, and no difference or rate is ever negative. A series
/// that was not there before began at zero.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// The time between the two; zero if the second is not the later.
    pub elapsed: Duration,
    /// The increases.
    pub snapshot: Snapshot,
}

impl Difference {
    /// By how much the counters of this name that have all of these labels grew a second; `None` if there are none or no
    /// time passed.
    #[must_use]
    pub fn rate(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let seconds = self.elapsed.as_secs_f64();
        let is_counter = self.snapshot.family(name)?.kind == Kind::Counter;
        if !is_counter || seconds == 0.0 {
            return None;
        }
        Some(self.snapshot.sum(name, labels)? / seconds)
    }
}
