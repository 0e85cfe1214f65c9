//! `Cache`: the series of a layer, found again by endpoint and label index.
//!
//! A lookup through a recorder hashes the labels and takes the recorder's locks; with owned labels it also allocates
//! nine times. So each series is registered once and found again by the *address* of its endpoint's name. axum lends
//! every request of a route the same string, and a cached entry keeps that string alive, so its address is not reused
//! for another name. A hit is a few acquire loads, without locks and allocations.
//!
//! `cargo bench --bench layer_overhead` measures it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;

use super::address_table::{AddressTable, Slot};
use super::labels::{EndpointName, KeepAlive, OTHER, TextOwner, UNMATCHED};
use super::per_thread::PerThread;

/// The number of addresses that are remembered for one series. One is the rule. An app that builds its router several
/// times has several, and a nested service lends a new string on every request, so the number must be bounded.
const MAX_ADDRESSES: usize = 4;

/// The number of label sets up to which an endpoint has a place for each.
const MAX_DENSE: usize = 1_280;

/// The number of further series, of all endpoints together. Prometheus' recorder has the same limit for each metric.
const MAX_SPARSE: usize = 10_000;

/// Series by endpoint, and by an index within the endpoint that the caller defines (its method and extra labels).
pub(crate) struct Cache<T> {
    by_address: AddressTable<T>,
    by_name: RwLock<HashMap<Arc<str>, Arc<Endpoint<T>>>>,
    unmatched: OnceLock<Arc<Endpoint<T>>>,
    other: OnceLock<Arc<Endpoint<T>>>,
    max_endpoints: usize,
    label_sets: usize,
    /// The label sets that take the series beyond [`MAX_SPARSE`].
    others: Range<usize>,
    sparse_count: AtomicUsize,
    /// Makes a thread's copy of a series.
    copy: fn(&T) -> Option<T>,
}

struct Endpoint<T> {
    name: Arc<str>,
    /// The entries of all indexes, or none if there are too many.
    entries: Box<[Entry<T>]>,
    /// The entries of indexes beyond.
    sparse: RwLock<HashMap<usize, Arc<Entry<T>>>>,
}

struct Entry<T> {
    series: OnceLock<PerThread<T>>,
    addresses: AtomicUsize,
}

/// Handles that were made for the cache.
pub(crate) enum Registration<T> {
    /// Registered with an installed recorder, so they may be kept.
    Registered(T),
    /// Made while no recorder is installed, so they serve one use.
    Detached(T),
}

impl<T> Cache<T> {
    pub(crate) fn new(
        max_endpoints: usize,
        label_sets: usize,
        others: Range<usize>,
        copy: fn(&T) -> Option<T>,
    ) -> Self {
        Self {
            by_address: AddressTable::new(),
            by_name: RwLock::default(),
            unmatched: OnceLock::new(),
            other: OnceLock::new(),
            max_endpoints,
            label_sets,
            others,
            sparse_count: AtomicUsize::new(0),
            copy,
        }
    }

    /// An empty cache with the same endpoints, so that a replacement does not admit further ones.
    pub(crate) fn successor(&self) -> Self {
        let successor = Self::new(
            self.max_endpoints,
            self.label_sets,
            self.others.clone(),
            self.copy,
        );
        {
            let mut names = successor.by_name.write();
            for name in self.by_name.read().keys() {
                let endpoint = Arc::new(Endpoint::new(name, self.label_sets));
                names.insert(Arc::clone(name), endpoint);
            }
        }
        successor
    }

    /// The series of the endpoint (`None` if unmatched) at `index`, if it is known by the address of the name.
    #[inline]
    pub(crate) fn find(&self, name: Option<&EndpointName<'_>>, index: usize) -> Option<Arc<T>> {
        let series = match name {
            Some(name) => self.by_address.find(name.text, index)?,
            None => self.unmatched.get()?.entries.get(index)?.series.get()?,
        };
        Some(series.get(self.copy))
    }

    /// The series of the endpoint at `index`. Registers it at its first use, possibly at another index.
    pub(crate) fn get(
        &self,
        name: Option<&EndpointName<'_>>,
        mut index: usize,
        register: impl FnOnce(&Arc<str>, usize) -> Registration<T>,
    ) -> Arc<T> {
        if let Some(series) = self.find(name, index) {
            return series;
        }
        let endpoint = match name {
            Some(name) => self.endpoint(name.text),
            None => self.reserved(&self.unmatched, UNMATCHED),
        };
        let sparse;
        let entry = if let Some(entry) = endpoint.entries.get(index) {
            entry
        } else {
            (index, sparse) = self.sparse(&endpoint, index);
            &*sparse
        };
        let series = match entry.series.get() {
            Some(series) => series.shared(),
            None => match register(&endpoint.name, index) {
                Registration::Registered(series) => {
                    let series = || PerThread::new(Arc::new(series));
                    entry.series.get_or_init(series).shared()
                }
                Registration::Detached(series) => return Arc::new(series),
            },
        };
        if let Some(name) = name {
            self.remember_address(name, &entry.addresses, index, series);
        }
        Arc::clone(series)
    }

    /// The entry at an index beyond the dense ones, or at one of the indexes for others if there are too many entries.
    fn sparse(&self, endpoint: &Endpoint<T>, index: usize) -> (usize, Arc<Entry<T>>) {
        if let Some(entry) = endpoint.sparse.read().get(&index) {
            return (index, Arc::clone(entry));
        }
        let is_full = self.sparse_count.load(Ordering::Relaxed) >= MAX_SPARSE;
        let index = if is_full && !self.others.contains(&index) {
            self.others.start + index % self.others.len()
        } else {
            index
        };
        let mut entries = endpoint.sparse.write();
        let entry = entries.entry(index).or_insert_with(|| {
            self.sparse_count.fetch_add(1, Ordering::Relaxed);
            Arc::new(Entry::new())
        });
        (index, Arc::clone(entry))
    }

    fn endpoint(&self, text: &str) -> Arc<Endpoint<T>> {
        {
            let names = self.by_name.read();
            if let Some(endpoint) = names.get(text) {
                return Arc::clone(endpoint);
            }
            // Names are never removed, so a full cache needs no exclusive lock.
            if names.len() >= self.max_endpoints {
                return self.other();
            }
        }
        self.add_name(text)
    }

    fn add_name(&self, text: &str) -> Arc<Endpoint<T>> {
        let mut names = self.by_name.write();
        if let Some(endpoint) = names.get(text) {
            return Arc::clone(endpoint);
        }
        if names.len() >= self.max_endpoints {
            return self.other();
        }
        let endpoint = Arc::new(Endpoint::new(text, self.label_sets));
        names.insert(Arc::clone(&endpoint.name), Arc::clone(&endpoint));
        endpoint
    }

    fn other(&self) -> Arc<Endpoint<T>> {
        self.reserved(&self.other, OTHER)
    }

    fn remember_address(
        &self,
        name: &EndpointName<'_>,
        addresses: &AtomicUsize,
        index: usize,
        series: &Arc<T>,
    ) {
        let keep_alive = match name.owner {
            TextOwner::Static => None,
            TextOwner::Shared(owner) => Some(owner),
            TextOwner::Request => return,
        };
        if addresses.fetch_add(1, Ordering::Relaxed) >= MAX_ADDRESSES {
            addresses.store(MAX_ADDRESSES, Ordering::Relaxed);
            return;
        }
        self.by_address.insert(Slot {
            address: name.text.as_ptr().addr(),
            len: name.text.len(),
            index,
            series: PerThread::new(Arc::clone(series)),
            _keep_alive: keep_alive.map(KeepAlive::keep_alive),
        });
    }

    fn reserved(&self, endpoint: &OnceLock<Arc<Endpoint<T>>>, name: &str) -> Arc<Endpoint<T>> {
        let new = || Arc::new(Endpoint::new(name, self.label_sets));
        Arc::clone(endpoint.get_or_init(new))
    }
}

impl<T> Endpoint<T> {
    fn new(name: &str, label_sets: usize) -> Self {
        Self {
            name: name.into(),
            entries: match label_sets {
                0..=MAX_DENSE => (0..label_sets).map(|_| Entry::new()).collect(),
                _ => Box::default(),
            },
            sparse: RwLock::default(),
        }
    }
}

impl<T> Entry<T> {
    fn new() -> Self {
        Self {
            series: OnceLock::new(),
            addresses: AtomicUsize::new(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(name: &Arc<str>, _: usize) -> Registration<String> {
        Registration::Registered(name.to_string())
    }

    fn get(cache: &Cache<String>, text: &Arc<str>, index: usize) -> Arc<String> {
        let owner = TextOwner::Shared(text);
        cache.get(Some(&EndpointName { text, owner }), index, register)
    }

    #[test]
    fn a_series_is_registered_once() {
        let cache = Cache::new(10, 2, 1..2, |_| None);
        let (text, copy) = ("/a".into(), "/a".into());
        let first = get(&cache, &text, 1);
        assert_eq!(*first, "/a");
        assert!(Arc::ptr_eq(&first, &get(&cache, &text, 1)));
        assert!(Arc::ptr_eq(&first, &get(&cache, &copy, 1)));
        assert!(!Arc::ptr_eq(&first, &get(&cache, &text, 0)));
    }

    #[test]
    fn names_past_the_limit_share_other_and_unmatched_is_separate() {
        let cache = Cache::new(2, 1, 0..1, |_| None);
        for (text, endpoint) in [("/a", "/a"), ("/b", "/b"), ("/c", "other"), ("/d", "other")] {
            assert_eq!(*get(&cache, &text.into(), 0), endpoint);
        }
        assert_eq!(*get(&cache, &"/b".into(), 0), "/b");
        assert_eq!(*cache.get(None, 0, register), "unmatched");
    }

    #[test]
    fn equal_texts_are_one_endpoint_and_at_most_four_of_them_are_kept() {
        let cache = Cache::new(10, 1, 0..1, |_| None);
        let copies: Vec<Arc<str>> = (0..100).map(|_| "/nested".into()).collect();
        for copy in &copies {
            assert_eq!(*get(&cache, copy, 0), "/nested");
        }
        let kept = copies.iter().filter(|copy| Arc::strong_count(copy) > 1);
        assert_eq!(kept.count(), MAX_ADDRESSES);
        assert_eq!(cache.by_name.read().len(), 1);
    }

    #[test]
    fn a_remembered_address_is_never_reused() {
        let cache = Cache::new(1000, 1, 0..1, |_| None);
        for number in 0..500 {
            let text: Arc<str> = format!("/{number:03}").into();
            // If an address were reused, the lookup would find an earlier endpoint of the same length.
            assert_eq!(**get(&cache, &text, 0), *text);
        }
    }

    #[test]
    fn tables_grow_and_keep_their_entries() {
        let cache = Cache::new(5000, 1, 0..1, |_| None);
        let names: Vec<Arc<str>> = (0..3000).map(|n| format!("/r{n}").into()).collect();
        let get_all = || names.iter().map(|name| get(&cache, name, 0));
        let first: Vec<_> = get_all().collect();
        assert!(
            first
                .iter()
                .zip(&names)
                .all(|(series, name)| **series == **name)
        );
        assert!(
            get_all()
                .zip(&first)
                .all(|(series, first)| Arc::ptr_eq(&series, first))
        );
        let mut known = names.iter().map(|text| EndpointName {
            text,
            owner: TextOwner::Request,
        });
        assert!(known.all(|name| cache.find(Some(&name), 0).is_some()));
    }

    #[test]
    fn a_detached_series_is_not_kept() {
        let cache: Cache<u32> = Cache::new(10, 1, 0..1, |_| None);
        assert_eq!(*cache.get(None, 0, |_, _| Registration::Detached(1)), 1);
        assert_eq!(cache.find(None, 0), None);
        assert_eq!(*cache.get(None, 0, |_, _| Registration::Registered(2)), 2);
        assert_eq!(*cache.get(None, 0, |_, _| Registration::Registered(3)), 2);
        assert_eq!(cache.find(None, 0).map(|series| *series), Some(2));
    }

    #[test]
    fn many_label_sets_are_kept_up_to_a_limit_and_then_share_those_for_others() {
        let cache: Cache<usize> = Cache::new(10, 100_000, 99_980..99_990, |_| None);
        let text: Arc<str> = "/a".into();
        let get = |index| *get_at(&cache, &text, index);
        for index in 0..MAX_SPARSE {
            assert_eq!(get(index), index);
        }
        assert_eq!(get(MAX_SPARSE + 7), 99_987);
        assert_eq!(get(MAX_SPARSE + 8), 99_988);
        assert_eq!(get(99_989), 99_989);
        assert_eq!(get(99_999), 99_989);
        assert_eq!(get(7), 7);
        assert_eq!(cache.sparse_count.load(Ordering::Relaxed), MAX_SPARSE + 3);
    }

    fn get_at(cache: &Cache<usize>, text: &Arc<str>, index: usize) -> Arc<usize> {
        let owner = TextOwner::Shared(text);
        let name = EndpointName { text, owner };
        cache.get(Some(&name), index, |_, index| {
            Registration::Registered(index)
        })
    }
}
