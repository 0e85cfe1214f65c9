//! How many slots a generation has for keys.

use super::native_options::NativeOptions;
use super::slots::capacity_for;

/// Most series have samples in few buckets.
pub(super) const FIRST_CAPACITY: usize = 32;
const SECOND_CAPACITY: usize = 128;
const THIRD_CAPACITY: usize = 512;

/// The buckets at the coarsest schema: 132 for each sign, from 2^-1074 to 2^1024.
const COARSEST_BUCKETS: usize = 264;

/// The capacity that suffices at every schema.
pub(super) fn full_capacity(options: &NativeOptions) -> usize {
    let buckets = options.max_buckets.max(COARSEST_BUCKETS);
    capacity_for(buckets).max(FIRST_CAPACITY)
}

/// The next larger one.
pub(super) fn grown(capacity: usize, full: usize) -> usize {
    let next = match capacity {
        ..SECOND_CAPACITY => SECOND_CAPACITY,
        ..THIRD_CAPACITY => THIRD_CAPACITY,
        _ => full,
    };
    next.min(full)
}

/// How often one may grow from the first to the full one.
pub(super) const MAX_GROWTHS: usize = 3;
