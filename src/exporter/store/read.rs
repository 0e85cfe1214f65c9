//! The store as typed values, and as the source that metrics are read from.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::family_info::Shape;
use super::store::Store;
use super::stored_series::StoredSeries;
use crate::exporter::escaping::Escaping;
use crate::exporter::format::Format;
use crate::exporter::histogram_snapshot::HistogramSnapshot;
use crate::exporter::snapshot::{FamilySnapshot, Series, Snapshot, Value};
use crate::exporter::source::Source;
use crate::exporter::visit::{Seen, SeriesVisitor};

/// Reads a store, and remembers how long its texts were, so that the next ones need not grow.
pub(in crate::exporter) struct StoreSource {
    store: Arc<Store>,
    text_len: AtomicUsize,
    openmetrics_len: AtomicUsize,
    protobuf_len: AtomicUsize,
}

impl StoreSource {
    pub(in crate::exporter) fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            text_len: AtomicUsize::new(0),
            openmetrics_len: AtomicUsize::new(0),
            protobuf_len: AtomicUsize::new(0),
        }
    }
}

impl StoreSource {
    /// Without names of all characters, nothing needs an escaping.
    fn known(&self, escaping: Escaping) -> Escaping {
        if self.store.config.utf8_names {
            escaping
        } else {
            Escaping::Underscores
        }
    }
}

/// Renders with room for a text that is a little longer than the last one.
fn with_room<T: AsRef<[u8]>>(len: &AtomicUsize, render: impl FnOnce(usize) -> T) -> T {
    let last = len.load(Ordering::Relaxed);
    let text = render(last + last / 64 + 256);
    len.store(text.as_ref().len(), Ordering::Relaxed);
    text
}

impl Source for StoreSource {
    fn text(&self, escaping: Escaping) -> String {
        self.store.sweep();
        with_room(&self.text_len, |room| {
            self.store.render_text(self.known(escaping), room)
        })
    }

    fn openmetrics(&self, escaping: Escaping) -> String {
        self.store.sweep();
        with_room(&self.openmetrics_len, |room| {
            self.store.render_openmetrics(self.known(escaping), room)
        })
    }

    fn protobuf(&self, escaping: Escaping) -> Vec<u8> {
        self.store.sweep();
        with_room(&self.protobuf_len, |room| {
            self.store.render_protobuf(self.known(escaping), room)
        })
    }

    fn formats(&self) -> &'static [Format] {
        if cfg!(feature = "protobuf") {
            &[Format::Protobuf, Format::OpenMetrics, Format::Text]
        } else {
            &[Format::OpenMetrics, Format::Text]
        }
    }

    fn snapshot(&self) -> Snapshot {
        self.store.sweep();
        self.store.snapshot(false)
    }

    fn snapshot_with_idle(&self) -> Snapshot {
        self.store.sweep();
        // No series may leave or return while all are read.
        let _sweeping = self.store.sweeping.lock();
        self.store.snapshot(true)
    }

    fn visit(&self, visitor: &mut dyn SeriesVisitor) {
        self.store.sweep();
        // No series may leave or return while all are read.
        let _sweeping = self.store.sweeping.lock();
        self.store.visit(visitor);
    }

    fn native_families(&self) -> Vec<String> {
        let families = self.store.all_families();
        let is_native = |shape: &Shape| match shape {
            Shape::Histogram(buckets) => buckets.native.is_some_and(|native| !native.has_classic),
            Shape::Counter | Shape::FloatCounter | Shape::Gauge => false,
        };
        let native = families
            .iter()
            .filter(|family| is_native(&family.info.shape) && !family.list.is_empty());
        native.map(|family| family.info.name().to_owned()).collect()
    }

    fn has_utf8_names(&self) -> bool {
        self.store.config.utf8_names
    }

    fn upkeep(&self) {
        self.store.sweep();
    }
}

impl Store {
    fn visit(&self, visitor: &mut dyn SeriesVisitor) {
        let mut counts = Vec::new();
        for family in self.all_families() {
            if family.list.is_empty() && family.dormant.lock().is_empty() {
                continue;
            }
            if !visitor.family(family.info.name(), family.info.kind()) {
                continue;
            }
            let mut see = |stored: &StoredSeries, is_idle| {
                let seen = match &stored.family.shape {
                    Shape::Counter | Shape::FloatCounter => Seen::Number(stored.total().as_f64()),
                    Shape::Gauge => Seen::Number(stored.gauge()),
                    Shape::Histogram(buckets) => {
                        stored.histogram(&mut counts);
                        let (bounds, counts) = (buckets.bounds.values(), &*counts);
                        Seen::Histogram { bounds, counts }
                    }
                };
                visitor.series(&stored.labels, seen, is_idle);
            };
            let dormant = family.dormant.lock();
            dormant.iter().for_each(|stored| see(stored, true));
            drop(dormant);
            family.list.read(|stored: &StoredSeries| see(stored, false));
        }
    }

    fn snapshot(&self, with_idle: bool) -> Snapshot {
        let mut snapshot = Snapshot::empty();
        let mut counts = Vec::new();
        for family in self.all_families() {
            let mut series = Vec::new();
            let mut add = |stored: &StoredSeries| {
                series.push(Series {
                    labels: stored.labels.clone(),
                    value: value(stored, &mut counts),
                });
            };
            if with_idle {
                family.dormant.lock().iter().for_each(|stored| add(stored));
            }
            family.list.read(add);
            if series.is_empty() {
                continue;
            }
            snapshot.families.push(FamilySnapshot {
                name: family.info.name().to_owned(),
                kind: family.info.kind(),
                help: family.info.help().to_string(),
                series,
            });
        }
        snapshot
    }
}

fn value(series: &StoredSeries, counts: &mut Vec<u64>) -> Value {
    match &series.family.shape {
        Shape::Counter | Shape::FloatCounter => Value::Counter(series.total().as_f64()),
        Shape::Gauge => Value::Gauge(series.gauge()),
        Shape::Histogram(buckets) => {
            let sum = series.histogram(counts);
            let mut count = 0;
            let cumulative = buckets.bounds().zip(&*counts).map(|(bound, own)| {
                count = own.wrapping_add(count);
                (bound, count)
            });
            Value::Histogram(HistogramSnapshot {
                buckets: cumulative.collect(),
                sum,
                count,
                quantiles: Vec::new(),
            })
        }
    }
}
