//! `src/cells/bounds` without its tests.

#[path = "../../../src/cells/bounds/bounds.rs"]
mod bounds;
#[path = "../../../src/cells/bounds/bucket_table.rs"]
mod bucket_table;

pub(crate) use bounds::{Bounds, seconds};
