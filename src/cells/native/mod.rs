//! Histograms with exponential buckets, which Prometheus calls native histograms.

mod budget;
mod capacity;
mod exponential;
mod generation;
mod key;
mod native_cells;
mod native_counts;
mod native_options;
mod slots;
#[cfg(test)]
mod tests;

pub(crate) use self::native_cells::NativeCells;
pub(crate) use self::native_counts::NativeCounts;
pub(crate) use self::native_options::{MAX_SCHEMA, MIN_SCHEMA, NativeOptions};
