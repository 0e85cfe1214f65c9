//! Logs, request ids and traces beside their peers: `cargo bench --bench telemetry --all-features`.
//!
//! Each section runs in fresh processes. A cell is the median of the processes, with the least and the most of them in
//! brackets. Within a process the libraries take turns. Figures of one thread are CPU time, the least of many rounds.
//!
//! `-- --processes 20` sets the number of processes, and `-- --only json-line` measures one section: json-line,
//! json-line-allocations, file-hand-over, file-throughput, file-memory, faults (needs root), request-log or request-log-allocations.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

#[cfg(target_os = "linux")]
#[path = "../../tests/support/disk.rs"]
#[allow(clippy::panic, unreachable_pub, reason = "tests use it as well")]
mod disk;
#[cfg(target_os = "linux")]
mod faults;
mod file_hand_over;
mod file_throughput;
mod json_line;
#[cfg(target_os = "linux")]
mod load;
mod request_log;
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
    if let Some(figures) = processes.measure("file-hand-over", file_hand_over::measure) {
        print("handing a line to the thread of a file", &figures);
    }
    if let Some(figures) = processes.measure("file-throughput", file_throughput::measure) {
        print("a rotated file, none lost", &figures);
    }
    if let Some(figures) = processes.measure("file-memory", file_throughput::measure_memory) {
        print(
            "a minute of 50,000 lines a second that nobody takes",
            &figures,
        );
    }
    #[cfg(target_os = "linux")]
    if let Some(figures) = processes.measure("faults", faults::measure) {
        print(
            "latency of a service while its log files meet faults",
            &figures,
        );
    }
    if let Some(figures) = processes.measure("request-log", request_log::measure) {
        print("a request with id, log line and metrics, ns", &figures);
    }
    if let Some(figures) =
        processes.measure_once("request-log-allocations", request_log::measure_allocations)
    {
        print("allocations of a request", &figures);
    }
}
