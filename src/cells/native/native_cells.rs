//! [`NativeCells`].

use std::sync::Arc;

use super::super::sync::{
    AtomicUsize, OnceLock,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use super::bucket::{Bucket, steps};
use super::capacity::{FIRST_CAPACITY, MAX_GROWTHS, full_capacity, grown};
use super::generation::{Full, Generation};
use super::native_counts::NativeCounts;
use super::native_layout::NativeLayout;
use super::native_options::{MAX_SCHEMA, MIN_SCHEMA};

/// A histogram with exponential buckets, and with classic ones that are counted exactly, too.
///
/// It has the buckets that its samples need. If they are more than allowed, each two become one. Its counts are the sum of its
/// generations, and its total is the sum of its buckets, so no reader sees a difference.
pub(crate) struct NativeCells {
    layout: Arc<NativeLayout>,
    /// The generation that threads write.
    current: AtomicUsize,
    /// Those up to the current one exist. They are not boxed together, because each record reads one.
    generations: [OnceLock<Box<Generation>>; GENERATIONS],
}

/// The first one, one for each halving of the resolution and one for each growth. A power of two, so that a remainder is cheap.
const GENERATIONS: usize = 16;

const _: () = assert!(GENERATIONS > (MAX_SCHEMA - MIN_SCHEMA) as usize + MAX_GROWTHS);

impl NativeCells {
    pub(crate) fn new(layout: Arc<NativeLayout>) -> Self {
        let schema = layout.options.schema;
        let cells = Self {
            layout,
            current: AtomicUsize::new(0),
            generations: std::array::from_fn(|_| OnceLock::new()),
        };
        let first = cells.generation(schema, FIRST_CAPACITY);
        cells.generations[0].get_or_init(|| Box::new(first));
        cells
    }

    fn generation(&self, schema: i8, capacity: usize) -> Generation {
        let max_buckets = if schema == MIN_SCHEMA {
            usize::MAX
        } else {
            self.layout.options.max_buckets
        };
        let bounds = self.layout.bounds.values().len();
        Generation::new(
            self.layout.resolution(schema),
            bounds,
            capacity,
            max_buckets,
        )
    }

    // Acquire: pairs with the release in `advance`, so that the generation is there.
    #[inline]
    fn current(&self) -> Option<&Generation> {
        let current = self.current.load(Acquire) % GENERATIONS;
        self.generations[current]
            .get()
            .map(|generation| &**generation)
    }

    /// Records a sample, if it is one of those that are recorded fast: only finite ones are. A record that is complete ends with
    /// a tail call, so it needs no stack frame.
    #[inline(always)]
    pub(crate) fn record_fast(&self, value: f64) -> bool {
        let Some(generation) = self.current() else {
            return false;
        };
        let Some(slot) = generation.fast_slot(value) else {
            return false;
        };
        generation.add(slot, value, 1);
        true
    }

    /// Records a finite sample.
    #[cfg(test)]
    pub(crate) fn record(&self, value: f64) {
        if !self.record_fast(value) {
            self.record_many(value, 1);
        }
    }

    /// Records the same finite sample `count` times.
    #[inline(never)]
    pub(crate) fn record_many(&self, value: f64, count: u64) {
        let classic = self.layout.bounds.index(value);
        while let Some(generation) = self.current() {
            match generation.slot(value, classic) {
                Ok(slot) => return generation.add(slot, value * count as f64, count),
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
        let full_capacity = full_capacity(&self.layout.options);
        let (mut schema, mut capacity) = (last.resolution.schema, last.capacity());
        loop {
            match full {
                Full::Slots if capacity < full_capacity => {
                    capacity = grown(capacity, full_capacity)
                }
                Full::Slots | Full::Buckets => schema = (schema - 1).max(MIN_SCHEMA),
            }
            let next = self.generation(schema, capacity);
            match copy_keys(last, &next) {
                // At the coarsest schema, all keys have room in the full capacity.
                Err(still_full) if schema > MIN_SCHEMA || capacity < full_capacity => {
                    full = still_full;
                }
                _ => return next,
            }
        }
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
            let schema = generation.resolution.schema;
            let mut buckets = Vec::new();
            let sum = self.read(current, counts, |from, bucket, count| {
                buckets.push((bucket.coarser(steps(from, schema)), count));
            });
            native.set(schema, buckets);
            // Threads that wrote to a generation while the next one was made may have needed more buckets than that knows.
            let is_fine = native.buckets() <= self.layout.options.max_buckets;
            if is_fine || schema == MIN_SCHEMA {
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
        mut read: impl FnMut(i8, Bucket, u64),
    ) -> f64 {
        counts.clear();
        counts.resize(self.layout.bounds.buckets(), 0);
        let generations = self.generations.iter().take(current + 1);
        let sums = generations.filter_map(OnceLock::get).map(|generation| {
            generation.read(|bucket, classic, count| {
                if let Some(classic) = counts.get_mut(classic) {
                    *classic = classic.wrapping_add(count);
                }
                read(generation.resolution.schema, bucket, count);
            })
        });
        sums.sum()
    }

    /// Without the layout, which the family's histograms share.
    #[cfg(test)]
    pub(crate) fn heap_bytes(&self) -> usize {
        let generations = self.generations.iter().filter_map(OnceLock::get);
        let generations = generations.map(|one| size_of::<Generation>() + one.heap_bytes());
        generations.sum()
    }
}

fn copy_keys(last: &Generation, next: &Generation) -> Result<(), Full> {
    let steps = steps(last.resolution.schema, next.resolution.schema);
    for (_, bucket) in last.buckets() {
        next.first_slot(bucket.coarser(steps))?;
    }
    Ok(())
}
