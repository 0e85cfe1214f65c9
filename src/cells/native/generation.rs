//! [`Generation`].

use super::super::float_cell::FloatCell;
use super::super::line::{add_alone, add_float_alone, at};
use super::super::own_cells::OwnCells;
use super::super::sync::{AtomicU64, Ordering::Relaxed};
use super::budget::Budget;
use super::capacity::Capacity;
use super::key::Key;
use super::slots::{Place, Slots};

/// The counts of a histogram until its buckets outgrow them. The next generation has more room or a coarser schema, and the
/// counts of this one stay: so no count is moved, and a thread that still writes here loses nothing.
pub(super) struct Generation {
    pub(super) schema: i8,
    /// From the finest schema.
    pub(super) steps: u32,
    /// Apart from the others, so that each of these nearly always has the first slot that a search looks at.
    undivided: Slots,
    divided: Slots,
    /// Samples per slot, the divided ones behind the others.
    counts: Box<[AtomicU64]>,
    sum: FloatCell,
    /// The sum's bits, then the slots.
    own: OwnCells,
    /// Of exponential buckets, without the zero bucket.
    free_buckets: Budget,
}

/// Why a key finds no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    Slots,
    Buckets,
}

const SUM: usize = 0;
const SLOTS: usize = 1;

impl Generation {
    pub(super) fn new(schema: i8, steps: u32, capacity: Capacity, max_buckets: usize) -> Self {
        let slots = capacity.undivided + capacity.divided;
        Self {
            schema,
            steps,
            undivided: Slots::new(capacity.undivided),
            divided: Slots::new(capacity.divided),
            counts: (0..slots).map(|_| AtomicU64::new(0)).collect(),
            sum: FloatCell::new(0.0),
            own: OwnCells::new(),
            free_buckets: Budget::new(max_buckets),
        }
    }

    pub(super) fn capacity(&self) -> Capacity {
        Capacity {
            undivided: self.undivided.capacity(),
            divided: self.divided.capacity(),
        }
    }

    /// The slot of a key that nearly all samples of its bucket have.
    #[inline]
    pub(super) fn first_undivided(&self, key: Key) -> Option<usize> {
        self.undivided.first(key, key.undivided_hash())
    }

    #[inline]
    pub(super) fn first_divided(&self, key: Key) -> Option<usize> {
        let slot = self.divided.first(key, key.hash())?;
        Some(self.undivided.capacity() + slot)
    }

    /// The slots that have such keys, and the number of slots before them.
    fn slots(&self, key: Key) -> (&Slots, usize) {
        if key.is_divided() {
            (&self.divided, self.undivided.capacity())
        } else {
            (&self.undivided, 0)
        }
    }

    /// The slot of the key, which gets one unless it has one.
    pub(super) fn slot(&self, key: Key) -> Result<usize, Full> {
        let (slots, before) = self.slots(key);
        if let Some(slot) = slots.find(key, key.hash()) {
            return Ok(before + slot);
        }
        let is_new = self.is_new_bucket(key);
        if is_new && !self.free_buckets.take() {
            // Unless another thread was first.
            let slot = slots.find(key, key.hash()).ok_or(Full::Buckets)?;
            return Ok(before + slot);
        }
        let place = slots.insert(key, key.hash());
        if is_new && !matches!(place, Place::New(_)) {
            self.free_buckets.give_back();
        }
        match place {
            Place::Slot(slot) | Place::New(slot) => Ok(before + slot),
            Place::None => Err(Full::Slots),
        }
    }

    /// Whether no key has the same exponential bucket.
    fn is_new_bucket(&self, key: Key) -> bool {
        let is_other = |(_, other): (usize, Key)| other.bucket_code() != key.bucket_code();
        !key.is_zero() && self.keys().all(is_other)
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
        self.own
            .promote_if_due(old, count, SLOTS + self.counts.len());
    }

    /// The keys with their slots.
    pub(super) fn keys(&self) -> impl Iterator<Item = (usize, Key)> {
        let before = self.undivided.capacity();
        let divided = self.divided.keys();
        let divided = divided.map(move |(slot, key)| (before + slot, key));
        self.undivided.keys().chain(divided)
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
        let slots = self.undivided.heap_bytes() + self.divided.heap_bytes();
        slots + size_of_val(&*self.counts) + self.own.heap_bytes()
    }
}
