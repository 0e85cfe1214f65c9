//! Logs beside their peers: `cargo bench --bench telemetry --features logging`.
//!
//! Each section runs in fresh processes. A cell is the median of the processes, with the least and the most of them in brackets.
//!
//! `-- --processes 20` sets the number of processes, and `-- --only file-hand-over` measures one section: file-hand-over,
//! file-throughput or file-memory.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

mod file_hand_over;
mod file_throughput;
#[path = "../support/mod.rs"]
mod support;
mod table;

use self::support::{Processes, print_processor};

fn main() {
    let processes = Processes::from_args(3);
    if processes.is_parent() {
        print_processor();
        println!("{} processes, median (least to most)", processes.count());
    }
    let sections: [(&str, fn(&mut support::Figures)); 3] = [
        ("file-hand-over", file_hand_over::measure),
        ("file-throughput", file_throughput::measure),
        ("file-memory", file_throughput::measure_memory),
    ];
    for (section, measure) in sections {
        if let Some(figures) = processes.measure(section, measure) {
            table::print(section, &figures);
        }
    }
}
