//! [`NativeCells`].

use std::sync::Arc;

use super::super::bounds::Bounds;
use super::super::sync::{
    AtomicUsize, OnceLock,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use super::generation::{Full, Generation, room};
use super::key::Key;
use super::native_counts::NativeCounts;
use super::native_options::{MAX_SCHEMA, MIN_SCHEMA, NativeOptions};

/// A histogram with exponential buckets, and with classic ones that are counted exactly, too.
///
/// It has the buckets that its samples need. If they are more than allowed, each two become one. Its counts are the sum of its
/// generations, and its total is the sum of its buckets, so no reader sees a difference.
pub(crate) struct NativeCells {
    options: NativeOptions,
    bounds: Arc<Bounds>,
    /// The generation that threads write.
    current: AtomicUsize,
    /// Those up to the current one exist.
    generations: Box<[OnceLock<Box<Generation>>]>,
}

/// Of the first generation, because most series have samples in few buckets.
const FIRST_CAPACITY: usize = 32;
const GROWTH: usize = 4;

/// The buckets at the coarsest schema: 132 for each sign, from 2^-1074 to 2^1024.
const COARSEST_BUCKETS: usize = 264;

impl NativeCells {
    pub(crate) fn new(options: NativeOptions, bounds: Arc<Bounds>) -> Self {
        let halvings = usize::from((options.schema - MIN_SCHEMA).unsigned_abs());
        let full = full_capacity(&options, &bounds);
        let growths = (0..).take_while(|growths| FIRST_CAPACITY * GROWTH.pow(*growths) < full);
        let generations: Box<[_]> = (0..1 + halvings + growths.count())
            .map(|_| OnceLock::new())
            .collect();
        let cells = Self {
            options,
            bounds,
            current: AtomicUsize::new(0),
            generations,
        };
        let first = cells.generation(options.schema, FIRST_CAPACITY);
        cells.generations[0].get_or_init(|| Box::new(first));
        cells
    }

    fn generation(&self, schema: i8, capacity: usize) -> Generation {
        let max_buckets = if schema == MIN_SCHEMA {
            usize::MAX
        } else {
            self.options.max_buckets
        };
        Generation::new(schema, steps(MAX_SCHEMA, schema), capacity, max_buckets)
    }

    // Acquire: pairs with the release in `advance`, so that the generation is there.
    #[inline]
    fn current(&self) -> Option<&Generation> {
        let current = self.generations.get(self.current.load(Acquire))?;
        current.get().map(|generation| &**generation)
    }

    /// Records a finite sample.
    #[inline]
    pub(crate) fn record(&self, value: f64) {
        self.add(value, value, 1);
    }

    /// Records the same finite sample `count` times.
    pub(crate) fn record_many(&self, value: f64, count: u64) {
        self.add(value, value * count as f64, count);
    }

    #[inline]
    fn add(&self, value: f64, sum: f64, count: u64) {
        if let Some(generation) = self.current()
            && value.abs() > self.options.zero_threshold
            && let Some(slot) = generation.first_slot(Key::undivided(value, generation.steps))
        {
            return generation.add(slot, sum, count);
        }
        self.add_slowly(value, sum, count);
    }

    #[inline(never)]
    fn add_slowly(&self, value: f64, sum: f64, count: u64) {
        while let Some(generation) = self.current() {
            let key = Key::new(value, generation.schema, &self.options, &self.bounds);
            match generation.slot(key) {
                Ok(slot) => return generation.add(slot, sum, count),
                Err(full) => self.advance(generation, full),
            }
        }
    }

    /// Makes the generation after `last` the current one, unless another thread has.
    #[cold]
    fn advance(&self, last: &Generation, full: Full) {
        let current = self.current.load(Acquire);
        if !self.current().is_some_and(|now| std::ptr::eq(now, last)) {
            return;
        }
        let Some(cell) = self.generations.get(current + 1) else {
            return;
        };
        let next = match full {
            Full::Slots => self.grown(last),
            Full::Buckets => self.coarser(last),
        };
        let next = Box::new(next);
        // It is complete, so another thread waits for the move of a pointer at most.
        cell.get_or_init(|| next);
        // Fails if another thread was first.
        let _ = self
            .current
            .compare_exchange(current, current + 1, AcqRel, Relaxed);
    }

    fn grown(&self, last: &Generation) -> Generation {
        let full = full_capacity(&self.options, &self.bounds);
        let next = self.generation(last.schema, full.min(last.capacity() * GROWTH));
        self.copy_keys(last, &next);
        next
    }

    /// With half the resolution, or less if the buckets are still too many.
    fn coarser(&self, last: &Generation) -> Generation {
        let mut schema = last.schema;
        loop {
            schema = (schema - 1).max(MIN_SCHEMA);
            let next = self.generation(schema, last.capacity());
            if self.copy_keys(last, &next) || schema == MIN_SCHEMA {
                return next;
            }
        }
    }

    /// Gives `next` all keys of `last`, because it must know how many buckets there are. Returns whether it had room.
    fn copy_keys(&self, last: &Generation, next: &Generation) -> bool {
        last.keys().all(|(_, key)| {
            let key = key.coarser(last.schema, next.schema, &self.bounds);
            next.slot(key).is_ok()
        })
    }

    /// Replaces `counts` by the samples per classic bucket, not cumulative, and gives the sum.
    pub(crate) fn read_into(&self, counts: &mut Vec<u64>) -> f64 {
        let current = self.current.load(Acquire);
        self.read(current, counts, |_, _, _| {})
    }

    /// The same, with the exponential buckets of the same samples.
    pub(crate) fn read_native(&self, counts: &mut Vec<u64>, native: &mut NativeCounts) -> f64 {
        loop {
            let current = self.current.load(Acquire);
            let Some(generation) = self.generations.get(current).and_then(OnceLock::get) else {
                return self.read(current, counts, |_, _, _| {});
            };
            let mut buckets = Vec::new();
            let sum = self.read(current, counts, |schema, key, count| {
                let steps = steps(schema, generation.schema);
                buckets.push((key.bucket().coarser(steps), count));
            });
            native.set(generation.schema, buckets);
            // Threads that wrote to a generation while the next one was made may have needed more buckets than that knows.
            let is_fine = native.buckets() <= self.options.max_buckets;
            if is_fine || generation.schema == MIN_SCHEMA {
                return sum;
            }
            self.advance(generation, Full::Buckets);
        }
    }

    /// Reads all generations up to `current`.
    fn read(
        &self,
        current: usize,
        counts: &mut Vec<u64>,
        mut read: impl FnMut(i8, Key, u64),
    ) -> f64 {
        counts.clear();
        counts.resize(self.bounds.buckets(), 0);
        let generations = self.generations.iter().take(current + 1);
        let sums = generations.filter_map(OnceLock::get).map(|generation| {
            generation.read(|key, count| {
                if count == 0 {
                    return;
                }
                let classic = key.classic(generation.schema, &self.bounds);
                if let Some(classic) = counts.get_mut(classic) {
                    *classic = classic.wrapping_add(count);
                }
                read(generation.schema, key, count);
            })
        });
        sums.sum()
    }

    /// Without the bounds, which the family's histograms share.
    #[cfg(test)]
    pub(crate) fn heap_bytes(&self) -> usize {
        let generations = self.generations.iter().filter_map(OnceLock::get);
        let generations = generations.map(|one| size_of::<Generation>() + one.heap_bytes());
        size_of_val(&*self.generations) + generations.sum::<usize>()
    }
}

/// The capacity that suffices at every schema.
fn full_capacity(options: &NativeOptions, bounds: &Bounds) -> usize {
    // Each classic bound divides at most one bucket, or the zero bucket.
    let slots = options.max_buckets.max(COARSEST_BUCKETS) + 1 + bounds.buckets();
    let mut capacity = FIRST_CAPACITY;
    while room(capacity) < slots {
        capacity *= 2;
    }
    capacity
}

/// How often the resolution is halved between two schemas.
fn steps(fine: i8, coarse: i8) -> u32 {
    u32::from((fine - coarse).unsigned_abs())
}
