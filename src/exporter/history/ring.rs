//! The store: the oldest tick whole, and of every later one what changed.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::change::{Held, Reader, Writer, put, take};
use crate::catalog::Kind;
use crate::exporter::{Family, Value};

type Labels = Vec<(String, String)>;

/// How much a ring holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) ticks: usize,
    pub(super) window: Duration,
    pub(super) series: usize,
}

#[derive(Debug)]
pub(super) struct Ring {
    bounds: Bounds,
    /// When it began.
    pub(super) since: SystemTime,
    pub(super) metrics: BTreeMap<String, Metric>,
    /// By id. None is ever removed: its place would go to a series that counted elsewhere before, and all that it had by
    /// then would look as if it came in one tick.
    series: Vec<Series>,
    pub(super) ticks: VecDeque<Tick>,
    /// Series of the newest tick that found no place.
    pub(super) left_out: usize,
    /// Changes are written here, and kept in no more memory than they need.
    buffer: Vec<u8>,
}

/// All series of one name.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) kind: Kind,
    /// A histogram's upper bounds.
    pub(super) bounds: Vec<f64>,
    /// By labels, as [`pack`] writes them.
    ids: HashMap<Arc<[u8]>, usize>,
}

#[derive(Debug)]
struct Series {
    /// At the oldest tick.
    first: Held,
    /// At the newest.
    last: Held,
}

#[derive(Debug)]
pub(super) struct Tick {
    /// By a clock that nobody sets.
    pub(super) at: Duration,
    pub(super) taken_at: SystemTime,
    /// Since the tick before; of the oldest none, which is what the series were first.
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
            left_out: 0,
            buffer: Vec::new(),
        }
    }

    /// Adds a tick. One that is not later than the newest is left out: two were taken at once, and came out of order.
    pub(super) fn record(&mut self, families: &[Family], at: Duration, taken_at: SystemTime) {
        if self.ticks.back().is_some_and(|newest| newest.at >= at) {
            return;
        }
        let mut values = vec![None; self.series.len()];
        let mut labels = Vec::new();
        self.left_out = 0;
        for family in families {
            self.place(family, &mut values, &mut labels);
        }
        let mut changes = Writer::new(&mut self.buffer);
        let is_first = self.ticks.is_empty();
        for (id, (series, value)) in self.series.iter_mut().zip(values).enumerate() {
            let now = value.map_or(Held::Absent, Held::of);
            if is_first {
                series.first = now.clone();
                series.last = now;
            } else if changes.write(id, &series.last, &now) {
                series.last = now;
            }
        }
        self.ticks.push_back(Tick {
            at,
            taken_at,
            changes: Box::from(&*self.buffer),
        });
        self.expire();
    }

    /// Puts the values of a family where their series are; a new one comes last, as long as there is room.
    fn place<'a>(
        &mut self,
        family: &'a Family,
        values: &mut Vec<Option<&'a Value>>,
        labels: &mut Vec<u8>,
    ) {
        let is_full = |held: &[Series]| held.len() >= self.bounds.series;
        if !self.metrics.contains_key(&family.name) && !is_full(&self.series) {
            self.metrics.insert(family.name.clone(), Metric::of(family));
        }
        let Some(metric) = self.metrics.get_mut(&family.name) else {
            self.left_out += family.series.len();
            return;
        };
        for series in &family.series {
            pack(&series.labels, labels);
            match metric.ids.get(&**labels) {
                _ if !metric.has(&series.value) => self.left_out += 1,
                Some(id) => values[*id] = Some(&series.value),
                None if is_full(&self.series) => self.left_out += 1,
                None => {
                    metric.ids.insert(Arc::from(&**labels), self.series.len());
                    self.series.push(Series {
                        first: Held::Absent,
                        last: Held::Absent,
                    });
                    values.push(Some(&series.value));
                }
            }
        }
    }

    /// Drops ticks that are too many or too old; what the next one changed is then what the series were first.
    fn expire(&mut self) {
        while self.ticks.len() > self.bounds.ticks || self.age() > self.bounds.window {
            self.ticks.pop_front();
            let Some(oldest) = self.ticks.front_mut() else {
                return;
            };
            let changes = std::mem::take(&mut oldest.changes);
            let mut changes = Reader::new(&changes);
            while let Some((id, change)) = changes.next() {
                changes.apply(change, &mut self.series[id].first);
            }
        }
    }

    /// The time from the oldest tick to the newest.
    fn age(&self) -> Duration {
        let ends = self.ticks.front().zip(self.ticks.back());
        ends.map_or(Duration::ZERO, |(oldest, newest)| {
            newest.at.saturating_sub(oldest.at)
        })
    }

    /// How many ticks are within this time of the newest.
    pub(super) fn within(&self, window: Duration) -> usize {
        let Some(newest) = self.ticks.back() else {
            return 0;
        };
        let is_before = |tick: &Tick| newest.at.saturating_sub(tick.at) >= window;
        self.ticks.len() - self.ticks.partition_point(is_before)
    }

    pub(super) fn series(&self) -> usize {
        self.series.len()
    }

    /// What it holds in memory, without what the allocator adds.
    pub(super) fn bytes(&self) -> usize {
        let ticks = self.ticks.iter().map(|tick| tick.changes.len());
        let series = self
            .series
            .iter()
            .map(|series| series.first.bytes() + series.last.bytes());
        let metrics = self
            .metrics
            .iter()
            .map(|(name, metric)| name.capacity() + metric.bytes());
        ticks.chain(series).chain(metrics).sum::<usize>()
            + self.buffer.capacity()
            + self.ticks.capacity() * size_of::<Tick>()
            + self.series.capacity() * size_of::<Series>()
    }

    /// What the series was at the oldest tick.
    pub(super) fn first(&self, id: usize) -> &Held {
        &self.series[id].first
    }
}

impl Metric {
    fn of(family: &Family) -> Self {
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

    /// Whether it can be one of its values; one that cannot is of another recorder.
    fn has(&self, value: &Value) -> bool {
        match value {
            Value::Counter(_) => self.kind == Kind::Counter,
            Value::Gauge(_) => self.kind == Kind::Gauge,
            Value::Histogram(histogram) => {
                self.kind == Kind::Histogram && histogram.buckets.len() == self.bounds.len()
            }
        }
    }

    /// The ids and labels of its series.
    pub(super) fn series(&self) -> impl Iterator<Item = (usize, Labels)> {
        self.ids.iter().map(|(labels, id)| (*id, unpack(labels)))
    }

    fn bytes(&self) -> usize {
        // An entry and its control byte; before the text of an `Arc` are its two counts.
        const ENTRY: usize = size_of::<(Arc<[u8]>, usize)>() + 1;
        const COUNTS: usize = 2 * size_of::<usize>();
        let labels = self.ids.keys().map(|labels| labels.len() + COUNTS);
        labels.sum::<usize>() + self.ids.capacity() * ENTRY + size_of_val(&*self.bounds)
    }
}

/// Labels as bytes, each text after its length: a quarter of what the strings take.
fn pack(labels: &[(String, String)], bytes: &mut Vec<u8>) {
    bytes.clear();
    for (name, value) in labels {
        for text in [name, value] {
            put(bytes, text.len() as u64);
            bytes.extend(text.bytes());
        }
    }
}

fn unpack(mut bytes: &[u8]) -> Labels {
    let mut text = || {
        let len = usize::try_from(take(&mut bytes)?).ok()?;
        let (text, rest) = bytes.split_at_checked(len)?;
        bytes = rest;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    std::iter::from_fn(|| Some((text()?, text()?))).collect()
}
