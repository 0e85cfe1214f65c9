//! [`Generation`].

use super::super::float_cell::FloatCell;
use super::super::line::{add_alone, add_float_alone, at};
use super::super::own_cells::OwnCells;
use super::super::sync::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use super::key::Key;

/// The counts of a histogram until its buckets outgrow them. The next generation has more room or a coarser schema, and the
/// counts of this one stay: so no count is moved, and a thread that still writes here loses nothing.
pub(super) struct Generation {
    pub(super) schema: i8,
    /// From the finest schema.
    pub(super) steps: u32,
    /// Of the slots. A slot that has a key keeps it. The number is a power of two.
    keys: Box<[AtomicU64]>,
    /// Samples per slot.
    counts: Box<[AtomicU64]>,
    sum: FloatCell,
    /// The sum's bits, then the slots.
    own: OwnCells,
    free_slots: Budget,
    /// Of exponential buckets, without the zero bucket.
    free_buckets: Budget,
}

/// Why a key finds no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    Slots,
    Buckets,
}

/// A number that is given out one by one.
struct Budget {
    taken: AtomicUsize,
    all: usize,
}

impl Budget {
    fn new(all: usize) -> Self {
        Self {
            taken: AtomicUsize::new(0),
            all,
        }
    }

    fn take(&self) -> bool {
        let taken = self.taken.fetch_add(1, Relaxed) < self.all;
        if !taken {
            self.give_back();
        }
        taken
    }

    fn give_back(&self) {
        self.taken.fetch_sub(1, Relaxed);
    }
}

const SUM: usize = 0;
const SLOTS: usize = 1;

impl Generation {
    /// `capacity` is a power of two.
    pub(super) fn new(schema: i8, steps: u32, capacity: usize, max_buckets: usize) -> Self {
        let zeros = || (0..capacity).map(|_| AtomicU64::new(0)).collect();
        Self {
            schema,
            steps,
            keys: zeros(),
            counts: zeros(),
            sum: FloatCell::new(0.0),
            own: OwnCells::new(),
            free_slots: Budget::new(room(capacity)),
            free_buckets: Budget::new(max_buckets),
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.keys.len()
    }

    /// The slot of the key, if it is the first one that a search looks at, as it nearly always is.
    #[inline]
    pub(super) fn first_slot(&self, key: Key) -> Option<usize> {
        let slot = key.slot() & (self.keys.len() - 1);
        (self.keys.get(slot)?.load(Relaxed) == key.0).then_some(slot)
    }

    /// The slot of the key, which gets one unless it has one.
    pub(super) fn slot(&self, key: Key) -> Result<usize, Full> {
        let last = self.keys.len() - 1;
        let mut slot = key.slot() & last;
        loop {
            let mut found = self.keys[slot].load(Relaxed);
            if found == Key::NONE {
                let is_new = self.reserve(key)?;
                match self.keys[slot].compare_exchange(Key::NONE, key.0, Relaxed, Relaxed) {
                    Ok(_) => return Ok(slot),
                    Err(other) => found = other,
                }
                self.cancel(is_new);
            }
            if found == key.0 {
                return Ok(slot);
            }
            // Some slot is free, because not all may be taken.
            slot = (slot + 1) & last;
        }
    }

    /// Returns whether the key needs a new bucket.
    fn reserve(&self, key: Key) -> Result<bool, Full> {
        let is_new = self.is_new_bucket(key);
        if is_new && !self.free_buckets.take() {
            return Err(Full::Buckets);
        }
        if self.free_slots.take() {
            return Ok(is_new);
        }
        if is_new {
            self.free_buckets.give_back();
        }
        Err(Full::Slots)
    }

    fn cancel(&self, is_new_bucket: bool) {
        self.free_slots.give_back();
        if is_new_bucket {
            self.free_buckets.give_back();
        }
    }

    /// Whether no key has the same exponential bucket.
    fn is_new_bucket(&self, key: Key) -> bool {
        !key.is_zero()
            && self
                .keys()
                .all(|(_, other)| other.bucket_code() != key.bucket_code())
    }

    #[inline]
    pub(super) fn add(&self, slot: usize, sum: f64, count: u64) {
        match self.own.get() {
            Some(own) => {
                add_alone(at(own, SLOTS + slot), count, Relaxed);
                add_float_alone(at(own, SUM), sum);
            }
            None => self.add_shared(slot, sum, count),
        }
    }

    #[cold]
    fn add_shared(&self, slot: usize, sum: f64, count: u64) {
        let old = self.counts[slot].fetch_add(count, Relaxed);
        self.sum.add(sum);
        self.own.promote_if_due(old, count, SLOTS + self.keys.len());
    }

    /// The keys with their slots.
    pub(super) fn keys(&self) -> impl Iterator<Item = (usize, Key)> {
        let keys = self.keys.iter().map(|key| key.load(Relaxed)).enumerate();
        keys.filter(|(_, key)| *key != Key::NONE)
            .map(|(slot, key)| (slot, Key(key)))
    }

    /// Passes each key with its samples, and returns the sum of the samples.
    pub(super) fn read(&self, mut read: impl FnMut(Key, u64)) -> f64 {
        for (slot, key) in self.keys() {
            let shared = self.counts[slot].load(Relaxed);
            let own = self.own.all();
            let count = own.fold(shared, |sum, own| {
                sum.wrapping_add(at(own, SLOTS + slot).load(Relaxed))
            });
            read(key, count);
        }
        let own = self.own.all();
        let own = own.map(|own| f64::from_bits(at(own, SUM).load(Relaxed)));
        self.sum.get() + own.sum::<f64>()
    }

    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.keys) + size_of_val(&*self.counts) + self.own.heap_bytes()
    }
}

/// The slots that may be taken. Searches are short while some are free.
pub(super) const fn room(capacity: usize) -> usize {
    capacity - capacity / 4
}
