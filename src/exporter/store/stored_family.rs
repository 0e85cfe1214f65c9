//! `StoredFamily`: all series of one name.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use metrics::CounterFn;
use parking_lot::Mutex;

use super::allowlist::Allowlist;
use super::buckets::Buckets;
use super::series_list::SeriesList;
use super::stored_series::StoredSeries;
use crate::catalog::Kind;

pub(in crate::exporter) struct StoredFamily {
    /// The name with the prefix.
    name: Box<str>,
    prefix_len: usize,
    /// The name as it was recorded first, without the prefix.
    recorded_name: OnceLock<Box<str>>,
    pub(super) shape: Shape,
    /// The `# HELP` text, unescaped.
    help: OnceLock<Box<str>>,
    pub(super) allowlist: Allowlist,
    pub(super) list: SeriesList,
    /// The series of the list, apart from the one labelled `other`.
    admitted: AtomicUsize,
    /// Series that left the list and may be written again, the longest idle one first.
    pub(super) dormant: Mutex<Vec<Arc<StoredSeries>>>,
    /// Registrations above the limit are counted here. It exists with the first series that has labels.
    pub(super) series_dropped: OnceLock<Arc<StoredSeries>>,
    /// Samples that are not finite are counted here. It exists with the first series of a histogram.
    pub(super) samples_dropped: OnceLock<Arc<StoredSeries>>,
    pub(super) warned: Warned,
}

/// Each kind of warning is logged once for a family.
#[derive(Default)]
pub(super) struct Warned {
    pub(super) name: AtomicBool,
    pub(super) labels: AtomicBool,
    pub(super) limit: AtomicBool,
}

impl Warned {
    /// Whether this is the first call.
    pub(super) fn is_first(warned: &AtomicBool) -> bool {
        !warned.load(Ordering::Relaxed) && !warned.swap(true, Ordering::Relaxed)
    }
}

/// The kind of a family and all that follows from it.
pub(in crate::exporter) enum Shape {
    Counter,
    /// The facade's counters are integers, so it is written through a gauge.
    FloatCounter,
    Gauge,
    Histogram(Buckets),
}

impl Shape {
    /// Whether the facade's instrument may write to it.
    fn accepts(&self, instrument: Kind) -> bool {
        matches!(
            (self, instrument),
            (Self::Counter, Kind::Counter)
                | (Self::FloatCounter, Kind::Counter | Kind::Gauge)
                | (Self::Gauge, Kind::Gauge)
                | (Self::Histogram(_), Kind::Histogram)
        )
    }
}

impl StoredFamily {
    pub(super) fn new(name: &str, prefix_len: usize, shape: Shape, allowlist: Allowlist) -> Self {
        Self {
            name: name.into(),
            prefix_len,
            recorded_name: OnceLock::new(),
            shape,
            help: OnceLock::new(),
            allowlist,
            list: SeriesList::default(),
            admitted: AtomicUsize::new(0),
            dormant: Mutex::default(),
            series_dropped: OnceLock::new(),
            samples_dropped: OnceLock::new(),
            warned: Warned::default(),
        }
    }

    pub(in crate::exporter) fn name(&self) -> &str {
        &self.name
    }

    /// The name without the prefix.
    pub(super) fn base_name(&self) -> &str {
        &self.name[self.prefix_len..]
    }

    /// Returns the name under which it was recorded first, if that is another one.
    pub(super) fn other_recorded_name(&self, name: &str) -> Option<&str> {
        let first = self.recorded_name.get_or_init(|| name.into());
        (**first != *name).then_some(first)
    }

    pub(in crate::exporter) fn kind(&self) -> Kind {
        match self.shape {
            Shape::Counter | Shape::FloatCounter => Kind::Counter,
            Shape::Gauge => Kind::Gauge,
            Shape::Histogram(_) => Kind::Histogram,
        }
    }

    pub(in crate::exporter) fn help(&self) -> &str {
        self.help.get().map_or("", |help| help)
    }

    /// Sets the help text. The first one stays.
    pub(super) fn describe(&self, help: &str) {
        if !help.is_empty() {
            self.help.get_or_init(|| help.into());
        }
    }

    pub(super) fn accepts(&self, instrument: Kind) -> bool {
        self.shape.accepts(instrument)
    }

    /// Takes a place for a series, unless all are taken.
    pub(super) fn take_place(&self, max_series: usize) -> bool {
        let one_more = |admitted| (admitted < max_series).then_some(admitted + 1);
        let taken = self
            .admitted
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.is_ok()
    }

    /// Takes a place even if all are taken: for a series that was idle and is written again.
    pub(super) fn retake_place(&self) {
        self.admitted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn give_places_back(&self, count: usize) {
        let fewer = |admitted: usize| Some(admitted.saturating_sub(count));
        // The closure always returns a number.
        let _ = self
            .admitted
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
    }

    /// Returns the label with most values and their number.
    pub(super) fn widest_label(&self) -> (String, usize) {
        let mut values: BTreeMap<String, HashSet<String>> = BTreeMap::new();
        for chunk in self.list.chunks() {
            for series in chunk.iter() {
                for (name, value) in series.own_labels() {
                    let values = values.entry(name.to_owned()).or_default();
                    values.insert(value.to_owned());
                }
            }
        }
        let counts = values
            .into_iter()
            .map(|(name, values)| (name, values.len()));
        // The first of several.
        let widest = counts.rev().max_by_key(|(_, count)| *count);
        widest.unwrap_or_default()
    }

    pub(super) fn drop_samples(&self, count: u64) {
        if let Some(dropped) = self.samples_dropped.get() {
            dropped.increment(count);
        }
    }
}
