//! The cost of `observe`: `cargo bench --bench instruments`.
//!
//! Measures `observe` around a ready future, the future alone, and a floor: two clock reads and the same records through
//! prebuilt handles of the stock exporter. Prints medians of many short, alternating rounds on one thread, in nanoseconds.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

use std::future::ready;
use std::hint::black_box;
use std::time::Instant;

use futures_util::FutureExt;
use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use tower_vitals::Prometheus;
use tower_vitals::catalog::DURATION_BUCKETS;
use tower_vitals::instrument::{Events, Query, ServiceCalls, Storage};

const ROUND: u32 = 20_000;
const ROUNDS: usize = 61;

struct Case {
    name: &'static str,
    once: Box<dyn Fn()>,
    drain: Box<dyn Fn()>,
}

fn case(name: &'static str, drain: impl Fn() + 'static, once: impl Fn() + 'static) -> Case {
    Case {
        name,
        once: Box::new(once),
        drain: Box::new(drain),
    }
}

fn floor() -> Case {
    let recorder = PrometheusBuilder::new()
        .set_buckets(DURATION_BUCKETS)
        .unwrap()
        .build_recorder();
    let handle = recorder.handle();
    let metadata = Metadata::new("floor", Level::INFO, None);
    let key = |name: &'static str| Key::from_parts(name, vec![Label::new("service_name", "s")]);
    let calls = recorder.register_counter(&key("calls_total"), &metadata);
    let duration = recorder.register_histogram(&key("duration_seconds"), &metadata);
    let clock = quanta::Clock::new();
    case(
        "floor",
        move || handle.run_upkeep(),
        move || {
            let started = clock.raw();
            black_box(());
            calls.increment(1);
            duration.record(clock.delta_as_nanos(started, clock.raw()) as f64 / 1e9);
        },
    )
}

fn cases() -> Vec<Case> {
    let prometheus = Prometheus::builder().build().unwrap();
    let drain = || {
        let prometheus = prometheus.clone();
        move || drop(prometheus.render())
    };
    let calls = ServiceCalls::new("s").recorder(prometheus.clone());
    let query = Query::new("select").recorder(prometheus.clone());
    let storage = Storage::new("get", "sessions").recorder(prometheus.clone());
    let events = Events::new("e").recorder(prometheus.clone());
    let work = || ready(black_box(Ok::<u64, u64>(1)));
    vec![
        case(
            "the future alone",
            || {},
            move || {
                let _ = black_box(work().now_or_never());
            },
        ),
        floor(),
        case("ServiceCalls::observe", drain(), move || {
            let _ = black_box(calls.observe(work()).now_or_never());
        }),
        case("Query::observe", drain(), move || {
            let _ = black_box(query.observe(work()).now_or_never());
        }),
        case("Storage::observe", drain(), move || {
            let _ = black_box(storage.observe(work()).now_or_never());
        }),
        case("Events::record", drain(), move || events.record()),
    ]
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let cases = cases();
    let mut rounds = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for (case, rounds) in cases.iter().zip(&mut rounds) {
            let started = Instant::now();
            for _ in 0..ROUND {
                (case.once)();
            }
            rounds.push(started.elapsed().as_nanos() as f64 / f64::from(ROUND));
            (case.drain)();
        }
    }
    let measured: Vec<_> = rounds.into_iter().map(median).collect();
    let (alone, floor) = (measured[0], measured[1]);
    for (case, nanos) in cases.iter().zip(&measured) {
        println!("{:<24}{nanos:>8.1} ns", case.name);
    }
    println!(
        "\nServiceCalls::observe less the future alone (wanted <= 1.5): {:.2} x floor",
        (measured[2] - alone) / floor
    );
}
