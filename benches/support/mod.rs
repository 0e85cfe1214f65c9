//! What several benchmarks share: the processor's name, CPU time, and figures from several processes.
#![allow(
    dead_code,
    unused_imports,
    reason = "each benchmark uses a part of these"
)]

mod cpu_time;
mod figures;
mod processes;
mod processor;
mod statistics;
mod two_threads;

pub(crate) use self::cpu_time::CpuTime;
pub(crate) use self::figures::{Figures, Spread};
pub(crate) use self::processes::Processes;
pub(crate) use self::processor::print_processor;
pub(crate) use self::statistics::{least, median};
pub(crate) use self::two_threads::on_two_threads;
