//! The cost of the metrics history: `cargo bench --bench history`.
//!
//! 10,000 counters and 10,000 histograms of ten buckets, over the 180 ticks of the default window. All of them, or one
//! in a hundred, change in each tick. A tick takes a snapshot and stores it. Times are medians in milliseconds. Memory
//! is shown as the history reports it and as the growth of the process.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use metrics::{Counter, Histogram, Key, Label, Level, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::exporter::{HistoryConfig, HistoryQuery, MetricsHistory};

const SERIES: usize = 10_000;
const TICKS: usize = 180;
const BOUNDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

struct Recorded {
    prometheus: Prometheus,
    counters: Vec<Counter>,
    histograms: Vec<Histogram>,
}

fn recorded(config: HistoryConfig) -> Recorded {
    let prometheus = Prometheus::builder()
        .max_series(SERIES + 1)
        .buckets("wait_seconds", &BOUNDS)
        .history(config.max_series(2 * SERIES))
        .build()
        .unwrap();
    let metadata = Metadata::new("bench", Level::INFO, None);
    let key = |name: &'static str, n: usize| {
        let labels = vec![
            Label::new("method", "GET"),
            Label::new("endpoint", format!("/users/{n}/orders")),
        ];
        Key::from_parts(name, labels)
    };
    let counters = (0..SERIES)
        .map(|n| prometheus.register_counter(&key("requests_total", n), &metadata))
        .collect();
    let histograms = (0..SERIES)
        .map(|n| prometheus.register_histogram(&key("wait_seconds", n), &metadata))
        .collect();
    Recorded {
        prometheus,
        counters,
        histograms,
    }
}

impl Recorded {
    /// Records the requests of one tick: a series that changes gets some, in two of its buckets.
    fn change(&self, tick: usize, one_in: usize) {
        for n in (0..SERIES).filter(|n| (n + tick).is_multiple_of(one_in)) {
            self.counters[n].increment(1 + (n % 7) as u64);
            self.histograms[n].record_many(0.001 * (1 + n % 300) as f64, 3);
            self.histograms[n].record(0.0317 * (1 + (n + tick) % 90) as f64);
        }
    }
}

/// The process' resident memory in bytes; zero without procfs.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1);
    pages
        .and_then(|pages| pages.parse::<usize>().ok())
        .unwrap_or(0)
        * 4096
}

fn milliseconds(run: impl FnOnce()) -> f64 {
    let started = Instant::now();
    run();
    started.elapsed().as_secs_f64() * 1e3
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn query(history: &MetricsHistory, query: &HistoryQuery) -> f64 {
    let runs = (0..5).map(|_| {
        milliseconds(|| {
            black_box(history.query(query).unwrap());
        })
    });
    median(runs.collect())
}

fn main() {
    println!(
        "{:<10}{:>10}{:>8}{:>8}{:>12}{:>12}{:>12}{:>12}{:>12}",
        "changing",
        "snapshot",
        "store",
        "ticks",
        "MiB stored",
        "MiB of RSS",
        "rates",
        "sum of them",
        "p95 of sum"
    );
    // The smaller run first, because a later run reuses the memory freed by an earlier one.
    for one_in in [100, 1] {
        // The interval is so long that only this thread takes ticks.
        let interval = Duration::from_hours(1);
        let config = HistoryConfig::new()
            .interval(interval)
            .window(interval * u32::try_from(TICKS).unwrap());
        let recorded = recorded(config);
        let history = recorded.prometheus.history().unwrap();
        let mib = |bytes: usize| bytes as f64 / 1_048_576.0;
        recorded.change(0, 1);
        history.clear();
        let before = resident();
        let (mut snapshots, mut ticks) = (Vec::new(), Vec::new());
        for tick in 1..TICKS {
            recorded.change(tick, one_in);
            // Drains the samples first, as upkeep does, so that the tick's time does not include it.
            black_box(recorded.prometheus.render());
            snapshots.push(milliseconds(|| {
                black_box(recorded.prometheus.snapshot());
            }));
            ticks.push(milliseconds(|| history.tick()));
        }
        let grown = resident().saturating_sub(before);
        let stats = history.stats();
        let (snapshot, tick) = (median(snapshots), median(ticks));
        println!(
            "{:<10}{snapshot:>10.2}{:>8.2}{:>8}{:>12.2}{:>12.2}{:>12.2}{:>12.2}{:>12.2}",
            format!("1 in {one_in}"),
            tick - snapshot,
            stats.ticks,
            mib(stats.bytes),
            mib(grown),
            query(history, &HistoryQuery::rate("requests_total")),
            query(history, &HistoryQuery::rate("requests_total").sum()),
            query(history, &HistoryQuery::quantile("wait_seconds", 0.95).sum()),
        );
    }
}
