//! The hot path: metric handles, cached per endpoint and per method.
//!
//! Looking a series up through a recorder hashes its labels and takes the recorder's locks; with owned labels it also
//! allocates nine times. So each series is registered once and found again by the *address* of its endpoint's name:
//! axum lends every request of a route the same string, and a cached entry keeps a clone of what lends it, so that the
//! address cannot come to mean another name. A hit is a handful of acquire loads, no lock, no allocation.
//!
//! Measured by `cargo bench --bench layer_overhead`; the table is in README, section "What it costs".

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::labels::{EndpointName, OTHER, Pin, UNMATCHED};

/// Slots of the first table; each further one is four times as large.
const FIRST_TABLE: usize = 128;

/// Addresses remembered for one place of an endpoint. One is the rule; an app that builds its router several times has
/// several, and a nested service lends a new string on every request, of which no more than these are kept.
const MAX_ADDRESSES: usize = 4;

/// Series by endpoint, and by a place within it that the caller numbers (its method and extra labels).
pub(crate) struct Cache<T> {
    by_address: OnceLock<Box<Table<T>>>,
    by_name: RwLock<Names<T>>,
    unmatched: OnceLock<Arc<Endpoint<T>>>,
    other: OnceLock<Arc<Endpoint<T>>>,
    max_endpoints: usize,
    places: usize,
}

type Names<T> = HashMap<Arc<str>, Arc<Endpoint<T>>>;

struct Endpoint<T> {
    name: Arc<str>,
    places: Box<[Place<T>]>,
}

struct Place<T> {
    series: OnceLock<Arc<T>>,
    addresses: AtomicUsize,
}

/// Open addressing over slots that are written once and never cleared, so that readers need no lock.
struct Table<T> {
    slots: Box<[OnceLock<Slot<T>>]>,
    used: AtomicUsize,
    next: OnceLock<Box<Table<T>>>,
}

/// The series itself, not its endpoint: each step between the two is a cache line of its own for every route.
struct Slot<T> {
    address: usize,
    len: usize,
    place: usize,
    series: Arc<T>,
    /// Keeps the text at `address` for as long as the slot lives.
    _pin: Option<Box<dyn Any + Send + Sync>>,
}

impl<T> Cache<T> {
    pub(crate) fn new(max_endpoints: usize, places: usize) -> Self {
        Self {
            by_address: OnceLock::new(),
            by_name: RwLock::default(),
            unmatched: OnceLock::new(),
            other: OnceLock::new(),
            max_endpoints,
            places,
        }
    }

    /// An empty cache that knows the same endpoints, so that renewing it admits no more of them.
    pub(crate) fn successor(&self) -> Self {
        let successor = Self::new(self.max_endpoints, self.places);
        {
            let mut names = successor.write_names();
            for name in self.read_names().keys() {
                let endpoint = Arc::new(Endpoint::new(name, self.places));
                names.insert(Arc::clone(name), endpoint);
            }
        }
        successor
    }

    fn read_names(&self) -> RwLockReadGuard<'_, Names<T>> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_names(&self) -> RwLockWriteGuard<'_, Names<T>> {
        self.by_name.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The series at `place` of the endpoint `name` (`None` for unmatched), if it is known by this very address.
    #[inline]
    pub(crate) fn find(&self, name: Option<&EndpointName<'_>>, place: usize) -> Option<&Arc<T>> {
        let Some(name) = name else {
            return self.unmatched.get()?.places[place].series.get();
        };
        let mut table = self.by_address.get();
        while let Some(here) = table {
            if let Some(series) = here.find(name.text, place) {
                return Some(series);
            }
            table = here.next.get();
        }
        None
    }

    /// The series at `place` of the endpoint `name`; `make` registers it at its first use, and what it calls passing is
    /// handed out but not kept.
    pub(crate) fn get(
        &self,
        name: Option<&EndpointName<'_>>,
        place: usize,
        make: impl FnOnce(&Arc<str>) -> Made<T>,
    ) -> Arc<T> {
        if let Some(series) = self.find(name, place) {
            return Arc::clone(series);
        }
        let endpoint = match name {
            Some(name) => self.endpoint(name.text),
            None => Arc::clone(self.reserved(&self.unmatched, UNMATCHED)),
        };
        let cell = &endpoint.places[place].series;
        let series = match cell.get() {
            Some(series) => series,
            None => match make(&endpoint.name) {
                Made::Lasting(series) => cell.get_or_init(|| Arc::new(series)),
                Made::Passing(series) => return Arc::new(series),
            },
        };
        if let Some(name) = name {
            self.remember_address(name, &endpoint.places[place].addresses, place, series);
        }
        Arc::clone(series)
    }

    fn endpoint(&self, text: &str) -> Arc<Endpoint<T>> {
        {
            let names = self.read_names();
            if let Some(endpoint) = names.get(text) {
                return Arc::clone(endpoint);
            }
            // Names are never removed: once full, always full, and no need for the exclusive lock.
            if names.len() >= self.max_endpoints {
                return self.other();
            }
        }
        self.add_name(text)
    }

    fn add_name(&self, text: &str) -> Arc<Endpoint<T>> {
        let mut names = self.write_names();
        if let Some(endpoint) = names.get(text) {
            return Arc::clone(endpoint);
        }
        if names.len() >= self.max_endpoints {
            return self.other();
        }
        let endpoint = Arc::new(Endpoint::new(text, self.places));
        names.insert(Arc::clone(&endpoint.name), Arc::clone(&endpoint));
        endpoint
    }

    fn other(&self) -> Arc<Endpoint<T>> {
        Arc::clone(self.reserved(&self.other, OTHER))
    }

    fn remember_address(
        &self,
        name: &EndpointName<'_>,
        addresses: &AtomicUsize,
        place: usize,
        series: &Arc<T>,
    ) {
        if matches!(name.pin, Pin::Never) {
            return;
        }
        if addresses.fetch_add(1, Ordering::Relaxed) >= MAX_ADDRESSES {
            addresses.store(MAX_ADDRESSES, Ordering::Relaxed);
            return;
        }
        let mut slot = Slot {
            address: name.text.as_ptr().addr(),
            len: name.text.len(),
            place,
            series: Arc::clone(series),
            _pin: match name.pin {
                Pin::Clone(pinned) => Some(pinned.pin()),
                Pin::Static | Pin::Never => None,
            },
        };
        let mut size = FIRST_TABLE;
        let mut table = &self.by_address;
        loop {
            let here = table.get_or_init(|| Box::new(Table::new(size)));
            match here.insert(slot) {
                Ok(()) => return,
                Err(full) => slot = full,
            }
            size *= 4;
            table = &here.next;
        }
    }

    fn reserved<'a>(
        &self,
        cell: &'a OnceLock<Arc<Endpoint<T>>>,
        name: &str,
    ) -> &'a Arc<Endpoint<T>> {
        cell.get_or_init(|| Arc::new(Endpoint::new(name, self.places)))
    }
}

/// A series made for the cache.
pub(crate) enum Made<T> {
    /// Registered with a recorder: good for all requests to come.
    Lasting(T),
    /// Good for this request only; no recorder is installed yet.
    Passing(T),
}

impl<T> Endpoint<T> {
    fn new(name: &str, places: usize) -> Self {
        Self {
            name: name.into(),
            places: (0..places)
                .map(|_| Place {
                    series: OnceLock::new(),
                    addresses: AtomicUsize::new(0),
                })
                .collect(),
        }
    }
}

impl<T> Table<T> {
    fn new(size: usize) -> Self {
        Self {
            slots: (0..size).map(|_| OnceLock::new()).collect(),
            used: AtomicUsize::new(0),
            next: OnceLock::new(),
        }
    }

    /// Probing starts where the key's high product bits say (Fibonacci hashing) and ends at the first free slot.
    #[inline]
    fn probe(&self, address: usize, place: usize) -> impl Iterator<Item = &OnceLock<Slot<T>>> {
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        let mask = self.slots.len() - 1;
        let key = address.wrapping_add(place) as u64;
        let start = (key.wrapping_mul(GOLDEN) >> 32) as usize;
        (0..self.slots.len()).map(move |step| &self.slots[(start + step) & mask])
    }

    #[inline]
    fn find(&self, text: &str, place: usize) -> Option<&Arc<T>> {
        let address = text.as_ptr().addr();
        for slot in self.probe(address, place) {
            let slot = slot.get()?;
            if slot.address == address && slot.len == text.len() && slot.place == place {
                return Some(&slot.series);
            }
        }
        None
    }

    /// Gives the slot back when the table is half full: past that, misses would probe too far.
    fn insert(&self, mut slot: Slot<T>) -> Result<(), Slot<T>> {
        if self.used.fetch_add(1, Ordering::Relaxed) >= self.slots.len() / 2 {
            self.used.fetch_sub(1, Ordering::Relaxed);
            return Err(slot);
        }
        for cell in self.probe(slot.address, slot.place) {
            match cell.set(slot) {
                Ok(()) => return Ok(()),
                Err(taken) => slot = taken,
            }
        }
        Err(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    struct Shared(Arc<str>);

    impl Shared {
        fn name<'a>(&'a self, pin: &'a Arc<str>) -> EndpointName<'a> {
            EndpointName {
                text: &self.0,
                pin: Pin::Clone(pin),
            }
        }
    }

    fn get(cache: &Cache<String>, text: &'static str, place: usize) -> Arc<String> {
        let name = EndpointName {
            text,
            pin: Pin::Static,
        };
        cache.get(Some(&name), place, |name| {
            Made::Lasting(format!("{name}#{place}"))
        })
    }

    #[test]
    fn a_series_is_made_once() {
        let cache = Cache::new(10, 2);
        let first = get(&cache, "/a", 1);
        assert_eq!(*first, "/a#1");
        assert!(Arc::ptr_eq(&first, &get(&cache, "/a", 1)));
        assert_eq!(*get(&cache, "/a", 0), "/a#0");
    }

    #[test]
    fn past_the_limit_names_share_other_and_unmatched_is_apart() {
        let cache = Cache::new(2, 1);
        for text in ["/a", "/b", "/c", "/d"] {
            get(&cache, text, 0);
        }
        assert_eq!(*get(&cache, "/b", 0), "/b#0");
        assert_eq!(*get(&cache, "/c", 0), "other#0");
        assert_eq!(*get(&cache, "/d", 0), "other#0");
        let unmatched = cache.get(None, 0, |name| Made::Lasting(name.to_string()));
        assert_eq!(*unmatched, "unmatched");
    }

    #[test]
    fn equal_text_at_other_addresses_is_one_endpoint_and_pins_no_more_than_four() {
        let cache: Cache<String> = Cache::new(10, 1);
        let copies: Vec<_> = (0..100).map(|_| Shared("/nested".into())).collect();
        for copy in &copies {
            let name = copy.name(&copy.0);
            let series = cache.get(Some(&name), 0, |name| Made::Lasting(name.to_string()));
            assert_eq!(*series, "/nested");
        }
        let pinned = copies.iter().filter(|copy| Arc::strong_count(&copy.0) > 1);
        assert_eq!(pinned.count(), MAX_ADDRESSES);
        assert_eq!(cache.by_name.read().unwrap().len(), 1);
    }

    #[test]
    fn a_pinned_address_outlives_its_lender() {
        let cache: Cache<String> = Cache::new(1000, 1);
        for n in 0..500 {
            let lent = Shared(format!("/{n:03}").into());
            let name = lent.name(&lent.0);
            let series = cache.get(Some(&name), 0, |name| Made::Lasting(name.to_string()));
            // Were an address used again, an earlier endpoint of the same length would answer.
            assert_eq!(**series, *lent.0);
        }
    }

    #[test]
    fn tables_grow_and_keep_what_they_had() {
        let cache: Cache<String> = Cache::new(5000, 1);
        let names: Vec<Arc<str>> = (0..3000).map(|n| format!("/r{n}").into()).collect();
        let made = AtomicU32::new(0);
        for _ in 0..2 {
            for name in &names {
                let lent = EndpointName {
                    text: name,
                    pin: Pin::Clone(name),
                };
                let series = cache.get(Some(&lent), 0, |name| {
                    made.fetch_add(1, Ordering::Relaxed);
                    Made::Lasting(name.to_string())
                });
                assert_eq!(**series, **name);
            }
        }
        assert_eq!(made.into_inner(), 3000);
        let mut lent = names.iter().map(|name| EndpointName {
            text: name,
            pin: Pin::Never,
        });
        assert!(lent.all(|name| cache.find(Some(&name), 0).is_some()));
    }

    #[test]
    fn a_passing_series_is_not_kept() {
        let cache: Cache<u32> = Cache::new(10, 1);
        assert_eq!(*cache.get(None, 0, |_| Made::Passing(1)), 1);
        assert_eq!(cache.find(None, 0), None);
        assert_eq!(*cache.get(None, 0, |_| Made::Lasting(2)), 2);
        assert_eq!(*cache.get(None, 0, |_| Made::Lasting(3)), 2);
        assert_eq!(cache.find(None, 0).map(|series| **series), Some(2));
    }
}
