//! The cost of the layer: `cargo bench --bench layer_overhead`.
//!
//! Measures a service alone, behind a layer that does nothing, behind a layer that only wraps the body, behind ours, behind
//! ours with the stock exporter as recorder, and behind axum-prometheus. The floor is the cost of the same records without a
//! layer: two clock reads and prebuilt handles of the stock exporter. All cases take turns in one run, so that a noisy
//! machine disturbs them equally. Figures are nanoseconds per request; every response is read to its end.
//!
//! In a process, a figure is the median of many short rounds: of CPU time with one thread, of wall time with two. Of those of
//! two, only the rounds count in which both threads ran all the time, else contention would not show. Each process
//! computes its own ratios. The tables show the medians of all processes; brackets have the least and the most.
//! `-- --processes 20` sets their number.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

mod case;
mod cases;
mod floor;
mod layers;
mod ratios;
#[path = "../support/mod.rs"]
mod support;

use self::case::Case;
use self::support::{CpuTime, Figures, Processes, median, on_two_threads, print_processor};

/// Requests in one round of one case. Short rounds let cases take turns often.
const ROUND: u32 = 20_000;
const ROUNDS: usize = 41;
/// Shorter than a time slice, because only rounds without a pause count.
const ROUND_OF_TWO: u32 = 2_000;
const ROUNDS_OF_TWO: usize = 21;

fn main() {
    let processes = Processes::from_args(3);
    let Some(figures) = processes.measure("layer", |figures| {
        measure("service_fn", &cases::service_fn(), figures);
        measure("axum", &cases::axum(), figures);
        ratios::push(figures);
    }) else {
        return;
    };
    print_processor();
    println!("{} processes, median (least to most)", processes.count());
    print_table("service_fn", "service_fn", &figures);
    print_table("axum", "axum, 100 routes", &figures);
    ratios::print(&figures);
}

/// Pushes nanoseconds per request, with one thread and with two threads at once.
fn measure(table: &str, cases: &[Case], figures: &mut Figures) {
    let mut one = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for (place, case) in cases.iter().enumerate() {
            one[place].push(CpuTime::of(|| (case.run)(ROUND)) / f64::from(ROUND));
            (case.drain)();
        }
    }
    for (case, one) in cases.iter().zip(one) {
        let run = &case.run;
        let two = on_two_threads(
            ROUNDS_OF_TWO,
            ROUND_OF_TWO,
            &|_, count| run(count),
            &case.drain,
        );
        figures.push(format!("{table}/{}/1", case.name), median(one));
        figures.push(format!("{table}/{}/2", case.name), two);
    }
}

fn print_table(table: &str, title: &str, figures: &Figures) {
    println!(
        "\n{title:<34} {:>10} {:>12} {:>9}",
        "1 thread", "2 threads", "scales"
    );
    for name in figures.names() {
        let case = name
            .strip_prefix(table)
            .and_then(|name| name.strip_prefix('/'));
        let Some(case) = case.and_then(|case| case.strip_suffix("/1")) else {
            continue;
        };
        let one = figures.get(name).median;
        let two = figures.get(&format!("{table}/{case}/2")).median;
        println!("{case:<34} {one:>7.1} ns {two:>9.1} ns {:>8.2}x", one / two);
    }
}
