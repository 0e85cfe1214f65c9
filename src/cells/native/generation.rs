//! [`Generation`].

use std::sync::Arc;

use super::super::float_cell::FloatCell;
use super::super::line::{add_alone, add_float_alone, at};
use super::super::own_cells::OwnCells;
use super::super::sync::{AtomicU64, Ordering::Relaxed};
use super::bucket::Bucket;
use super::budget::Budget;
use super::exponential::finest_code;
use super::key::Key;
use super::resolution::Resolution;
use super::slots::{Place, Slots};
use super::splits::FIRST_BOUND;

/// The counts of a histogram until its buckets outgrow them. The next generation has more room or a coarser schema, and the
/// counts of this one stay: so no count is moved, and a thread that still writes here loses nothing.
pub(super) struct Generation {
    pub(super) resolution: Arc<Resolution>,
    /// Of the resolution. Beside the keys, because each record reads both.
    steps: u32,
    keys: Slots,
    /// The slots before those of the keys: of the sum, the classic bounds and the zero bucket.
    before: usize,
    /// Samples per slot. That of the sum has none.
    counts: Box<[AtomicU64]>,
    sum: FloatCell,
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

/// The slot of the sum's bits.
const SUM: usize = 0;

impl Generation {
    /// `bounds` are finite ones.
    pub(super) fn new(
        resolution: Arc<Resolution>,
        bounds: usize,
        capacity: usize,
        max_buckets: usize,
    ) -> Self {
        let before = FIRST_BOUND + bounds + 1;
        Self {
            steps: resolution.steps,
            resolution,
            keys: Slots::new(capacity),
            before,
            counts: (0..before + capacity).map(|_| AtomicU64::new(0)).collect(),
            sum: FloatCell::new(0.0),
            own: OwnCells::new(),
            free_buckets: Budget::new(max_buckets),
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.keys.capacity()
    }

    fn zero_slot(&self) -> usize {
        self.before - 1
    }

    /// The slot of nearly all samples that the histogram has had the bucket of. `None` for all numbers that are not finite.
    #[inline]
    pub(super) fn fast_slot(&self, value: f64) -> Option<usize> {
        let bits = value.to_bits();
        let code = finest_code(bits) >> self.steps;
        // Only buckets have keys in which all numbers with their code are finite samples.
        let first = self.before + self.keys.first(code)?;
        Some(self.resolution.splits.slot(code, bits, first))
    }

    /// The slot of a finite sample of a classic bucket.
    pub(super) fn slot(&self, value: f64, classic: usize) -> Result<usize, Full> {
        let bucket = self.resolution.bucket(value);
        let first = self.first_slot(bucket)?;
        let bound = self.resolution.bound_below(bucket, classic);
        Ok(bound.map_or(first, |bound| FIRST_BOUND + bound))
    }

    /// The slot of a bucket, which gets one unless it has one.
    pub(super) fn first_slot(&self, bucket: Bucket) -> Result<usize, Full> {
        let Some(key) = self.resolution.key(bucket) else {
            return Ok(self.zero_slot());
        };
        if let Some(slot) = self.keys.find(key) {
            return Ok(self.before + slot);
        }
        if !self.free_buckets.take() {
            // Unless another thread was first.
            let slot = self.keys.find(key).ok_or(Full::Buckets)?;
            return Ok(self.before + slot);
        }
        let place = self.keys.insert(key);
        if !matches!(place, Place::New(_)) {
            self.free_buckets.give_back();
        }
        match place {
            Place::Slot(slot) | Place::New(slot) => Ok(self.before + slot),
            Place::None => Err(Full::Slots),
        }
    }

    #[inline]
    pub(super) fn add(&self, slot: usize, sum: f64, count: u64) {
        match self.own.get() {
            Some(own) => {
                add_alone(at(own, slot), count, Relaxed);
                add_float_alone(at(own, SUM), sum);
            }
            None => self.add_shared(slot, sum, count),
        }
    }

    #[cold]
    fn add_shared(&self, slot: usize, sum: f64, count: u64) {
        let old = self.counts[slot].fetch_add(count, Relaxed);
        self.sum.add(sum);
        self.own.promote_if_due(old, count, self.counts.len());
    }

    /// The buckets that have keys, with their slots.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (usize, Bucket)> {
        let bucket = |(slot, key): (usize, Key)| (self.before + slot, key.bucket(self.steps));
        self.keys.keys().map(bucket)
    }

    /// Passes the samples of each part of a bucket, with its classic bucket, and returns the sum of the samples.
    pub(super) fn read(&self, mut read: impl FnMut(Bucket, usize, u64)) -> f64 {
        let resolution = &*self.resolution;
        let bounds = (FIRST_BOUND..self.zero_slot()).map(|slot| {
            let bound = slot - FIRST_BOUND;
            (slot, resolution.bucket_of_bound(bound), bound + 1)
        });
        let firsts = std::iter::once((self.zero_slot(), Bucket::Zero)).chain(self.buckets());
        let firsts = firsts.map(|(slot, bucket)| (slot, bucket, resolution.first_classic(bucket)));
        for (slot, bucket, classic) in bounds.chain(firsts) {
            let count = self.count(slot);
            if count > 0 {
                read(bucket, classic, count);
            }
        }
        let own = self.own.all();
        let own = own.map(|own| f64::from_bits(at(own, SUM).load(Relaxed)));
        self.sum.get() + own.sum::<f64>()
    }

    fn count(&self, slot: usize) -> u64 {
        let own = self.own.all();
        own.fold(self.counts[slot].load(Relaxed), |sum, own| {
            sum.wrapping_add(at(own, slot).load(Relaxed))
        })
    }

    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        self.keys.heap_bytes() + size_of_val(&*self.counts) + self.own.heap_bytes()
    }
}
