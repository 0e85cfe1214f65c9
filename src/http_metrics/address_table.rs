//! `AddressTable`: series by the address of their endpoint's name, read without locks.

use std::any::Any;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::per_thread::PerThread;

/// The number of slots of the first table. Each further table is four times as large.
const FIRST_TABLE: usize = 128;

/// A chain of hash tables. Their slots are written once and never cleared, so readers need no lock.
pub(crate) struct AddressTable<T> {
    first: OnceLock<Box<Table<T>>>,
}

/// Open addressing.
struct Table<T> {
    slots: Box<[OnceLock<Slot<T>>]>,
    used: AtomicUsize,
    next: OnceLock<Box<Table<T>>>,
}

/// Holds the series itself and not its endpoint, because each step between the two is a further cache line per route.
pub(crate) struct Slot<T> {
    pub(crate) address: usize,
    pub(crate) len: usize,
    pub(crate) index: usize,
    pub(crate) series: PerThread<T>,
    /// Keeps the text at `address` as long as the slot exists.
    pub(crate) _keep_alive: Option<Box<dyn Any + Send + Sync>>,
}

impl<T> AddressTable<T> {
    pub(crate) fn new() -> Self {
        Self {
            first: OnceLock::new(),
        }
    }

    /// The series of the endpoint whose name is `text`, by its address, at `index`.
    #[inline]
    pub(crate) fn find(&self, text: &str, index: usize) -> Option<&PerThread<T>> {
        let mut table = self.first.get();
        while let Some(here) = table {
            if let Some(series) = here.find(text, index) {
                return Some(series);
            }
            table = here.next.get();
        }
        None
    }

    pub(crate) fn insert(&self, mut slot: Slot<T>) {
        let mut size = FIRST_TABLE;
        let mut table = &self.first;
        loop {
            let here = table.get_or_init(|| Box::new(Table::new(size)));
            match here.insert(slot) {
                Ok(()) => return,
                Err(rejected) => slot = rejected,
            }
            size *= 4;
            table = &here.next;
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

    /// The slots from the one that the high bits of the key's product select (Fibonacci hashing).
    #[inline]
    fn probe(&self, address: usize, index: usize) -> impl Iterator<Item = &OnceLock<Slot<T>>> {
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        let mask = self.slots.len() - 1;
        let key = address.wrapping_add(index) as u64;
        let start = (key.wrapping_mul(GOLDEN) >> 32) as usize;
        (0..self.slots.len()).map(move |step| &self.slots[(start + step) & mask])
    }

    #[inline]
    fn find(&self, text: &str, index: usize) -> Option<&PerThread<T>> {
        let address = text.as_ptr().addr();
        for slot in self.probe(address, index) {
            let slot = slot.get()?;
            if slot.address == address && slot.len == text.len() && slot.index == index {
                return Some(&slot.series);
            }
        }
        None
    }

    /// Returns the slot if the table is half full, because a fuller table would need too many probes for a miss.
    fn insert(&self, mut slot: Slot<T>) -> Result<(), Slot<T>> {
        if self.used.fetch_add(1, Ordering::Relaxed) >= self.slots.len() / 2 {
            self.used.fetch_sub(1, Ordering::Relaxed);
            return Err(slot);
        }
        for free in self.probe(slot.address, slot.index) {
            match free.set(slot) {
                Ok(()) => return Ok(()),
                Err(rejected) => slot = rejected,
            }
        }
        Err(slot)
    }
}
