//! What reading costs: `cargo bench --bench scrape`.
//!
//! Text as the exporter renders it, and what is made of it here: the typed snapshot, and JSON by its route. Counters, and
//! histograms of ten buckets, by the number of series; medians, in milliseconds, on one thread.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

use std::hint::black_box;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use metrics::{Key, Label, Level, Metadata, Recorder};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use tower_vitals::{Prometheus, Routes};

const BOUNDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

fn recorder(is_histogram: bool, series: usize) -> Prometheus {
    let prometheus = Prometheus::builder()
        .max_series(series + 1)
        .buckets("wait_seconds", &BOUNDS)
        .build()
        .unwrap();
    let metadata = Metadata::new("bench", Level::INFO, None);
    for n in 0..series {
        let labels = vec![
            Label::new("method", "GET"),
            Label::new("endpoint", format!("/users/{n}/orders")),
        ];
        if is_histogram {
            let key = Key::from_parts("wait_seconds", labels);
            let wait = prometheus.register_histogram(&key, &metadata);
            wait.record_many(0.02, 3);
        } else {
            let key = Key::from_parts("requests_total", labels);
            prometheus.register_counter(&key, &metadata).increment(1);
        }
    }
    prometheus
}

async fn get(router: &Router, path: &str) -> usize {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    response
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .len()
}

/// The median of several runs, in milliseconds.
fn measure(runtime: &Runtime, runs: usize, run: impl AsyncFn()) -> f64 {
    let mut times: Vec<_> = (0..runs)
        .map(|_| {
            let began = Instant::now();
            runtime.block_on(run());
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[runs / 2]
}

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    println!(
        "{:<12}{:>8}{:>12}{:>12}{:>12}{:>12}{:>12}",
        "ms", "series", "render", "/metrics", "snapshot", "JSON", "MiB of text"
    );
    for is_histogram in [false, true] {
        for series in [1_000, 10_000, 100_000] {
            let prometheus = recorder(is_histogram, series);
            let router = Router::from(Routes::new().metrics(prometheus.clone())).with_state(());
            let runs = if series > 10_000 { 5 } else { 15 };
            let render = measure(&runtime, runs, async || {
                black_box(prometheus.render());
            });
            let text = measure(&runtime, runs, async || {
                black_box(get(&router, "/metrics").await);
            });
            let snapshot = measure(&runtime, runs, async || {
                black_box(prometheus.snapshot());
            });
            let json = measure(&runtime, runs, async || {
                black_box(get(&router, "/metrics/json").await);
            });
            let kind = if is_histogram {
                "histograms"
            } else {
                "counters"
            };
            let size = prometheus.render().len() as f64 / 1_048_576.0;
            println!(
                "{kind:<12}{series:>8}{render:>12.2}{text:>12.2}{snapshot:>12.2}{json:>12.2}{size:>12.1}"
            );
        }
    }
}
