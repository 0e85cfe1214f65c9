//! [`Slots`].

use super::super::sync::{AtomicU64, Ordering::Relaxed};
use super::budget::Budget;
use super::key::Key;

/// A hash table of keys that only grows. A slot that has a key keeps it.
pub(super) struct Slots {
    /// Their number is a power of two.
    keys: Box<[AtomicU64]>,
    /// That number less one.
    mask: usize,
    free: Budget,
}

/// Where a key is.
pub(super) enum Place {
    Slot(usize),
    /// It got this slot.
    New(usize),
    None,
}

impl Slots {
    /// `capacity` is a power of two.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            keys: (0..capacity).map(|_| AtomicU64::new(Key::NONE)).collect(),
            mask: capacity - 1,
            // Some slots stay free, so that searches are short, and end.
            free: Budget::new(room(capacity)),
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.keys.len()
    }

    /// The slot of the fast key with this code, if it is the first one that a search looks at.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "only the last bits matter")]
    pub(super) fn first(&self, code: u64) -> Option<usize> {
        let slot = code as usize & self.mask;
        (self.keys.get(slot)?.load(Relaxed) == code).then_some(slot)
    }

    pub(super) fn find(&self, key: Key) -> Option<usize> {
        let slots = (0..self.keys.len()).map(|step| (key.hash() + step) & self.mask);
        let mut used = slots.map(|slot| (slot, self.keys[slot].load(Relaxed)));
        let (slot, found) = used.find(|(_, found)| *found == key.bits() || *found == Key::NONE)?;
        (found == key.bits()).then_some(slot)
    }

    /// Gives the key a slot, unless it has one or none is free.
    pub(super) fn insert(&self, key: Key) -> Place {
        if !self.free.take() {
            return self.find(key).map_or(Place::None, Place::Slot);
        }
        for step in 0..self.keys.len() {
            let slot = (key.hash() + step) & self.mask;
            let taken = self.keys[slot].compare_exchange(Key::NONE, key.bits(), Relaxed, Relaxed);
            match taken {
                Ok(_) => return Place::New(slot),
                Err(found) if found == key.bits() => {
                    self.free.give_back();
                    return Place::Slot(slot);
                }
                Err(_) => {}
            }
        }
        self.free.give_back();
        Place::None
    }

    /// The slots that have keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = (usize, Key)> {
        let keys = self.keys.iter().map(|key| key.load(Relaxed)).enumerate();
        keys.filter(|(_, key)| *key != Key::NONE)
            .map(|(slot, key)| (slot, Key::from_bits(key)))
    }

    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.keys)
    }
}

/// The slots of so many that may be taken.
fn room(capacity: usize) -> usize {
    capacity - capacity / 4
}

/// The capacity with room for so many keys.
pub(super) fn capacity_for(keys: usize) -> usize {
    let mut capacity: usize = 4;
    while room(capacity) < keys {
        capacity *= 2;
    }
    capacity
}
