//! Histograms with exponential buckets, which Prometheus calls native histograms.

mod bucket;
mod budget;
mod capacity;
mod exponential;
#[cfg(test)]
mod exponential_tests;
mod generation;
mod key;
mod native_cells;
mod native_counts;
mod native_layout;
mod native_options;
mod resolution;
mod slots;
mod splits;
#[cfg(test)]
mod tests;

pub(crate) use self::native_cells::NativeCells;
pub(crate) use self::native_counts::NativeCounts;
pub(crate) use self::native_layout::NativeLayout;
pub(crate) use self::native_options::{MAX_SCHEMA, MIN_SCHEMA, NativeOptions};
