//! The recorder beside its peers: `cargo bench --bench recorder`.
//!
//! Compares `Prometheus` with the stock exporter of `metrics` (`metrics-exporter-prometheus`) and with `prometheus-client`:
//! recording, registration, rendering and memory. Each section runs in fresh processes, because where memory comes to lie
//! moves the figures. A cell is the median of the processes, with the least and the most of them in brackets. Within a
//! process the libraries take turns.
//!
//! Figures of one thread are CPU time, the least of many rounds. Figures of two threads are wall time, the median of the
//! rounds in which both threads ran all the time.
//!
//! `-- --processes 20` sets the number of processes, and `-- --only recording` measures one section: costs, recording,
//! native, exemplars, exemplar-allocations, uncached, render, names, protobuf, snapshot, bytes, growth or series.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

mod costs;
mod exemplars;
mod memory;
mod native;
mod peers;
mod recording;
mod rendering;
mod series;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod uncached;

use self::support::{Processes, print_processor};
use self::table::{Ratio, print, print_one};

fn main() {
    let processes = Processes::from_args(3);
    if processes.is_parent() {
        print_processor();
        println!("{} processes, median (least to most)", processes.count());
    }
    if let Some(figures) = processes.measure("costs", costs::measure) {
        print_one("costs, ns", &figures);
    }
    if let Some(figures) = processes.measure("recording", recording::measure) {
        print(
            "recording through cached handles, ns",
            &figures,
            Ratio::First,
        );
    }
    if let Some(figures) = processes.measure("native", native::measure) {
        print_one("recording to native histograms, ns", &figures);
    }
    if let Some(figures) = processes.measure("exemplars", exemplars::measure) {
        exemplars::print("recording without and with exemplars, ns", &figures);
    }
    if let Some(figures) =
        processes.measure_once("exemplar-allocations", exemplars::measure_allocations)
    {
        exemplars::print("allocations without and with exemplars", &figures);
    }
    if let Some(figures) = processes.measure("uncached", uncached::measure) {
        print(
            "registration of a known key and one record, ns",
            &figures,
            Ratio::First,
        );
    }
    if let Some(figures) = processes.measure("render", rendering::measure) {
        print("text of 100,000 series, ms and MB", &figures, Ratio::First);
    }
    if let Some(figures) = processes.measure("names", rendering::measure_names) {
        print_one("text of 5,000 series", &figures);
    }
    if let Some(figures) = processes.measure("protobuf", rendering::measure_protobuf) {
        print_one("100,000 histograms with 15 buckets", &figures);
    }
    if let Some(figures) = processes.measure("snapshot", rendering::measure_snapshot) {
        print_one("10,000 counters, ms", &figures);
    }
    if let Some(figures) = processes.measure_once("bytes", memory::measure_bytes) {
        print(
            "allocated bytes per series, of 100,000 that were read",
            &figures,
            Ratio::First,
        );
    }
    if let Some(figures) = processes.measure_once("growth", memory::measure_growth) {
        print(
            "allocated bytes after 10,000,000 records that were not read",
            &figures,
            Ratio::None,
        );
    }
    if let Some(figures) = processes.measure("series", series::measure) {
        print(
            "cost of a series by their number, ns",
            &figures,
            Ratio::First,
        );
        series::print_growth(&figures);
    }
}
