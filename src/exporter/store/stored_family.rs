//! `StoredFamily`: all series of one name.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use metrics::Counter;
use parking_lot::Mutex;

use super::allowlist::Allowlist;
use super::family_info::FamilyInfo;
use super::series_list::SeriesList;
use super::stored_series::StoredSeries;

pub(super) struct StoredFamily {
    pub(super) info: Arc<FamilyInfo>,
    pub(super) allowlist: Allowlist,
    pub(super) list: SeriesList,
    /// The series of the list, apart from the one labelled `other`.
    admitted: AtomicUsize,
    /// Series that left the list and may be written again, the longest idle one first.
    pub(super) dormant: Mutex<Vec<Arc<StoredSeries>>>,
    /// Registrations above the limit are counted here. It exists with the first series that has labels.
    pub(super) series_dropped: OnceLock<Counter>,
    pub(super) warned: Warned,
    /// The names of its labels, if they may have all characters.
    pub(super) label_names: Mutex<Vec<Box<str>>>,
}

/// Each kind of warning is logged once for a family.
#[derive(Default)]
pub(super) struct Warned {
    pub(super) name: AtomicBool,
    pub(super) labels: AtomicBool,
    pub(super) limit: AtomicBool,
    pub(super) shadowed: AtomicBool,
    /// Of labels that are one.
    pub(super) united: AtomicBool,
}

impl Warned {
    /// Whether this is the first call.
    pub(super) fn is_first(warned: &AtomicBool) -> bool {
        !warned.load(Ordering::Relaxed) && !warned.swap(true, Ordering::Relaxed)
    }
}

impl StoredFamily {
    pub(super) fn new(info: FamilyInfo, allowlist: Allowlist) -> Self {
        Self {
            info: Arc::new(info),
            allowlist,
            list: SeriesList::default(),
            admitted: AtomicUsize::new(0),
            dormant: Mutex::default(),
            series_dropped: OnceLock::new(),
            warned: Warned::default(),
            label_names: Mutex::default(),
        }
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
}
