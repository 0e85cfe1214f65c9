//! [`NativeCells`].

use std::sync::Arc;

use super::super::bounds::Bounds;
use super::super::sync::{
    AtomicUsize, OnceLock,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use super::capacity::Capacity;
use super::generation::{Full, Generation};
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
    /// Samples up to this are in the zero bucket, or are no normal numbers.
    normal: f64,
    /// Of a generation.
    full: Capacity,
    /// The generation that threads write.
    current: AtomicUsize,
    /// Those up to the current one exist.
    generations: Box<[OnceLock<Box<Generation>>]>,
}

impl NativeCells {
    pub(crate) fn new(options: NativeOptions, bounds: Arc<Bounds>) -> Self {
        let halvings = usize::from((options.schema - MIN_SCHEMA).unsigned_abs());
        let full = Capacity::full(&options, &bounds);
        let generations = 1 + halvings + Capacity::growths(full);
        let cells = Self {
            options,
            bounds,
            normal: options.zero_threshold.max(f64::MIN_POSITIVE),
            full,
            current: AtomicUsize::new(0),
            generations: (0..generations).map(|_| OnceLock::new()).collect(),
        };
        let first = cells.generation(options.schema, Capacity::FIRST);
        cells.generations[0].get_or_init(|| Box::new(first));
        cells
    }

    fn generation(&self, schema: i8, capacity: Capacity) -> Generation {
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
            && value.abs() > self.normal
        {
            let key = Key::undivided_of_normal(value, generation.steps);
            let slot = generation
                .first_undivided(key)
                .or_else(|| generation.first_divided(key.with_classic(self.bounds.index(value))));
            if let Some(slot) = slot {
                return generation.add(slot, sum, count);
            }
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
        let next = Box::new(self.successor(last, full));
        // It is complete, so another thread waits for the move of a pointer at most.
        cell.get_or_init(|| next);
        // Fails if another thread was first.
        let _ = self
            .current
            .compare_exchange(current, current + 1, AcqRel, Relaxed);
    }

    /// The successor of `last`: with more room or half the resolution, and more of both until all keys have room. It gets them
    /// all, because it must know how many buckets there are.
    fn successor(&self, last: &Generation, mut full: Full) -> Generation {
        let (mut schema, mut capacity) = (last.schema, last.capacity());
        loop {
            match full {
                Full::Slots if capacity != self.full => capacity = capacity.grown(self.full),
                Full::Slots | Full::Buckets => schema = (schema - 1).max(MIN_SCHEMA),
            }
            let next = self.generation(schema, capacity);
            match self.copy_keys(last, &next) {
                // At the coarsest schema, all keys have room in the full capacity.
                Err(still_full) if schema > MIN_SCHEMA || capacity != self.full => {
                    full = still_full;
                }
                _ => return next,
            }
        }
    }

    fn copy_keys(&self, last: &Generation, next: &Generation) -> Result<(), Full> {
        for (_, key) in last.keys() {
            next.slot(key.coarser(last.schema, next.schema, &self.bounds))?;
        }
        Ok(())
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

/// How often the resolution is halved between two schemas.
fn steps(fine: i8, coarse: i8) -> u32 {
    u32::from((fine - coarse).unsigned_abs())
}
