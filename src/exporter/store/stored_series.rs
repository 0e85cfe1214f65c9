//! `StoredSeries`: one series, and the handle through which the facade records to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{Key, Label};

use super::family_info::{FamilyInfo, Shape};
use super::links::{Links, Part};
use crate::cells::{
    CounterCells, ExemplarGate, FloatCell, GaugeCell, HistogramCells, NativeCells, NativeCounts,
};
use crate::exporter::exemplars::{Exemplar, ExemplarSlots, ExemplarSource};
use crate::exporter::labels::Labels;

pub(in crate::exporter) struct StoredSeries {
    pub(super) family: Arc<FamilyInfo>,
    pub(super) labels: Labels,
    /// The number of global labels, which precede the others.
    globals: u16,
    /// With the global ones.
    label_count: u16,
    /// Whether it takes one of the family's places. The series labelled `other` takes none.
    pub(super) has_place: bool,
    /// The hash of the name and the labels without the global ones.
    pub(super) hash: u64,
    /// In milliseconds since 1970.
    created: u64,
    /// Whether it was set to a total that may have begun before it.
    pub(super) was_set: AtomicBool,
    pub(super) cells: Cells,
    /// Where exemplars are on, those of a counter or of each bucket.
    pub(super) exemplars: Option<Arc<ExemplarGate<ExemplarSlots>>>,
    pub(super) links: Links,
    /// What the last look for idle series found, and when that was new, in nanoseconds of the store's clock.
    pub(super) fingerprint: AtomicU64,
    pub(super) changed_at: AtomicU64,
}

/// All that names a series.
pub(super) struct Identity {
    pub(super) labels: Labels,
    pub(super) globals: usize,
    pub(super) hash: u64,
    pub(super) has_place: bool,
}

pub(super) enum Cells {
    Counter(CounterCells),
    FloatCounter(FloatCell),
    Gauge(GaugeCell),
    Histogram(HistogramCells),
    /// Boxed, because it is larger than the others.
    NativeHistogram(Box<NativeCells>),
}

/// The value of a counter.
#[derive(Debug, Clone, Copy)]
pub(in crate::exporter) enum Total {
    Integer(u64),
    Float(f64),
}

impl Total {
    pub(in crate::exporter) fn as_f64(self) -> f64 {
        match self {
            Self::Integer(total) => total as f64,
            Self::Float(total) => total,
        }
    }
}

impl StoredSeries {
    pub(super) fn new(
        family: &Arc<FamilyInfo>,
        identity: Identity,
        now: u64,
        exemplars: Option<&Arc<ExemplarSource>>,
    ) -> Self {
        let created = SystemTime::now().duration_since(UNIX_EPOCH);
        let places = family.shape.exemplars();
        let exemplars = exemplars.filter(|_| places > 0);
        let gate = exemplars.map(|source| {
            let slots = ExemplarSlots::new(Arc::clone(source), places);
            Arc::new(ExemplarGate::new(slots))
        });
        Self {
            cells: match &family.shape {
                Shape::Counter => Cells::Counter(CounterCells::new()),
                Shape::FloatCounter => Cells::FloatCounter(FloatCell::new(0.0)),
                Shape::Gauge => Cells::Gauge(GaugeCell::new()),
                Shape::Histogram(buckets) => match &buckets.layout {
                    Some(layout) => {
                        Cells::NativeHistogram(Box::new(NativeCells::new(Arc::clone(layout))))
                    }
                    None => Cells::Histogram(HistogramCells::new(Arc::clone(&buckets.bounds))),
                },
            },
            family: Arc::clone(family),
            label_count: u16::try_from(identity.labels.len()).unwrap_or(u16::MAX),
            labels: identity.labels,
            globals: u16::try_from(identity.globals).unwrap_or(u16::MAX),
            has_place: identity.has_place,
            hash: identity.hash,
            created: created.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0)),
            was_set: AtomicBool::new(false),
            exemplars: gate,
            links: Links::default(),
            fingerprint: AtomicU64::new(0),
            changed_at: AtomicU64::new(now),
        }
    }

    /// The labels without the global ones.
    pub(super) fn own_labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().skip(self.globals.into())
    }

    /// Whether the key names this series, in any order of its labels. A label with an empty value is no label.
    pub(super) fn is(&self, key: &Key) -> bool {
        self.family.base_name() == key.name()
            && (self.is_in_order(key) || self.is_in_any_order(key))
    }

    /// Whether the key has these labels in the same order, as a call site nearly always has. This compares their text as it
    /// stands, which takes a third of the time.
    fn is_in_order(&self, key: &Key) -> bool {
        let Some(mut text) = self.labels.unescaped() else {
            return false;
        };
        if self.globals > 0 {
            return false;
        }
        let mut quotes = 0;
        for label in key.labels().filter(|label| !label.value().is_empty()) {
            if quotes > 0 {
                let Some(rest) = text.strip_prefix(',') else {
                    return false;
                };
                text = rest;
            }
            let rest = text.strip_prefix(label.key());
            let rest = rest.and_then(|rest| rest.strip_prefix("=\""));
            let rest = rest.and_then(|rest| rest.strip_prefix(label.value()));
            let Some(rest) = rest.and_then(|rest| rest.strip_prefix('"')) else {
                return false;
            };
            text = rest;
            quotes += 2;
        }
        // A quote in the key's own text would be one more.
        text.is_empty() && quotes == 2 * self.label_count
    }

    fn is_in_any_order(&self, key: &Key) -> bool {
        // The names of the own labels are distinct, so labels of the same number that contain them all are the same.
        let mut count = 0;
        let is_among = |(name, value): (&str, &str)| {
            count += 1;
            key.labels()
                .any(|label: &Label| label.key() == name && label.value() == value)
        };
        let all = self.own_labels().all(is_among);
        let labels = key.labels().filter(|label| !label.value().is_empty());
        all && count == labels.count()
    }

    /// When it was created, in milliseconds since 1970: its total was zero then. `None` if a total was set, which may have begun
    /// before, as that of a collector has.
    pub(in crate::exporter) fn created(&self) -> Option<u64> {
        (!self.was_set.load(Ordering::Relaxed)).then_some(self.created)
    }

    /// The last exemplar of a bucket, or that of a counter at 0.
    pub(in crate::exporter) fn exemplar(&self, place: usize) -> Option<Exemplar> {
        self.exemplars.as_ref()?.sink().get(place)
    }

    /// The total of a counter; zero for other kinds.
    pub(in crate::exporter) fn total(&self) -> Total {
        let linked = || -> u64 {
            let finished = self.links.iter().map(|link| match link.part {
                Part::Ending(slot) => link.cells.finished(slot),
                Part::InProgress | Part::Duration { .. } => 0,
            });
            finished.fold(0, u64::wrapping_add)
        };
        match &self.cells {
            Cells::Counter(cells) => Total::Integer(cells.value().wrapping_add(linked())),
            Cells::FloatCounter(cell) => Total::Float(cell.get() + linked() as f64),
            Cells::Gauge(_) | Cells::Histogram(_) | Cells::NativeHistogram(_) => Total::Integer(0),
        }
    }

    /// The value of a gauge; zero for other kinds.
    pub(in crate::exporter) fn gauge(&self) -> f64 {
        let Cells::Gauge(cell) = &self.cells else {
            return 0.0;
        };
        let mut value = cell.get();
        for link in self
            .links
            .iter()
            .filter(|link| link.part == Part::InProgress)
        {
            value += link.cells.in_progress();
        }
        value
    }

    /// Sets `counts` to the samples in each bucket and returns the sum of all samples.
    pub(in crate::exporter) fn histogram(&self, counts: &mut Vec<u64>) -> f64 {
        let mut sum = match &self.cells {
            Cells::Histogram(cells) => cells.read_into(counts),
            Cells::NativeHistogram(cells) => cells.read_into(counts),
            Cells::Counter(_) | Cells::FloatCounter(_) | Cells::Gauge(_) => {
                counts.clear();
                0.0
            }
        };
        if !self.links.is_empty() {
            let mut linked = Vec::with_capacity(counts.len());
            for link in self
                .links
                .iter()
                .filter(|link| matches!(link.part, Part::Duration { .. }))
            {
                sum += link.cells.read_into(&mut linked);
                for (count, linked) in counts.iter_mut().zip(&linked) {
                    *count = count.wrapping_add(*linked);
                }
            }
        }
        sum
    }

    /// The same, and sets `native` to the samples in the exponential buckets of a histogram that has them.
    pub(super) fn native_histogram(&self, counts: &mut Vec<u64>, native: &mut NativeCounts) -> f64 {
        match &self.cells {
            Cells::NativeHistogram(cells) => cells.read_native(counts, native),
            _ => self.histogram(counts),
        }
    }

    /// Whether something was written since the last call. Only the look for idle series calls it.
    pub(super) fn take_written(&self, counts: &mut Vec<u64>) -> bool {
        let fingerprint = self.current_fingerprint(counts);
        let is_marked = match &self.cells {
            Cells::Gauge(cell) => cell.take_written(),
            _ => false,
        };
        self.fingerprint.swap(fingerprint, Ordering::Relaxed) != fingerprint || is_marked
    }

    /// Whether the next [`take_written`](Self::take_written) will find something.
    pub(super) fn is_written(&self, counts: &mut Vec<u64>) -> bool {
        let is_marked = match &self.cells {
            Cells::Gauge(cell) => cell.is_written(),
            _ => false,
        };
        is_marked || self.fingerprint.load(Ordering::Relaxed) != self.current_fingerprint(counts)
    }

    /// A number that every write changes: those of a gauge's own cell apart, which are marked.
    fn current_fingerprint(&self, counts: &mut Vec<u64>) -> u64 {
        match &self.cells {
            Cells::Counter(_) | Cells::FloatCounter(_) => match self.total() {
                Total::Integer(total) => total,
                Total::Float(total) => total.to_bits(),
            },
            Cells::Gauge(_) => {
                let activity = self.links.iter().map(|link| link.cells.activity());
                activity.fold(0, u64::wrapping_add)
            }
            Cells::Histogram(_) | Cells::NativeHistogram(_) => {
                self.histogram(counts);
                counts.iter().fold(0, |count, own| own.wrapping_add(count))
            }
        }
    }

    /// Whether the gauge counts things that are under way: it was never set, and is not 0.
    pub(super) fn is_in_use(&self) -> bool {
        match &self.cells {
            Cells::Gauge(cell) => !cell.was_set() && self.gauge() != 0.0,
            _ => false,
        }
    }
}
