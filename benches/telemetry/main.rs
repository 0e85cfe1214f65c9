//! Logs, request ids and traces beside their peers: `cargo bench --bench telemetry --all-features`.
//!
//! Each section runs in fresh processes. A cell is the median of the processes, with the least and the most of them in
//! brackets. Within a process the libraries take turns. Figures of one thread are CPU time, the least of many rounds.
//!
//! `-- --processes 20` sets the number of processes, and `-- --only json-line` measures one section: json-line,
//! json-line-allocations, file-hand-over,
//! file-throughput, file-memory.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

mod file_hand_over;
mod file_throughput;
mod json_line;
#[path = "../support/mod.rs"]
mod support;
mod table;

use self::support::{Processes, print_processor};
use self::table::print;

fn main() {
    let processes = Processes::from_args(5);
    if processes.is_parent() {
        print_processor();
        println!("{} processes, median (least to most)", processes.count());
    }
    if let Some(figures) = processes.measure("json-line", json_line::measure) {
        print("JSON line with 6 fields and 2 spans, ns", &figures);
    }
    if let Some(figures) =
        processes.measure_once("json-line-allocations", json_line::measure_allocations)
    {
        print("allocations of 1,000 JSON lines", &figures);
    }
    let sections: [(&str, fn(&mut support::Figures)); 3] = [
        ("file-hand-over", file_hand_over::measure),
        ("file-throughput", file_throughput::measure),
        ("file-memory", file_throughput::measure_memory),
    ];
    for (section, measure) in sections {
        if let Some(figures) = processes.measure(section, measure) {
            print(section, &figures);
        }
    }
}
