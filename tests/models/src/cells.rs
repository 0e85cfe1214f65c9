//! The sources of `src/cells` with loom's primitives and small limits.

#![allow(dead_code)]

#[path = "bounds.rs"]
mod bounds;
#[path = "../../../src/cells/counter_cells.rs"]
mod counter_cells;
#[path = "../../../src/cells/exemplar_gate.rs"]
mod exemplar_gate;
#[path = "../../../src/cells/exemplar_timer.rs"]
mod exemplar_timer;
#[path = "../../../src/cells/float_cell.rs"]
mod float_cell;
#[path = "../../../src/cells/histogram_cells.rs"]
mod histogram_cells;
#[path = "limits.rs"]
pub mod limits;
#[path = "../../../src/cells/line.rs"]
mod line;
#[path = "native_cells.rs"]
mod native;
#[path = "../../../src/cells/own_cells.rs"]
pub mod own_cells;
#[path = "../../../src/cells/request_cells.rs"]
mod request_cells;
#[path = "sync.rs"]
pub mod sync;
#[path = "../../../src/cells/thread_slot.rs"]
pub mod thread_slot;

pub(crate) use bounds::Bounds;
pub(crate) use counter_cells::CounterCells;
pub(crate) use exemplar_gate::{ExemplarGate, ExemplarSink, Gate};
pub(crate) use exemplar_timer::{EXEMPLAR_INTERVAL, ExemplarTimer};
pub(crate) use histogram_cells::HistogramCells;
pub(crate) use native::{NativeCells, NativeCounts, NativeLayout, NativeOptions};
pub(crate) use request_cells::RequestCells;
pub(crate) use thread_slot::thread_slot;
