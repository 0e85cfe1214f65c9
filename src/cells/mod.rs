//! Values of metrics that threads write without waiting. A thread that writes a series often gets a cell of its own: a load and
//! a store there cost less than an atomic addition to a shared cell. Readers sum the cells.

mod limits;
mod sync;
mod thread_slot;

pub(crate) use limits::MAX_THREADS;
pub(crate) use thread_slot::{claim_thread_slot, thread_slot};
