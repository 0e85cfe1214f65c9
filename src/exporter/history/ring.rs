//! `Ring`: the oldest tick in full, and the changes of every later one.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::delta_codec::{DeltaDecoder, DeltaEncoder};
use super::sample::Sample;
use super::varint;
use crate::catalog::Kind;
use crate::exporter;
use crate::exporter::snapshot::{FamilySnapshot, Value};

pub(super) type Labels = Vec<(String, String)>;

/// The bounds of a ring.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) ticks: usize,
    pub(super) window: Duration,
    pub(super) series: usize,
}

#[derive(Debug)]
pub(super) struct Ring {
    bounds: Bounds,
    /// When recording began.
    pub(super) since: SystemTime,
    pub(super) metrics: BTreeMap<String, Metric>,
    /// By id. Series are never removed: if an id were reused, the total of the new series would look like an increase
    /// of the old one.
    series: Vec<Series>,
    pub(super) ticks: VecDeque<Tick>,
    /// The series of the newest tick that exceeded the limit.
    pub(super) series_dropped: usize,
    /// Reused for encoding, so that each tick is stored in exactly the memory it needs.
    buffer: Vec<u8>,
}

/// All series of one name.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) kind: Kind,
    /// The upper bounds of a histogram.
    pub(super) bounds: Vec<f64>,
    /// Ids by encoded labels.
    ids: HashMap<Arc<[u8]>, usize>,
}

/// A series at the oldest and at the newest tick.
#[derive(Debug, Default)]
struct Series {
    oldest: Sample,
    newest: Sample,
}

#[derive(Debug)]
pub(super) struct Tick {
    /// By the monotonic clock.
    pub(super) at: Duration,
    pub(super) taken_at: SystemTime,
    /// The changes since the previous tick. Empty for the oldest tick.
    pub(super) changes: Box<[u8]>,
}

impl Ring {
    pub(super) fn new(bounds: Bounds, since: SystemTime) -> Self {
        Self {
            bounds,
            since,
            metrics: BTreeMap::new(),
            series: Vec::new(),
            ticks: VecDeque::new(),
            series_dropped: 0,
            buffer: Vec::new(),
        }
    }

    /// Adds a tick. A tick that is not later than the newest one is ignored.
    pub(super) fn record(
        &mut self,
        families: &[FamilySnapshot],
        at: Duration,
        taken_at: SystemTime,
    ) {
        if self.ticks.back().is_some_and(|newest| newest.at >= at) {
            return;
        }
        let mut values = vec![None; self.series.len()];
        let mut labels = Vec::new();
        self.series_dropped = 0;
        for family in families {
            self.assign(family, &mut values, &mut labels);
        }
        let mut changes = DeltaEncoder::new(&mut self.buffer);
        let is_first = self.ticks.is_empty();
        for (id, (series, value)) in self.series.iter_mut().zip(values).enumerate() {
            let sample = value.map_or(Sample::Absent, Sample::from);
            if is_first {
                series.oldest = sample.clone();
                series.newest = sample;
            } else if changes.encode(id, &series.newest, &sample) {
                series.newest = sample;
            }
        }
        self.ticks.push_back(Tick {
            at,
            taken_at,
            changes: Box::from(&*self.buffer),
        });
        self.expire();
    }

    /// Assigns the values of a family to ids. New series get the next ids, up to the limit.
    fn assign<'a>(
        &mut self,
        family: &'a FamilySnapshot,
        values: &mut Vec<Option<&'a Value>>,
        labels: &mut Vec<u8>,
    ) {
        let is_full = |series: &[Series]| series.len() >= self.bounds.series;
        if !self.metrics.contains_key(&family.name) && !is_full(&self.series) {
            self.metrics
                .insert(family.name.clone(), Metric::new(family));
        }
        let Some(metric) = self.metrics.get_mut(&family.name) else {
            self.series_dropped += family.series.len();
            return;
        };
        for series in &family.series {
            encode_labels(&series.labels, labels);
            match metric.ids.get(&**labels) {
                _ if !metric.accepts(&series.value) => self.series_dropped += 1,
                Some(id) => values[*id] = Some(&series.value),
                None if is_full(&self.series) => self.series_dropped += 1,
                None => {
                    metric.ids.insert(Arc::from(&**labels), self.series.len());
                    self.series.push(Series::default());
                    values.push(Some(&series.value));
                }
            }
        }
    }

    /// Drops ticks that exceed the bounds, and applies the changes of the new oldest tick to the oldest samples.
    fn expire(&mut self) {
        while self.ticks.len() > self.bounds.ticks || self.age() > self.bounds.window {
            self.ticks.pop_front();
            let Some(oldest) = self.ticks.front_mut() else {
                return;
            };
            let changes = std::mem::take(&mut oldest.changes);
            let mut changes = DeltaDecoder::new(&changes);
            while let Some((id, kind)) = changes.next_series() {
                changes.apply(kind, &mut self.series[id].oldest);
            }
        }
    }

    /// Returns the time from the oldest tick to the newest.
    fn age(&self) -> Duration {
        let ends = self.ticks.front().zip(self.ticks.back());
        ends.map_or(Duration::ZERO, |(oldest, newest)| {
            newest.at.saturating_sub(oldest.at)
        })
    }

    /// Returns the number of ticks in this time before the newest tick.
    pub(super) fn ticks_within(&self, window: Duration) -> usize {
        let Some(newest) = self.ticks.back() else {
            return 0;
        };
        let is_before = |tick: &Tick| newest.at.saturating_sub(tick.at) >= window;
        self.ticks.len() - self.ticks.partition_point(is_before)
    }

    pub(super) fn series(&self) -> usize {
        self.series.len()
    }

    pub(super) fn oldest_sample(&self, id: usize) -> &Sample {
        &self.series[id].oldest
    }

    /// Returns the memory use without the allocator's overhead.
    pub(super) fn bytes(&self) -> usize {
        let ticks = self.ticks.iter().map(|tick| tick.changes.len());
        let series = self.series.iter();
        let series = series.map(|series| series.oldest.heap_bytes() + series.newest.heap_bytes());
        let metrics = self.metrics.iter();
        let metrics = metrics.map(|(name, metric)| name.capacity() + metric.heap_bytes());
        ticks.chain(series).chain(metrics).sum::<usize>()
            + self.buffer.capacity()
            + self.ticks.capacity() * size_of::<Tick>()
            + self.series.capacity() * size_of::<Series>()
    }
}

impl Metric {
    fn new(family: &FamilySnapshot) -> Self {
        let bounds = match family.series.first().map(|series| &series.value) {
            Some(Value::Histogram(histogram)) => {
                histogram.buckets.iter().map(|(bound, _)| *bound).collect()
            }
            _ => Vec::new(),
        };
        Self {
            kind: family.kind,
            bounds,
            ids: HashMap::new(),
        }
    }

    /// Whether the value has the metric's kind and number of buckets.
    fn accepts(&self, value: &Value) -> bool {
        match value {
            Value::Counter(_) => self.kind == Kind::Counter,
            Value::Gauge(_) => self.kind == Kind::Gauge,
            Value::Histogram(histogram) => {
                self.kind == Kind::Histogram && histogram.buckets.len() == self.bounds.len()
            }
        }
    }

    /// Returns the ids and labels of the metric's series.
    pub(super) fn series(&self) -> impl Iterator<Item = (usize, Labels)> {
        let ids = self.ids.iter();
        ids.map(|(labels, id)| (*id, decode_labels(labels)))
    }

    fn heap_bytes(&self) -> usize {
        // An entry of the map and its control byte, and the two counts of an `Arc`.
        const ENTRY: usize = size_of::<(Arc<[u8]>, usize)>() + 1;
        const COUNTS: usize = 2 * size_of::<usize>();
        let labels = self.ids.keys().map(|labels| labels.len() + COUNTS);
        labels.sum::<usize>() + self.ids.capacity() * ENTRY + size_of_val(&*self.bounds)
    }
}

/// Writes each string after its length, which takes a quarter of the memory of `Labels`.
fn encode_labels(labels: &exporter::Labels, bytes: &mut Vec<u8>) {
    bytes.clear();
    for (name, value) in labels.iter() {
        for text in [name, value] {
            varint::write(bytes, text.len() as u64);
            bytes.extend(text.bytes());
        }
    }
}

fn decode_labels(mut bytes: &[u8]) -> Labels {
    let mut text = || {
        let len = usize::try_from(varint::read(&mut bytes)?).ok()?;
        let (text, rest) = bytes.split_at_checked(len)?;
        bytes = rest;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    std::iter::from_fn(|| Some((text()?, text()?))).collect()
}
