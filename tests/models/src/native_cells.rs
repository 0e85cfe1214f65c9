//! `src/cells/native` without its tests.

#[path = "../../../src/cells/native/bucket.rs"]
mod bucket;
#[path = "../../../src/cells/native/budget.rs"]
mod budget;
#[path = "../../../src/cells/native/capacity.rs"]
mod capacity;
#[path = "../../../src/cells/native/exponential.rs"]
mod exponential;
#[path = "../../../src/cells/native/generation.rs"]
mod generation;
#[path = "../../../src/cells/native/key.rs"]
mod key;
#[path = "../../../src/cells/native/native_cells.rs"]
mod native_cells;
#[path = "../../../src/cells/native/native_counts.rs"]
mod native_counts;
#[path = "../../../src/cells/native/native_layout.rs"]
mod native_layout;
#[path = "../../../src/cells/native/native_options.rs"]
mod native_options;
#[path = "../../../src/cells/native/resolution.rs"]
mod resolution;
#[path = "../../../src/cells/native/slots.rs"]
mod slots;
#[path = "../../../src/cells/native/splits.rs"]
mod splits;

pub(crate) use native_cells::NativeCells;
pub(crate) use native_counts::NativeCounts;
pub(crate) use native_layout::NativeLayout;
pub(crate) use native_options::NativeOptions;
