//! The cost of a scrape: `cargo bench --bench scrape`.
//!
//! Compares the exporter's text with the readers built on it: `/metrics` as text and as `OpenMetrics`, the typed snapshot,
//! and `/metrics/json`. `prometheus-client` encodes the same names, labels, values and bounds as text for
//! comparison. The rows are counters, and histograms of ten buckets, by number of series. Times are medians in
//! milliseconds on one thread; the cases take turns.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

mod support;

use std::hint::black_box;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use http::Request;
use http::header::ACCEPT;
use http_body_util::BodyExt;
use metrics::{Key, Label, Level, Metadata, Recorder};
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use tower_vitals::{Prometheus, Routes};

use self::support::print_processor;

const BOUNDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
const WAIT: f64 = 0.02;
const WAITS: usize = 3;

#[derive(Clone, Copy)]
enum Kind {
    Counters,
    Histograms,
}

fn labels(n: usize) -> [(&'static str, String); 2] {
    [
        ("method", "GET".to_owned()),
        ("endpoint", format!("/users/{n}/orders")),
    ]
}

fn recorder(kind: Kind, series: usize) -> Prometheus {
    let prometheus = Prometheus::builder()
        .max_series(series + 1)
        .buckets("wait_seconds", &BOUNDS)
        .build()
        .unwrap();
    let metadata = Metadata::new("bench", Level::INFO, None);
    for n in 0..series {
        let labels: Vec<_> = labels(n)
            .map(|(name, value)| Label::new(name, value))
            .into();
        match kind {
            Kind::Counters => {
                let key = Key::from_parts("requests_total", labels);
                prometheus.register_counter(&key, &metadata).increment(1);
            }
            Kind::Histograms => {
                let key = Key::from_parts("wait_seconds", labels);
                let wait = prometheus.register_histogram(&key, &metadata);
                wait.record_many(WAIT, WAITS);
            }
        }
    }
    prometheus
}

type Labels = Vec<(String, String)>;

/// The same metrics in `prometheus-client`, which appends `_total` to the names of counters.
fn registry(kind: Kind, series: usize) -> Registry {
    let mut registry = Registry::default();
    let labels = |n| -> Labels {
        labels(n)
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    };
    match kind {
        Kind::Counters => {
            let requests = Family::<Labels, Counter>::default();
            registry.register("requests", "Requests", requests.clone());
            for n in 0..series {
                requests.get_or_create(&labels(n)).inc();
            }
        }
        Kind::Histograms => {
            let constructor: fn() -> Histogram = || Histogram::new(BOUNDS);
            let wait = Family::<Labels, Histogram, _>::new_with_constructor(constructor);
            registry.register("wait_seconds", "Wait", wait.clone());
            for n in 0..series {
                let wait = wait.get_or_create_owned(&labels(n));
                (0..WAITS).for_each(|_| wait.observe(WAIT));
            }
        }
    }
    registry
}

fn encoded(registry: &Registry) -> String {
    let mut text = String::new();
    encode(&mut text, registry).unwrap();
    text
}

/// Reads a whole response on this thread. The routes render on other threads.
fn get(runtime: &Runtime, router: &Router, path: &str, accept: &str) {
    runtime.block_on(async {
        let request = Request::get(path).header(ACCEPT, accept);
        let request = request.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert!(response.status().is_success());
        black_box(response.into_body().collect().await.unwrap().to_bytes());
    });
}

/// Returns the median of each case in milliseconds, after a warm-up round.
fn measure<const CASES: usize>(rounds: usize, cases: [&dyn Fn(); CASES]) -> [f64; CASES] {
    let mut times = [(); CASES].map(|()| Vec::with_capacity(rounds));
    for round in 0..=rounds {
        for (case, times) in cases.iter().zip(&mut times) {
            let started = Instant::now();
            case();
            if round > 0 {
                times.push(started.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[rounds / 2]
    })
}

/// Both must hold the same samples to be comparable.
fn assert_equal_samples(ours: &str, theirs: &str) {
    let samples = |text: &str| text.lines().filter(|line| line.contains('{')).count();
    assert_eq!(samples(ours), samples(theirs));
}

fn row(runtime: &Runtime, name: &str, kind: Kind, series: usize) {
    let prometheus = recorder(kind, series);
    let registry = registry(kind, series);
    let router = Router::from(Routes::new().metrics(prometheus.clone())).with_state(());
    let text = prometheus.render();
    assert_equal_samples(&text, &encoded(&registry));
    let size = text.len() as f64 / 1_048_576.0;
    drop(text);

    let rounds = if series > 10_000 { 5 } else { 15 };
    let get = |path, accept| get(runtime, &router, path, accept);
    let [render, metrics, open, snapshot, json, theirs] = measure(
        rounds,
        [
            &|| drop(black_box(prometheus.render())),
            &|| get("/metrics", "text/plain"),
            &|| get("/metrics", "application/openmetrics-text;version=1.0.0"),
            &|| drop(black_box(prometheus.snapshot())),
            &|| get("/metrics/json", "application/json"),
            &|| drop(black_box(encoded(&registry))),
        ],
    );
    let (ratio, client) = (metrics / render, render / theirs);
    println!(
        "{name:<10}{series:>8}{render:>9.2}{metrics:>10.2}{open:>13.2}{snapshot:>10.2}{json:>9.2}{theirs:>19.2}\
         {ratio:>19.2}{client:>17.2}{size:>9.1}"
    );
}

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    print_processor();
    println!(
        "{:<10}{:>8}{:>9}{:>10}{:>13}{:>10}{:>9}{:>19}{:>19}{:>17}{:>9}",
        "ms",
        "series",
        "render",
        "/metrics",
        "OpenMetrics",
        "snapshot",
        "JSON",
        "prometheus-client",
        "/metrics ÷ render",
        "render ÷ client",
        "MiB"
    );
    for (name, kind) in [
        ("counters", Kind::Counters),
        ("histograms", Kind::Histograms),
    ] {
        for series in [1_000, 10_000, 100_000] {
            row(&runtime, name, kind, series);
        }
    }
}
