//! Values of metrics that threads write without waiting. A thread that writes a series often gets cells of its own: a load and
//! a store there cost less than an atomic addition to a shared cell. Readers sum the cells.

mod bounds;
mod counter_cells;
mod exemplar_gate;
mod exemplar_timer;
#[cfg(test)]
mod exemplar_timer_tests;
mod float_cell;
mod gauge_cell;
mod histogram_cells;
mod limits;
mod line;
mod native;
mod own_cells;
mod request_cells;
mod sync;
#[cfg(test)]
mod tests;
mod thread_slot;

pub(crate) use self::bounds::Bounds;
pub(crate) use self::counter_cells::CounterCells;
pub(crate) use self::exemplar_gate::{ExemplarGate, ExemplarSink, Gate};
pub(crate) use self::exemplar_timer::ExemplarTimer;
pub(crate) use self::float_cell::FloatCell;
pub(crate) use self::gauge_cell::GaugeCell;
pub(crate) use self::histogram_cells::HistogramCells;
pub(crate) use self::limits::MAX_THREADS;
pub(crate) use self::native::{
    MAX_SCHEMA, MIN_SCHEMA, NativeCells, NativeCounts, NativeLayout, NativeOptions,
};
pub(crate) use self::request_cells::{ENDINGS, RequestCells};
pub(crate) use self::thread_slot::{claim_thread_slot, thread_slot};
